// Calls of tools that the user's text spells out: what is read in it, and the turns of a whole
// conversation over a real socket.
#include <gmock/gmock.h>

#include "async_test.hpp"
#include "cochain/chains/model/json.hpp"
#include "cochain/providers/openai.hpp"
#include "cochain/providers/simulator.hpp"
#include "cochain/providers/simulator_plan.hpp"

namespace cochain::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kNumbers =
    R"({"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"integer"}},)"
    R"("required":["a","b"]})";

ChatOptions tools() {
  return ChatOptions()
      .tool(ToolSpec("add", "Adds two numbers", kNumbers))
      .tool(ToolSpec("get_weather", "Tells the weather", R"({"type":"object","properties":{}})"));
}

/// The calls that are planned for a prompt after so many turns, as "name arguments".
std::vector<std::string> planned(std::string prompt, std::size_t turns = 0,
                                 SimulatedChatRequest request = SimulatedChatRequest()) {
  request.model = "m";
  request.prompt = std::move(prompt);
  request.tool_turns = turns;
  for (std::size_t turn = 0; turn < turns; ++turn) request.tool_results.emplace_back("done");
  const ChatOptions offered = tools();
  for (const ToolSpec& spec : offered.tools()) {
    SimulatedTool& tool = request.tools.emplace_back();
    tool.name = spec.name;
    tool.description = spec.description;
    tool.parameters = spec.parameters;
  }
  std::vector<std::string> calls;
  for (const PlannedToolCall& call : plan_answer(request, SimulatorOptions(), 0).tool_calls) {
    calls.push_back(call.name + " " + call.arguments);
  }
  return calls;
}

TEST(SimulatorCalls, ACallIsMadeAsItIsSpelledOut) {
  EXPECT_THAT(planned(R"(Please call add {"a": 1, "b": {"c": "}\"{"}} now.)"),
              ElementsAre(R"(add {"a": 1, "b": {"c": "}\"{"}})"));
  EXPECT_THAT(planned(R"(Call `add` with? call `add` ({"a":1}))"),
              ElementsAre(::testing::StartsWith("add {"), R"(add {"a":1})"));
  EXPECT_THAT(planned(R"(CALL "get_weather" {})"), ElementsAre("get_weather {}"));
}

TEST(SimulatorCalls, WithoutArgumentsTheyFitTheSchema) {
  const std::vector<std::string> calls = planned("call add for 3 and 4");
  EXPECT_THAT(calls, SizeIs(1));
  const Json arguments = parse_json(calls.at(0).substr(4));
  EXPECT_TRUE(arguments.at("a").is_int64());
  EXPECT_TRUE(arguments.at("b").is_int64());
}

TEST(SimulatorCalls, ArgumentsMayBeWrong) {
  EXPECT_THAT(planned("call add {a: 1}"), ElementsAre("add {a: 1}"));
  EXPECT_THAT(planned(R"(call add {"a": [1, 2)"), ElementsAre(R"(add {"a": [1, 2)"));
}

TEST(SimulatorCalls, SeveralAreMadeAtOnceAndThenBeginsTheNextTurn) {
  const std::string prompt =
      R"(call add {"a":1} and call get_weather {} Then call add {"a":2} then call add {"a":3})";
  EXPECT_THAT(planned(prompt, 0), ElementsAre(R"(add {"a":1})", "get_weather {}"));
  EXPECT_THAT(planned(prompt, 1), ElementsAre(R"(add {"a":2})"));
  EXPECT_THAT(planned(prompt, 2), ElementsAre(R"(add {"a":3})"));
  EXPECT_THAT(planned(prompt, 3), IsEmpty());
}

TEST(SimulatorCalls, OneByOneWithoutParallelCalls) {
  SimulatedChatRequest request;
  request.parallel_tool_calls = false;
  const std::string prompt = R"(call add {"a":1} and call get_weather {})";
  EXPECT_THAT(planned(prompt, 0, request), ElementsAre(R"(add {"a":1})"));
  EXPECT_THAT(planned(prompt, 1, request), ElementsAre("get_weather {}"));
}

TEST(SimulatorCalls, AForcedToolIsTheOnlyOne) {
  SimulatedChatRequest request;
  request.forced_tool = "add";
  EXPECT_THAT(planned(R"(call get_weather {} and call add {"a":1})", 0, request),
              ElementsAre(R"(add {"a":1})"));
}

