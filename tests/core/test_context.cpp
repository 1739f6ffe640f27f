// Context variables: what a task sets is seen by itself, by what it awaits and what it starts.
#include "core_test.hpp"

namespace cochain::testing {
namespace {

ContextVar<std::string> request("request", "none");
ContextVar<int> without_default("without_default");

Coro<std::string> read_request() {
  std::string value = request.get();
  co_return value;
}
Coro<> set_request(std::string value) {
  request.set(std::move(value));
  co_return;
}

ASYNC_TEST(Context, TaskSeesWhatWasSetWhereItWasCreated) {
  request.set("r1");
  const Task<std::string> task = create_task(read_request());
  request.set("r2");
  const std::string seen = co_await task;
  EXPECT_EQ(seen, "r1");
}

ASYNC_TEST(Context, WhatATaskSetsDoesNotLeakToItsCreator) {
  request.set("mine");
  const Task<> task = create_task(set_request("its"));
  co_await task;
  EXPECT_EQ(request.get(), "mine");
}

ASYNC_TEST(Context, WhatAnAwaitedCoroSetsIsSeenByItsCaller) {
  co_await set_request("from below");
  EXPECT_EQ(request.get(), "from below");
}

ASYNC_TEST(Context, SurvivesSuspensionWhileOthersSetTheSameVariable) {
  request.set("mine");
  const Task<> other = create_task(set_request("other"));
  co_await sleep(1s);
  EXPECT_EQ(request.get(), "mine");
  co_await other;
}

ASYNC_TEST(Context, CallbackRunsInTheContextOfTheCall) {
  std::string seen;
  request.set("at the call");
  EventLoop::current().call_soon([&] { seen = request.get(); });
  request.set("later");
  co_await sleep(0s);
  EXPECT_EQ(seen, "at the call");
}

ASYNC_TEST(Context, TimerCallbackRunsInTheContextOfTheCall) {
  std::string seen;
  request.set("at the call");
  EventLoop::current().call_later(1s, [&] { seen = request.get(); });
  request.set("later");
  co_await sleep(2s);
  EXPECT_EQ(seen, "at the call");
}

TEST(Context, NothingOfATaskStaysOnTheThread) {
  run(set_request("inside"));
  EXPECT_EQ(request.get(), "none");
}

TEST(Context, VariableWithoutValueNamesItself) {
  const std::exception_ptr error = error_of_call([] { (void)without_default.get(); });
  EXPECT_TRUE(is<InvalidStateError>(error));
  EXPECT_EQ(describe(error), "context variable 'without_default' has no value here");
  EXPECT_EQ(without_default.get(9), 9);
}

TEST(Context, CopyIsASnapshot) {
  Context context = copy_context();
  context.run([] { request.set("in the copy"); });
  EXPECT_EQ(request.get(), "none");
  EXPECT_EQ(context.run([] { return request.get(); }), "in the copy");
}

TEST(Context, RunRestoresTheOldOneWhenItThrows) {
  Context context;
  EXPECT_THROW(context.run([] { throw TimeoutError(); }), TimeoutError);
  EXPECT_EQ(request.get(), "none");
}

ASYNC_TEST(Context, ManyVariablesKeepTheirOwnValues) {
  std::vector<std::unique_ptr<ContextVar<int>>> variables;
  for (int i = 0; i < 50; ++i) variables.push_back(std::make_unique<ContextVar<int>>("v", -1));
  for (int i = 0; i < 50; i += 2) variables[static_cast<std::size_t>(i)]->set(i);
  co_await sleep(0s);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(variables[static_cast<std::size_t>(i)]->get(), i % 2 == 0 ? i : -1);
  }
}

}  // namespace
}  // namespace cochain::testing
