// Agents: answers in a form, runs that are stored and gone on with, agents as tools, observers.
#include "agent_test.hpp"
#include "cochain/chains/agents/agent_tool.hpp"
#include "cochain/chains/parsers/output_parser.hpp"
#include "cochain/chains/prompts/chat_prompt.hpp"

namespace cochain::testing {
namespace {

using namespace toolbox;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

ToolCall final_answer(std::string arguments) {
  return ToolCall("f1", "final_answer", std::move(arguments));
}
AgentOptions pair_wanted() { return AgentOptions().response_format<Pair>(); }

ASYNC_TEST(AgentFormat, GivesAnAnswerOfTheTypeThatWasAskedFor) {
  const auto model = make_fake(FakeScript::calling(add_call(1, 2)),
                               FakeScript::calling(final_answer(R"({"a":3,"b":4})")));
  const Agent agent = create_agent(model, tools(add_tool()), pair_wanted());
  const AgentAnswer answer = co_await agent.invoke("Go");
  EXPECT_EQ(answer.get<Pair>().b, 4);
  EXPECT_EQ(answer.text, R"({"a":3,"b":4})");
  EXPECT_EQ(answer.stop, AgentStop::kAnswered);
  const ChatOptions& asked = model->calls().asked_with.at(0);
  EXPECT_EQ(asked.tools().back().name, "final_answer");
  EXPECT_EQ(asked.tool_choice(), ToolChoice::required());
}

ASYNC_TEST(AgentFormat, TellsTheModelWhatIsWrongWithItsAnswer) {
  const auto model = make_fake({FakeScript::calling(final_answer(R"({"a":"three"})")),
                                FakeScript::words("It is three and four."),
                                FakeScript::calling(final_answer(R"({"a":3,"b":4})"))});
  const AgentAnswer answer = co_await create_agent(model, tools(), pair_wanted()).invoke("Go");
  EXPECT_EQ(answer.get<Pair>().a, 3);
  EXPECT_THAT(answer.messages.at(2).text(), HasSubstr("$.a"));
  EXPECT_THAT(answer.messages.at(4).text(), HasSubstr("calling the tool final_answer"));
}

ASYNC_TEST(AgentFormat, TakesJsonFromAModelThatCallsNoTool) {
  const auto model = make_fake(FakeScript::words("```json\n{\"a\": 3, \"b\": 4}\n```"));
  const AgentAnswer answer = co_await create_agent(model, tools(), pair_wanted()).invoke("Go");
  EXPECT_EQ(answer.get<Pair>().b, 4);
}

ASYNC_TEST(AgentFormat, GivesUpAfterSoManyWrongAnswers) {
  const auto model = make_fake(FakeScript::words("no"));
  const AgentAnswer answer = co_await create_agent(model, tools(), pair_wanted()).invoke("Go");
  EXPECT_EQ(answer.stop, AgentStop::kNoValidAnswer);
  EXPECT_EQ(model->calls().started, 4U);
  EXPECT_TRUE(answer.structured.is_null());
}

ASYNC_TEST(AgentFormat, TakesASchemaThatIsKnownAtRunTimeOnly) {
  const Json schema =
      parse_json(R"({"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]})");
  const auto model = make_fake(
      {FakeScript::calling(final_answer("{}")), FakeScript::calling(final_answer(R"({"n":1})"))});
  const Agent agent = create_agent(model, tools(), AgentOptions().response_schema(schema));
  const AgentAnswer answer = co_await agent.invoke("Go");
  EXPECT_EQ(answer.structured, Json(json_object("n", 1)));
}

/// A model without state: what it says follows from what it is asked.
std::shared_ptr<FakeChatModel> pure_model() {
  return make_fake_answering([](const Messages& asked, const ChatOptions&) {
    switch (asked.size()) {
      case 1: return FakeScript::calling(add_call(1, 2), wait_call(5, "fail"));
      case 4: return FakeScript::calling(add_call(3, 4));
      default: return FakeScript::words("It is 7.");
    }
  });
}

ASYNC_TEST(AgentResume, FromAnyStepEqualsARunWithoutABreak) {
  const auto stored = std::make_shared<std::vector<std::string>>();
  const auto store = [stored](const AgentRun& run) { stored->push_back(json_text(run.to_json())); };
  const std::vector<ToolPtr> both = tools(add_tool(), wait_tool());
  const Agent agent = create_agent(pure_model(), both, AgentOptions().on_step(store));
  const AgentAnswer whole = co_await agent.invoke("Go");
  EXPECT_THAT(*stored, SizeIs(5));
  EXPECT_EQ(whole.text, "It is 7.");
  const Agent other = create_agent(pure_model(), both);
  for (const std::string& text : *stored) {
    const AgentAnswer resumed = co_await other.resume(AgentRun::from_json(parse_json(text)));
    EXPECT_EQ(resumed, whole);
  }
}

ASYNC_TEST(AgentResume, GoesOnAfterAnErrorOfTheModel) {
  const auto last = std::make_shared<std::optional<AgentRun>>();
  const auto model =
      make_fake({FakeScript::calling(add_call(1, 2)),
                 FakeScript::failing(OverloadedError("no room")), FakeScript::words("It is 3.")});
  const Agent agent =
      create_agent(model, tools(add_tool()),
                   AgentOptions().on_step([last](const AgentRun& run) { *last = run; }));
  const auto error = co_await error_of(agent.invoke("Go"));
  EXPECT_TRUE(is<OverloadedError>(error));
  const AgentAnswer answer = co_await agent.resume(**last);
  EXPECT_EQ(answer.text, "It is 3.");
  EXPECT_EQ(answer.tool_calls, 1U);
}