TEST(SimulatorCalls, OnlyCallBeforeTheNameOfAToolCounts) {
  EXPECT_THAT(planned("call me {} then recall additions {} call. additions call"), IsEmpty());
  EXPECT_THAT(planned("call call add {}"), ElementsAre("add {}"));
  EXPECT_THAT(planned("call"), IsEmpty());
  EXPECT_THAT(planned("call  "), IsEmpty());
}

TEST(SimulatorCalls, ArgumentsArriveInPiecesOfWholeCharacters) {
  SimulatedChatRequest request;
  request.prompt = "call say {\"text\":\"ééééééééé€€€€€\"}";
  request.tools.emplace_back().name = "say";
  const AnswerPlan plan = plan_answer(request, SimulatorOptions(), 0);
  ASSERT_EQ(plan.tool_calls.size(), 1U);
  const PlannedToolCall& call = plan.tool_calls[0];
  EXPECT_GT(call.chunks.size(), 3U);
  for (const PlannedChunk& chunk : call.chunks) {
    if (chunk.end == call.arguments.size()) continue;
    EXPECT_NE(static_cast<unsigned char>(call.arguments[chunk.end]) & 0xC0U, 0x80U);
  }
}

/// Runs the loop of an agent whose tools give back their own arguments.
Coro<Messages> converse(std::shared_ptr<const ChatModel> model, Messages conversation,
                        ChatOptions options) {
  for (int turn = 0; turn < 10; ++turn) {
    AIMessage answer;
    Stream<ContentEvent> events = model->generate_events(conversation, options);
    while (auto event = co_await events.next()) apply(answer, std::move(*event));
    const std::vector<ToolCall> calls = answer.tool_calls();
    conversation.emplace_back(std::move(answer));
    if (calls.empty()) break;
    for (const ToolCall& call : calls) {
      conversation.emplace_back(ToolMessage("result of " + call.arguments, call.id));
    }
  }
  co_return conversation;
}

const AIMessage& answer_at(const Messages& conversation, std::size_t index) {
  return *conversation.at(index).get_if<AIMessage>();
}

ASYNC_TEST_REAL_TIME(SimulatorCalls, AConversationGoesThroughItsTurns) {
  Simulator simulator(SimulatorOptions().instant());
  const auto model = make_openai_model(OpenAIOptions("sim-1").with_base_url(simulator.base_url()));
  Messages question = messages(
      R"(call add {"a":1,"b":2} and call add {"a":3,"b":4} then call get_weather {"city":"Oslo"})");
  const Messages said = co_await converse(model, std::move(question), tools());
  EXPECT_THAT(said, SizeIs(7));
  const std::vector<ToolCall> first = answer_at(said, 1).tool_calls();
  EXPECT_THAT(first, SizeIs(2));
  EXPECT_EQ(first.at(0).name, "add");
  EXPECT_EQ(first.at(0).arguments, R"({"a":1,"b":2})");
  EXPECT_EQ(first.at(1).arguments, R"({"a":3,"b":4})");
  EXPECT_NE(first.at(0).id, first.at(1).id);
  EXPECT_EQ(answer_at(said, 1).finish_reason, FinishReason::kToolCalls);
  const std::vector<ToolCall> second = answer_at(said, 4).tool_calls();
  EXPECT_THAT(second, SizeIs(1));
  EXPECT_EQ(second.at(0).name, "get_weather");
  EXPECT_EQ(second.at(0).arguments, R"({"city":"Oslo"})");
  EXPECT_THAT(answer_at(said, 6).text(), HasSubstr(R"(result of {"a":3,"b":4})"));
  EXPECT_THAT(answer_at(said, 6).text(), HasSubstr(R"(result of {"city":"Oslo"})"));
}

ASYNC_TEST_REAL_TIME(SimulatorCalls, TheSameConversationIsTheSameAgainWholeOrStreamed) {
  Simulator simulator(SimulatorOptions().instant().seed(4));
  const auto model = make_openai_model(OpenAIOptions("sim-1").with_base_url(simulator.base_url()));
  const Messages question = messages(R"(call add {"a":1,"b":2})");
  const Messages once = co_await converse(model, question, tools());
  const Messages again = co_await converse(model, question, tools());
  EXPECT_EQ(answer_at(once, 1).tool_calls(), answer_at(again, 1).tool_calls());
  EXPECT_EQ(answer_at(once, 3).text(), answer_at(again, 3).text());
  const AIMessage whole = co_await model->generate(question, tools());
  EXPECT_EQ(whole.tool_calls(), answer_at(once, 1).tool_calls());
}

}  // namespace
}  // namespace cochain::testing
