// A Coro is awaited once, so a held one is given away.
// says: co_await std::move(coro)
// says: Coro<
#include "cochain/core.hpp"

cochain::Coro<> f(cochain::Coro<> held) { co_await held; }