TEST(AgentResume, CanBeDrivenByHandWithoutALoop) {
  AgentRun run(messages("What is 1 + 2?"));
  AIMessage call;
  call.parts.emplace_back(add_call(1, 2, "c1"));
  run.on_model(std::move(call));
  std::vector<ToolMessage> results;
  results.emplace_back("3", "c1");
  run.on_tools(std::move(results));
  run.on_model(AIMessage("3"));
  EXPECT_TRUE(run.done());
}

ASYNC_TEST(AgentTool, WorksForAnotherAgent) {
  const Agent inner = create_agent(adding_model(), tools(add_tool()), AgentOptions().name("adder"));
  const ToolPtr tool = agent_as_tool(inner, "ask_adder", "Adds numbers.");
  EXPECT_THAT(tool->spec().parameters, HasSubstr("input"));
  const auto model =
      make_fake(FakeScript::calling(ToolCall("c1", "ask_adder", R"({"input":"1 + 2?"})")),
                FakeScript::words("Three."));
  const Agent outer = create_agent(model, tools(tool));
  const std::vector<std::string> lines = co_await lines_of(outer.stream("Go"));
  EXPECT_THAT(lines, Contains("1 gives It is 3."));
  EXPECT_THAT(lines,
              Contains(R"(1 {"agent":"adder","tool":"add","arguments":"{\"a\":1,\"b\":2}"})"));
  EXPECT_THAT(lines, Contains(R"(1 {"agent":"adder","text":"It"})"));
  EXPECT_EQ(lines.back(), "2 done Three.");
}

ASYNC_TEST(AgentTool, SaysThatItsAgentCameToNoAnswer) {
  const Agent inner =
      create_agent(make_fake(FakeScript::calling(add_call(1, 1))), tools(add_tool()));
  const ToolPtr tool = agent_as_tool(inner, "ask", "Asks.");
  const ToolResult result = co_await tool->call(json_object("input", "?"));
  EXPECT_EQ(result.status, ToolStatus::kError);
  EXPECT_THAT(result.content, HasSubstr("repeated_calls"));
  EXPECT_EQ(result.artifact.at("steps"), Json(6));
}

ASYNC_TEST(AgentTool, MakesAChainAToolToo) {
  const auto chain = make_fake(FakeScript::words("Bonjour")) | StrOutputParser();
  const ToolPtr tool = as_tool(chain, "translate", "Into French.");
  const ToolResult result = co_await tool->call(json_object("input", "Hello"));
  EXPECT_EQ(result.content, "Bonjour");
  const ToolResult wrong = co_await tool->call(json_object("text", "Hello"));
  EXPECT_EQ(wrong.status, ToolStatus::kError);
}

class Scribe final : public RunObserver {
 public:
  void on_start(const Run& run, const RunValue&) override {
    const std::string parent = run.parent() ? run.parent()->name() : "";
    lines.push_back(parent + "/" + run.name());
  }
  std::vector<std::string> lines;
};

ASYNC_TEST(AgentObserver, HearsOfTheModelAndTheTools) {
  const auto scribe = std::make_shared<Scribe>();
  const Agent agent = create_agent(adding_model(), tools(add_tool()), AgentOptions().name("adder"));
  const AgentAnswer answer =
      co_await agent.invoke(messages("1 + 2?"), RunConfig().with_observer(scribe));
  EXPECT_EQ(answer.text, "It is 3.");
  EXPECT_THAT(scribe->lines,
              ElementsAre("/adder", "adder/fake:model", "adder/add", "adder/fake:model"));
}

ASYNC_TEST(AgentLimit, OfTheRunHoldsForItsTools) {
  const auto model =
      make_fake(FakeScript::calling(wait_call(100, "a"), wait_call(100, "b"), wait_call(100, "c")),
                FakeScript::words("Done."));
  const Agent agent = create_agent(model, tools(wait_tool()));
  const TimePoint start = EventLoop::current().time();
  (void)co_await agent.invoke("Go", RunConfig().with_max_concurrency(1));
  EXPECT_EQ(EventLoop::current().time() - start, 300ms);
}

ASYNC_TEST(AgentStream, AddsUpWhenABlockOfTheModelIsEmpty) {
  FakeScript script;
  script.then(0ms, ContentEvent::message_start("m", "fake"))
      .then(0ms, ContentEvent::block_start(0, BlockType::kText))
      .then(0ms, ContentEvent::block_finish(0, BlockType::kText))
      .then(0ms, ContentEvent::tool_call_start(1, "c1", "add"))
      .then(0ms, ContentEvent::tool_call_delta(1, R"({"a":1,"b":2})"))
      .then(0ms, ContentEvent::block_finish(1, BlockType::kToolCall))
      .then(0ms, ContentEvent::message_finish(FinishReason::kToolCalls, "", Usage()));
  const Agent agent =
      create_agent(make_fake(script, FakeScript::words("It is 3.")), tools(add_tool()));
  const std::optional<AgentAnswer> answer = co_await fold<AgentAnswer>(agent.stream("Go"));
  EXPECT_EQ(answer->text, "It is 3.");
}

}  // namespace
}  // namespace cochain::testing
