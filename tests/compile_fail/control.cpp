// What the others do, done right: this must compile.
#include "cochain/chains.hpp"
#include "cochain/core.hpp"

using namespace cochain;

Coro<int> work();

Coro<int> f() {
  Coro<int> held = work();
  const Task<int> task = create_task(work());
  const int sum = co_await std::move(held);
  co_return sum + co_await task;
}

auto g() { return PromptTemplate("{text}") | std::shared_ptr<ChatModel>() | StrOutputParser(); }
