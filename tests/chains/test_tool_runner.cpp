// The calls of one message: which run, who is asked, and in what order what is told.
#include "cochain/chains/tools/tool_runner.hpp"

#include "tool_test.hpp"

namespace cochain::testing {
namespace {

using namespace toolbox;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

/// g++ 12 builds no braced list of numbers or enums where something is awaited.
template <class T, class... Items>
std::vector<T> listed(Items... items) {
  std::vector<T> list;
  (list.push_back(items), ...);
  return list;
}

template <class... Tools>
ToolRunner runner_of(Tools... tools) {
  std::vector<ToolPtr> list;
  (list.push_back(std::move(tools)), ...);
  return ToolRunner(std::move(list));
}
template <class... Tools>
ToolRunner asking(ApprovalPolicy approval, Tools... tools) {
  std::vector<ToolPtr> list;
  (list.push_back(std::move(tools)), ...);
  return ToolRunner(std::move(list), ToolRunnerOptions().approval(std::move(approval)));
}

/// A tool that counts its runs.
class Counted {
 public:
  explicit Counted(ToolEffect effect, std::string name = "act")
      : tool(make_tool<Pair>(
            std::move(name), "Acts.",
            [runs = runs](Pair pair) {
              ++*runs;
              return pair.a;
            },
            ToolOptions().effect(effect))) {}
  std::shared_ptr<int> runs = std::make_shared<int>(0);
  ToolPtr tool;
};

ToolCall act(std::string arguments = R"({"a":1,"b":2})") {
  return ToolCall("c1", "act", std::move(arguments));
}
ToolCall wait_call(std::string id, int ms, std::string say) {
  return ToolCall(std::move(id), "wait", json_text(json_object("ms", ms, "say", std::move(say))));
}

TEST(ToolRunner, RefusesTwoToolsOfOneNameAndNone) {
  EXPECT_TRUE(is<InvalidStateError>(error_of_call([] { runner_of(add_tool(), add_tool()); })));
  EXPECT_TRUE(is<InvalidStateError>(error_of_call([] { runner_of(nullptr); })));
}

ASYNC_TEST(ToolRunner, GivesResultsInTheOrderOfTheCalls) {
  const ToolRunner runner = runner_of(wait_tool(), add_tool());
  const TimePoint start = EventLoop::current().time();
  const ToolTurn turn =
      co_await runner.run(calling(wait_call("c1", 300, "slow"), wait_call("c2", 100, "quick"),
                                  ToolCall("c3", "add", R"({"a":1,"b":2})")));
  EXPECT_THAT(texts_of(turn.results), ElementsAre("slow", "quick", "3"));
  EXPECT_EQ(turn.results[1].tool_call_id, "c2");
  EXPECT_EQ(turn.results[2].name, "add");
  EXPECT_EQ(EventLoop::current().time() - start, 300ms);
  EXPECT_FALSE(turn.direct);
}

ASYNC_TEST(ToolRunner, TellsWhatHappensWhenItDoes) {
  const ToolPtr steps = make_tool("steps", "", [](ToolContext context) -> Coro<std::string> {
    context.write_progress("half");
    co_await sleep(50ms);
    context.write_progress(json_object("percent", 100));
    co_return "done it";
  });
  const ToolRunner runner = runner_of(steps, wait_tool());
  std::vector<std::string> told;
  Stream<ToolEvent> events =
      runner.run_events(calling(ToolCall("c1", "steps", ""), wait_call("c2", 20, "quick")));
  while (auto event = co_await events.next()) {
    std::string line = event->call.id;
    if (event->kind == ToolEventKind::kStart) line += " starts";
    if (event->kind == ToolEventKind::kProgress) line += " " + json_text(event->progress);
    if (event->kind == ToolEventKind::kResult) line += " gives " + event->result.content;
    told.push_back(std::move(line));
  }
  EXPECT_THAT(told, ElementsAre("c1 starts", "c1 \"half\"", "c2 starts", "c2 gives quick",
                                "c1 {\"percent\":100}", "c1 gives done it"));
}

ASYNC_TEST(ToolRunner, LetsSiblingsFinishWhenOneFails) {
  const ToolRunner runner = runner_of(wait_tool());
  const ToolTurn turn = co_await runner.run(calling(
      wait_call("c1", 100, "one"), wait_call("c2", 10, "throw"), wait_call("c3", 20, "fail")));
  EXPECT_THAT(texts_of(turn.results),
              ElementsAre("one", StartsWith("The tool failed: "), "no luck today"));
  EXPECT_EQ(turn.results[0].status, ToolStatus::kSuccess);
  EXPECT_EQ(turn.results[1].status, ToolStatus::kError);
}

ASYNC_TEST(ToolRunner, TellsTheModelTheNamesItMayUse) {
  const ToolRunner runner = runner_of(add_tool(), wait_tool());
  const ToolTurn turn = co_await runner.run(calling(ToolCall("c1", "multiply", "{}")));
  EXPECT_THAT(texts_of(turn.results),
              ElementsAre("There is no tool 'multiply'. The tools are: add, wait."));
  EXPECT_EQ(turn.results[0].status, ToolStatus::kError);
}

ASYNC_TEST(ToolRunner, RunsNothingWithWrongArguments) {
  const Counted counted(ToolEffect::kNone);
  const ToolRunner runner = runner_of(counted.tool);
  std::vector<std::string> texts;
  const std::vector<std::string> all = {R"({"a":1,)", "null", "[1,2]", R"("{\"a\":1}")",
                                        R"({"a":"x"})"};
  for (const std::string& arguments : all) {
    const ToolTurn turn = co_await runner.run(calling(act(arguments)));
    texts.push_back(turn.results.at(0).content);
  }
  EXPECT_THAT(
      texts, ElementsAre(AllOf(HasSubstr("no JSON"), HasSubstr(R"({"a":1,)")),
                         HasSubstr("wanted an object"), HasSubstr("wanted an object"),
                         HasSubstr("wanted an object"), AllOf(HasSubstr("$.a"), HasSubstr("$.b"))));
  EXPECT_EQ(*counted.runs, 0);
}

ASYNC_TEST(ToolRunner, TakesNoArgumentsAtAllForAnEmptyObject) {
  const ToolRunner runner = runner_of(make_tool("now", "", [] { return "noon"; }));
  const ToolTurn turn = co_await runner.run(calling(ToolCall("c1", "now", " ")));
  EXPECT_THAT(texts_of(turn.results), ElementsAre("noon"));
}

ASYNC_TEST(ToolRunner, NeverRunsACallThatWasCutOff) {
  const Counted counted(ToolEffect::kNone);
  const ToolRunner runner = runner_of(counted.tool);
  for (const FinishReason reason : listed<FinishReason>(
           FinishReason::kLength, FinishReason::kContentFilter, FinishReason::kError)) {
    AIMessage message = calling(act(R"({"a":1,"b":2})"), act(R"({"a":1)"));
    message.finish_reason = reason;
    const ToolTurn turn = co_await runner.run(std::move(message));
    EXPECT_THAT(texts_of(turn.results),
                ElementsAre(HasSubstr("was cut off"), HasSubstr("was cut off")));
  }
  EXPECT_EQ(*counted.runs, 0);
}

ASYNC_TEST(ToolRunner, AllowsByDefaultWhatComputesOrReads) {
  for (const ToolEffect effect : listed<ToolEffect>(ToolEffect::kNone, ToolEffect::kRead)) {
    const Counted counted(effect);
    const ToolTurn turn = co_await runner_of(counted.tool).run(calling(act()));
    EXPECT_THAT(texts_of(turn.results), ElementsAre("1"));
  }
}

ASYNC_TEST(ToolRunner, DeniesByDefaultWhatActsOnTheWorld) {
  for (const ToolEffect effect :
       listed<ToolEffect>(ToolEffect::kWrite, ToolEffect::kNetwork, ToolEffect::kExec)) {
    const Counted counted(effect);
    const ToolTurn turn = co_await runner_of(counted.tool).run(calling(act()));
    EXPECT_THAT(texts_of(turn.results), ElementsAre(HasSubstr("not allowed")));
    EXPECT_EQ(turn.results[0].status, ToolStatus::kError);
    EXPECT_EQ(*counted.runs, 0);
  }
}

ASYNC_TEST(ToolRunner, AllowsAnEffectThatThePolicyAllows) {
  const Counted counted(ToolEffect::kWrite);
  const ToolRunner runner = asking(ApprovalPolicy().allow(ToolEffect::kWrite), counted.tool);
  const ToolTurn turn = co_await runner.run(calling(act()));
  EXPECT_EQ(*counted.runs, 1);
}

ASYNC_TEST(ToolRunner, RunsWhatWasApproved) {
  const Counted counted(ToolEffect::kExec);
  const auto ask = [](ToolCall call, ToolPtr tool) -> Coro<Approval> {
    co_await sleep(1s);
    EXPECT_EQ(call.arguments, R"({"a":1,"b":2})");
    EXPECT_EQ(tool->effect(), ToolEffect::kExec);
    co_return Approval::approve();
  };
  const ToolTurn turn =
      co_await asking(ApprovalPolicy().ask(ask), counted.tool).run(calling(act()));
  EXPECT_EQ(*counted.runs, 1);
}

ASYNC_TEST(ToolRunner, TellsTheModelWhyItWasDenied) {
  const Counted counted(ToolEffect::kExec);
  const auto ask = [](ToolCall, ToolPtr) -> Coro<Approval> {
    co_return Approval::deny("not on a Friday");
  };
  const ToolTurn turn =
      co_await asking(ApprovalPolicy().ask(ask), counted.tool).run(calling(act()));
  EXPECT_THAT(texts_of(turn.results),
              ElementsAre("The tool did not run: the call was not allowed: not on a Friday"));
  EXPECT_EQ(*counted.runs, 0);
}

ASYNC_TEST(ToolRunner, RunsWithTheArgumentsThatWereEdited) {
  const Counted counted(ToolEffect::kExec);
  const auto ask = [](ToolCall, ToolPtr) -> Coro<Approval> {
    co_return Approval::edit(json_object("a", 7, "b", 0));
  };
  const ToolRunner runner = asking(ApprovalPolicy().ask(ask), counted.tool);
  Stream<ToolEvent> events = runner.run_events(calling(act()));
  const std::vector<ToolEvent> all = co_await std::move(events).collect();
  EXPECT_EQ(all.at(0).call.arguments, R"({"a":7,"b":0})");
  EXPECT_EQ(all.at(1).result.content, "7");
}

ASYNC_TEST(ToolRunner, ChecksWhatWasEditedAgain) {
  const Counted counted(ToolEffect::kExec);
  const auto ask = [](ToolCall, ToolPtr) -> Coro<Approval> {
    co_return Approval::edit(json_object("a", "seven"));
  };
  const ToolTurn turn =
      co_await asking(ApprovalPolicy().ask(ask), counted.tool).run(calling(act()));
  EXPECT_THAT(texts_of(turn.results), ElementsAre(HasSubstr("$.a")));
  EXPECT_EQ(*counted.runs, 0);
}

ASYNC_TEST(ToolRunner, DeniesWhenWhoDecidesCannotBeAsked) {
  const Counted counted(ToolEffect::kExec);
  const auto ask = [](ToolCall, ToolPtr) -> Coro<Approval> {
    throw std::runtime_error("terminal gone");
    co_return Approval::approve();
  };
  const ToolTurn turn =
      co_await asking(ApprovalPolicy().ask(ask), counted.tool).run(calling(act()));
  EXPECT_THAT(texts_of(turn.results), ElementsAre(HasSubstr("terminal gone")));
  EXPECT_EQ(*counted.runs, 0);
}

ASYNC_TEST(ToolRunner, AsksAboutOneCallAfterTheOtherInTheirOrder) {
  const Counted counted(ToolEffect::kWrite);
  const auto asked = std::make_shared<std::vector<std::string>>();
  const auto ask = [asked](ToolCall call, ToolPtr tool) {
    return [](std::shared_ptr<std::vector<std::string>> list, std::string id) -> Coro<Approval> {
      list->push_back(id + " asked");
      co_await sleep(100ms);
      list->push_back(id + " approved");
      co_return Approval::approve();
    }(asked, call.id + (tool ? "" : "?"));
  };
  ToolCall second = act();
  second.id = "c2";
  const ToolRunner runner = asking(ApprovalPolicy().ask(ask), counted.tool, wait_tool());
  const TimePoint start = EventLoop::current().time();
  const ToolTurn turn =
      co_await runner.run(calling(act(), std::move(second), wait_call("c3", 150, "beside")));
  EXPECT_THAT(*asked, ElementsAre("c1 asked", "c1 approved", "c2 asked", "c2 approved"));
  EXPECT_EQ(EventLoop::current().time() - start, 200ms);
}

ASYNC_TEST(ToolRunner, RunsOnlySoManyCallsOfOneMessageAtOnce) {
  const ToolRunner runner({wait_tool()}, ToolRunnerOptions().concurrency_max(2));
  const TimePoint start = EventLoop::current().time();
  const ToolTurn turn = co_await runner.run(
      calling(wait_call("c1", 100, "a"), wait_call("c2", 100, "b"), wait_call("c3", 100, "c")));
  EXPECT_THAT(texts_of(turn.results), ElementsAre("a", "b", "c"));
  EXPECT_EQ(EventLoop::current().time() - start, 200ms);
}

ASYNC_TEST(ToolRunner, CancelsAllAndWaitsWhenAToolIsToThrow) {
  const auto ended = std::make_shared<int>(0);
  const ToolPtr careful = make_tool("careful", "", [ended]() {
    return [](std::shared_ptr<int> count) -> Coro<std::string> {
      try {
        co_await sleep(1h);
      } catch (const CancelledError&) {
        ++*count;
        throw;
      }
      co_return "never";
    }(ended);
  });
  const ToolRunner runner = runner_of(careful, wait_tool(ToolOptions().errors(ToolErrors::kThrow)));
  const auto error = co_await error_of(
      runner.run(calling(ToolCall("c1", "careful", ""), wait_call("c2", 10, "throw"))));
  EXPECT_TRUE(is<std::runtime_error>(error));
  EXPECT_FALSE(is<ExceptionGroup>(error));
  EXPECT_EQ(*ended, 1);
}

ASYNC_TEST(ToolRunner, CancelsAllAndWaitsWhenItIsCancelled) {
  const auto ended = std::make_shared<int>(0);
  const ToolPtr careful = make_tool("careful", "", [ended]() {
    return [](std::shared_ptr<int> count) -> Coro<std::string> {
      bool cancelled = false;
      try {
        co_await sleep(1h);
      } catch (const CancelledError&) {
        cancelled = true;
      }
      if (cancelled) {
        co_await sleep(1s);  // takes its time to leave
        ++*count;
        throw CancelledError();
      }
      co_return "never";
    }(ended);
  });
  const ToolRunner runner = runner_of(careful);
  Task<ToolTurn> task = create_task(
      runner.run(calling(ToolCall("c1", "careful", ""), ToolCall("c2", "careful", ""))));
  co_await sleep(10ms);
  task.cancel();
  const auto error = co_await error_of(task);
  EXPECT_TRUE(is<CancelledError>(error));
  EXPECT_EQ(*ended, 2);
}

ASYNC_TEST(ToolRunner, GivesAResultEvenToAToolThatCancelsItself) {
  const ToolPtr odd = make_tool("odd", "", []() -> Coro<std::string> {
    throw CancelledError();
    co_return "";
  });
  const ToolRunner runner = runner_of(odd, add_tool());
  const ToolTurn turn = co_await runner.run(
      calling(ToolCall("c1", "odd", ""), ToolCall("c2", "add", R"({"a":1,"b":1})")));
  EXPECT_THAT(texts_of(turn.results), ElementsAre("The tool was cancelled.", "2"));
}

TEST(ToolRunner, LeavesNothingWhereverItIsCancelled) {
  const int suspensions = cancel_at_every_suspension([]() -> Coro<> {
    const ToolRunner runner = runner_of(wait_tool(ToolOptions().timeout(1s)), add_tool());
    const ToolTurn turn = co_await runner.run(
        calling(wait_call("c1", 30, "a"), wait_call("c2", 10, "throw"), wait_call("c3", 20, "c"),
                ToolCall("c4", "add", R"({"a":1,"b":1})")));
    EXPECT_THAT(turn.results, SizeIs(4));
  });
  EXPECT_GT(suspensions, 2);
}

ASYNC_TEST(ToolRunner, StopsTheToolsOfAStreamThatIsLeft) {
  const ToolRunner runner = runner_of(wait_tool());
  {
    Stream<ToolEvent> events =
        runner.run_events(calling(wait_call("c1", 1, "a"), wait_call("c2", 3'600'000, "b")));
    auto first = co_await events.next();
    EXPECT_EQ(first->kind, ToolEventKind::kStart);
  }
  EXPECT_THAT(all_tasks(), SizeIs(1));
}

ASYNC_TEST(ToolRunner, DropsTellsOfProgressThatNobodyReads) {
  const ToolPtr chatty = make_tool("chatty", "", [](ToolContext context) {
    for (int i = 0; i < 100'000; ++i) context.write_progress(i);
    return "said it all";
  });
  const ToolRunner runner = runner_of(chatty);
  Stream<ToolEvent> events = runner.run_events(calling(ToolCall("c1", "chatty", "")));
  const std::vector<ToolEvent> all = co_await std::move(events).collect();
  EXPECT_EQ(all.back().result.content, "said it all");
  EXPECT_LE(all.size(), 1002U);
}

ASYNC_TEST(ToolRunner, TellsTheProgressOfAToolOnAnExecutorThread) {
  const ToolPtr tool = make_tool(
      "work", "",
      [](ToolContext context) {
        context.write_progress("from a thread");
        return "done";
      },
      ToolOptions().blocking());
  const ToolRunner runner = runner_of(tool);
  Stream<ToolEvent> events = runner.run_events(calling(ToolCall("c1", "work", "")));
  const std::vector<ToolEvent> all = co_await std::move(events).collect();
  EXPECT_THAT(all, SizeIs(3));
  EXPECT_EQ(all.at(1).progress, Json("from a thread"));
}

ASYNC_TEST(ToolRunner, SaysWhenAllResultsReturnDirectly) {
  const ToolPtr direct = make_tool<Pair>(
      "direct", "", [](Pair pair) { return pair.a; }, ToolOptions().return_direct());
  const ToolRunner runner = runner_of(direct, add_tool());
  const ToolTurn both = co_await runner.run(calling(ToolCall("c1", "direct", R"({"a":1,"b":1})"),
                                                    ToolCall("c2", "add", R"({"a":1,"b":1})")));
  EXPECT_FALSE(both.direct);
  const ToolTurn one = co_await runner.run(calling(ToolCall("c1", "direct", R"({"a":1,"b":1})")));
  EXPECT_TRUE(one.direct);
  const ToolTurn wrong = co_await runner.run(calling(ToolCall("c1", "direct", "{}")));
  EXPECT_FALSE(wrong.direct);
}

}  // namespace
}  // namespace cochain::testing
