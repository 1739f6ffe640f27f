// A task is made of what calling an asynchronous function gives, not of the function.
// says: no matching function
// says: create_task
#include "cochain/core.hpp"

cochain::Coro<> work();
void f() { cochain::create_task(work); }
