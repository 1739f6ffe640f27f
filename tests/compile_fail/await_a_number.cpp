// Only what suspends can be awaited.
// says: co_await needs a Coro, a Task, or an operation of cochain
#include "cochain/core.hpp"

cochain::Coro<> f() { co_await 42; }
