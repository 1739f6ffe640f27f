// An agent at work: what it asks, what it tells, and where it stops.
#include "cochain/chains/agents/agent.hpp"

#include "agent_test.hpp"
#include "cochain/chains/parsers/output_parser.hpp"

namespace cochain::testing {
namespace {

using namespace toolbox;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST(Agent, NeedsAModel) {
  EXPECT_TRUE(is<InvalidStateError>(error_of_call([] { (void)create_agent(nullptr); })));
}

TEST(Agent, RefusesTwoToolsOfOneName) {
  EXPECT_TRUE(is<InvalidStateError>(
      error_of_call([] { (void)create_agent(adding_model(), tools(add_tool(), add_tool())); })));
}

ASYNC_TEST(Agent, CallsAToolAndAnswers) {
  const auto model = adding_model();
  const Agent agent =
      create_agent(model, tools(add_tool()), AgentOptions().system_prompt("You add."));
  const AgentAnswer answer = co_await agent.invoke("What is 1 + 2?");
  EXPECT_EQ(answer.text, "It is 3.");
  EXPECT_EQ(answer.stop, AgentStop::kAnswered);
  EXPECT_EQ(answer.steps, 2U);
  EXPECT_EQ(answer.tool_calls, 1U);
  EXPECT_EQ(answer.first_new, 1U);
  EXPECT_THAT(answer.messages, SizeIs(4));
  EXPECT_EQ(answer.messages[2].text(), "3");
  EXPECT_TRUE(answer.usage.known);
  // The system prompt stands above each request, and in no conversation.
  EXPECT_EQ(model->calls().asked.at(1).front(), Message(SystemMessage("You add.")));
  EXPECT_THAT(model->calls().asked.at(1), SizeIs(4));
  EXPECT_EQ(model->calls().asked_with.at(0).tools().at(0).name, "add");
}

ASYNC_TEST(Agent, WithoutToolsIsAModel) {
  const auto model = make_fake(FakeScript::words("Hello."));
  const AgentAnswer answer = co_await create_agent(model).invoke("Hi");
  EXPECT_EQ(answer.text, "Hello.");
  EXPECT_TRUE(model->calls().asked_with.at(0).tools().empty());
}

ASYNC_TEST(Agent, KeepsTheOptionsOfItsModel) {
  const auto model = make_fake(FakeScript::words("Hello."));
  model->with_options(ChatOptions().temperature(0.5).tool(ToolSpec("other", "")));
  (void)co_await create_agent(model, tools(add_tool())).invoke("Hi");
  const ChatOptions& used = model->calls().asked_with.at(0);
  EXPECT_EQ(used.temperature(), 0.5);
  EXPECT_THAT(used.tools(), SizeIs(2));
}

ASYNC_TEST(Agent, RunsTheToolsOfOneTurnTogether) {
  const auto model = make_fake(
      FakeScript::calling(wait_call(300, "slow"), wait_call(100, "quick"), add_call(1, 1)),
      FakeScript::words("Done."));
  const Agent agent = create_agent(model, tools(wait_tool(), add_tool()));
  const TimePoint start = EventLoop::current().time();
  const AgentAnswer answer = co_await agent.invoke("Go");
  EXPECT_EQ(EventLoop::current().time() - start, 300ms);
  EXPECT_EQ(answer.messages.at(2).text(), "slow");
  EXPECT_EQ(answer.messages.at(3).text(), "quick");
  EXPECT_EQ(answer.messages.at(4).text(), "2");
}

ASYNC_TEST(Agent, TellsAllThatHappens) {
  const ToolPtr work = make_tool("work", "", [](ToolContext context) -> Coro<std::string> {
    context.write_progress(50);
    co_await sleep(1s);
    co_return "worked";
  });
  const auto model = make_fake(FakeScript::calling(ToolCall("c1", "work", "")),
                               FakeScript::saying({"All", " done"}));
  const Agent agent = create_agent(model, tools(work));
  const std::vector<std::string> lines = co_await lines_of(agent.stream("Go"));
  EXPECT_THAT(lines, ElementsAre("1 starts work", "1 50", "1 gives worked", "1 ends", "2 says All",
                                 "2 says  done", "2 ends", "2 done All done"));
}

ASYNC_TEST(Agent, TellsTokensWhenTheyCome) {
  const auto model = make_fake(FakeScript::saying({"a", "b"}, 100ms, 50ms));
  const Agent agent = create_agent(model);
  std::vector<Duration> times;
  const TimePoint start = EventLoop::current().time();
  Stream<AgentEvent> events = agent.stream("Go");
  while (auto event = co_await events.next()) {
    if (!event->text().empty()) times.push_back(EventLoop::current().time() - start);
  }
  EXPECT_THAT(times, ElementsAre(100ms, 150ms));
}

ASYNC_TEST(Agent, GivesTheSameWholeAndAsAStream) {
  const auto script = [] {
    return create_agent(make_fake(FakeScript::calling(add_call(1, 2), wait_call(5, "fail")),
                                  FakeScript::words("It is 3.")),
                        tools(add_tool(), wait_tool()));
  };
  const AgentAnswer whole = co_await script().invoke("Go");
  const std::optional<AgentAnswer> summed = co_await fold<AgentAnswer>(script().stream("Go"));
  EXPECT_EQ(summed, whole);
}

ASYNC_TEST(Agent, IsAStepOfAChain) {
  const Agent agent = create_agent(adding_model(), tools(add_tool()));
  const auto chain = agent | StrOutputParser();
  const std::string text = co_await chain.invoke(messages("1 + 2?"));
  EXPECT_EQ(text, "It is 3.");
}

ASYNC_TEST(Agent, FeedsErrorsOfToolsBackToTheModel) {
  const auto model =
      make_fake({FakeScript::calling(ToolCall("a", "nothing", "{}")),
                 FakeScript::calling(ToolCall("b", "add", R"({"a":"x"})")),
                 FakeScript::calling(wait_call(1, "throw", "c")), FakeScript::words("Sorry.")});
  const Agent agent = create_agent(model, tools(add_tool(), wait_tool()));
  const AgentAnswer answer = co_await agent.invoke("Go");
  EXPECT_EQ(answer.text, "Sorry.");
  EXPECT_THAT(answer.messages.at(2).text(), HasSubstr("The tools are: add, wait."));
  EXPECT_THAT(answer.messages.at(4).text(), HasSubstr("$.a"));
  EXPECT_THAT(answer.messages.at(6).text(), HasSubstr("broken pipe"));
}

ASYNC_TEST(Agent, NeverRunsACallThatWasCutOff) {
  AIMessage cut;
  cut.parts.emplace_back(ToolCall("c1", "add", R"({"a":1,"b":2})"));
  cut.finish_reason = FinishReason::kLength;
  const auto model = make_fake(FakeScript::answer(cut), FakeScript::words("Again."));
  const AgentAnswer answer = co_await create_agent(model, tools(add_tool())).invoke("Go");
  EXPECT_THAT(answer.messages.at(2).text(), HasSubstr("was cut off (length)"));
}

ASYNC_TEST(Agent, ThatRunsAwayIsStopped) {
  int turn = 0;
  const auto model = make_fake_answering([&turn](const Messages&, const ChatOptions&) {
    return FakeScript::calling(add_call(++turn, 1));
  });
  const Agent agent = create_agent(model, tools(add_tool()));
  const AgentAnswer answer = co_await agent.invoke("Go");
  EXPECT_EQ(answer.stop, AgentStop::kStepLimit);
  EXPECT_FALSE(answer.answered());
  EXPECT_EQ(answer.steps, 25U);
  EXPECT_EQ(model->calls().started, 25U);
}

ASYNC_TEST(Agent, ThatRepeatsItselfIsStopped) {
  const auto model = make_fake(FakeScript::calling(add_call(1, 1)));
  const AgentAnswer answer = co_await create_agent(model, tools(add_tool())).invoke("Go");
  EXPECT_EQ(answer.stop, AgentStop::kRepeatedCalls);
  EXPECT_EQ(answer.tool_calls, 5U);
}

ASYNC_TEST(Agent, ThrowsAtALimitIfItIsToldTo) {
  const auto model = make_fake(FakeScript::calling(add_call(1, 1)));
  const AgentLimits limits = AgentLimits().steps_max(2).at_limit(AtLimit::kThrow);
  const Agent agent = create_agent(model, tools(add_tool()), AgentOptions().limits(limits));
  const auto error = co_await error_of(agent.invoke("Go"));
  EXPECT_TRUE(is<AgentLimitError>(error));
  EXPECT_THAT(cochain::describe(error), HasSubstr("step_limit"));
}

ASYNC_TEST(Agent, StopsItsModelWhenItsTimeIsOver) {
  const auto model = make_fake(FakeScript::saying({"too", "late"}, 1s, 1h));
  const Agent agent =
      create_agent(model, tools(), AgentOptions().limits(AgentLimits().wall_time(10s)));
  for (int i = 0; i < 2; ++i) {
    const TimePoint start = EventLoop::current().time();
    AgentAnswer answer;
    if (i == 0) {
      answer = co_await agent.invoke("Go");
    } else {
      std::optional<AgentAnswer> summed = co_await fold<AgentAnswer>(agent.stream("Go"));
      answer = std::move(*summed);
    }
    EXPECT_EQ(answer.stop, AgentStop::kTimeLimit);
    EXPECT_EQ(EventLoop::current().time() - start, 10s);
  }
  EXPECT_EQ(model->calls().live, 0U);
}

ASYNC_TEST(Agent, StopsItsToolsWhenItsTimeIsOver) {
  const auto model = make_fake(FakeScript::calling(wait_call(3'600'000, "late")));
  const Agent agent =
      create_agent(model, tools(wait_tool()), AgentOptions().limits(AgentLimits().wall_time(10s)));
  const TimePoint start = EventLoop::current().time();
  const AgentAnswer answer = co_await agent.invoke("Go");
  EXPECT_EQ(answer.stop, AgentStop::kTimeLimit);
  EXPECT_EQ(EventLoop::current().time() - start, 10s);
  EXPECT_THAT(answer.messages.back().text(), HasSubstr("not finished"));
}

ASYNC_TEST(Agent, DoesNotInterruptItsReaderWhenTimeIsOver) {
  const auto model = make_fake(FakeScript::saying({"a", "b"}));
  const Agent agent =
      create_agent(model, tools(), AgentOptions().limits(AgentLimits().wall_time(10s)));
  Stream<AgentEvent> events = agent.stream("Go");
  auto first = co_await events.next();
  EXPECT_TRUE(first.has_value());
  co_await sleep(1h);  // not cancelled by a deadline that is not its own
  const std::optional<AgentAnswer> answer = co_await fold<AgentAnswer>(std::move(events));
  EXPECT_TRUE(answer.has_value());
}

ASYNC_TEST(Agent, EndsWithWhatAToolReturnsDirectly) {
  const ToolPtr direct = make_tool<Pair>(
      "add", "", [](Pair pair) { return pair.a + pair.b; }, ToolOptions().return_direct());
  const auto model = make_fake(FakeScript::calling(add_call(2, 2)), FakeScript::words("never"));
  const AgentAnswer answer = co_await create_agent(model, tools(direct)).invoke("Go");
  EXPECT_EQ(answer.text, "4");
  EXPECT_EQ(answer.stop, AgentStop::kReturnedDirect);
  EXPECT_EQ(model->calls().started, 1U);
}

ASYNC_TEST(Agent, AsksBeforeItActs) {
  const ToolPtr tool = make_tool<Pair>(
      "add", "", [](Pair pair) { return pair.a; }, ToolOptions().effect(ToolEffect::kNetwork));
  const auto ask = [](ToolCall, ToolPtr) -> Coro<Approval> { co_return Approval::deny("no"); };
  const Agent agent =
      create_agent(adding_model(), tools(tool), AgentOptions().approval(ApprovalPolicy().ask(ask)));
  const AgentAnswer denied = co_await agent.invoke("Go");
  EXPECT_THAT(denied.messages.at(2).text(), HasSubstr("not allowed: no"));
  const Agent open =
      create_agent(adding_model(), tools(tool),
                   AgentOptions().approval(ApprovalPolicy().allow(ToolEffect::kNetwork)));
  const AgentAnswer allowed = co_await open.invoke("Go");
  EXPECT_EQ(allowed.messages.at(2).text(), "1");
}

ASYNC_TEST(Agent, GivesItsToolsTheContextOfTheRun) {
  const ToolPtr who = make_tool("who", "", [](ToolContext context) {
    return context.context<std::string>() + " " + std::to_string(context.messages().size()) + " " +
           context.call_id();
  });
  const auto model =
      make_fake(FakeScript::calling(ToolCall("c9", "who", "")), FakeScript::words("Hello Ann."));
  const Agent agent = create_agent(model, tools(who));
  const AgentAnswer answer =
      co_await agent.with_context(std::make_shared<std::string>("Ann")).invoke("Who am I?");
  EXPECT_EQ(answer.messages.at(2).text(), "Ann 2 c9");
}

ASYNC_TEST(Agent, LetsTheErrorsOfItsModelThrough) {
  const auto model = make_fake(FakeScript::calling(add_call(1, 2)),
                               FakeScript::failing(OverloadedError("no room")));
  const Agent agent = create_agent(model, tools(add_tool()));
  const auto error = co_await error_of(agent.invoke("Go"));
  EXPECT_TRUE(is<OverloadedError>(error));
}

TEST(Agent, LeavesNothingWhereverItIsCancelled) {
  const auto work = [](auto run) {
    return cancel_at_every_suspension([run]() -> Coro<> {
      const auto model =
          make_fake(FakeScript::calling(wait_call(20, "a"), wait_call(10, "throw")).paced(5ms, 1ms),
                    FakeScript::saying({"a", "b"}, 5ms, 1ms));
      const Agent agent = create_agent(model, tools(wait_tool(ToolOptions().timeout(1s))),
                                       AgentOptions().limits(AgentLimits().wall_time(1h)));
      std::exception_ptr error;
      try {
        Coro<> running = run(agent);
        co_await std::move(running);
      } catch (...) {
        error = std::current_exception();
      }
      if (model->calls().live != 0) throw Error("a call of the model is left");
      if (error) std::rethrow_exception(error);
    });
  };
  EXPECT_GT(work([](Agent agent) -> Coro<> { (void)co_await agent.invoke("Go"); }), 4);
  EXPECT_GT(work([](Agent agent) -> Coro<> { (void)co_await lines_of(agent.stream("Go")); }), 4);
}

ASYNC_TEST(Agent, StopsEverythingWhenItsStreamIsLeft) {
  const auto model = make_fake(FakeScript::calling(wait_call(3'600'000, "a")));
  {
    const Agent agent = create_agent(model, tools(wait_tool()));
    Stream<AgentEvent> events = agent.stream("Go");
    while (auto event = co_await events.next()) {
      if (event->kind == AgentEventKind::kToolStart) break;
    }
  }
  EXPECT_THAT(all_tasks(), SizeIs(1));
}

ASYNC_TEST(Agent, RunsInABatch) {
  const auto model = make_fake_answering([](const Messages& asked, const ChatOptions&) {
    return FakeScript::words("echo " + asked.back().text());
  });
  const Agent agent = create_agent(model);
  std::vector<Messages> inputs;
  inputs.push_back(messages("a"));
  inputs.push_back(messages("b"));
  const auto outcomes = co_await agent.batch(std::move(inputs));
  EXPECT_EQ(outcomes.at(1).value().text, "echo b");
}

}  // namespace
}  // namespace cochain::testing
