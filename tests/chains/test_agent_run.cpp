// The state machine of an agent, fed by hand: no loop, no clock, no model.
#include "cochain/chains/agents/agent_run.hpp"

#include <gmock/gmock.h>

#include "cochain/chains/model/error.hpp"
#include "thrown.hpp"

namespace cochain::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::SizeIs;

using Model = AgentRun::CallModel;
using Tools = AgentRun::CallTools;

AIMessage calls(std::vector<ToolCall> list, Usage usage = Usage(5, 5)) {
  AIMessage message;
  for (ToolCall& call : list) message.parts.emplace_back(std::move(call));
  message.finish_reason = FinishReason::kToolCalls;
  message.usage = usage;
  return message;
}
AIMessage look(std::string id = "c1", std::string arguments = R"({"at":1})") {
  return calls({ToolCall(std::move(id), "look", std::move(arguments))});
}
std::vector<ToolMessage> seen(std::string id = "c1") {
  std::vector<ToolMessage> results;
  results.emplace_back("a cat", std::move(id));
  return results;
}
AIMessage says(std::string text) {
  AIMessage message(std::move(text));
  message.usage = Usage(5, 5);
  return message;
}

AgentRun begin(AgentLimits limits = AgentLimits()) {
  return AgentRun(messages("What is there?"), limits);
}
template <class T>
bool next_is(const AgentRun& run) {
  return std::holds_alternative<T>(run.next());
}
/// Back from JSON, by its text, as a store would keep it.
AgentRun stored(const AgentRun& run) {
  return AgentRun::from_json(parse_json(json_text(run.to_json())));
}

TEST(AgentRun, AsksTheModelFirst) {
  const AgentRun run = begin();
  const AgentRun::Next next = run.next();
  ASSERT_TRUE(std::holds_alternative<Model>(next));
  EXPECT_EQ(std::get<Model>(next).messages, messages("What is there?"));
  EXPECT_FALSE(run.done());
}

TEST(AgentRun, IsDoneWhenTheModelCallsNoTool) {
  AgentRun run = begin();
  run.on_model(says("Nothing."));
  ASSERT_TRUE(run.done());
  EXPECT_EQ(std::get<AgentRun::Done>(run.next()).stop, AgentStop::kAnswered);
  EXPECT_EQ(run.last_answer()->text(), "Nothing.");
  EXPECT_EQ(run.usage().total_tokens, 10);
}

TEST(AgentRun, GoesFromModelToToolsAndBack) {
  AgentRun run = begin();
  run.on_model(look());
  ASSERT_TRUE(next_is<Tools>(run));
  EXPECT_EQ(std::get<Tools>(run.next()).message, look());
  run.on_tools(seen());
  ASSERT_TRUE(next_is<Model>(run));
  EXPECT_THAT(std::get<Model>(run.next()).messages, SizeIs(3));
  run.on_model(says("A cat."));
  EXPECT_TRUE(run.done());
  EXPECT_EQ(run.steps(), 2U);
  EXPECT_EQ(run.tool_calls(), 1U);
  EXPECT_EQ(run.first_new(), 1U);
}

TEST(AgentRun, RefusesWhatItDidNotAskFor) {
  AgentRun run = begin();
  EXPECT_TRUE(is<InvalidStateError>(error_of_call([&] { run.on_tools(seen()); })));
  run.on_model(look());
  EXPECT_TRUE(is<InvalidStateError>(error_of_call([&] { run.on_model(says("x")); })));
  EXPECT_TRUE(is<InvalidStateError>(error_of_call([&] { run.on_tools(seen("c9")); })));
  EXPECT_TRUE(is<InvalidStateError>(error_of_call([&] { run.on_tools({}); })));
  EXPECT_TRUE(is<InvalidStateError>(error_of_call([&] { run.reject_answer("no"); })));
  EXPECT_TRUE(next_is<Tools>(run));
}

TEST(AgentRun, EndsWithWhatToolsReturnDirectly) {
  AgentRun run = begin();
  run.on_model(look());
  run.on_tools(seen(), AfterTools::kReturnDirect);
  EXPECT_TRUE(run.done());
  EXPECT_EQ(run.stop(), AgentStop::kReturnedDirect);
}

TEST(AgentRun, StopsAtTheLimitOfSteps) {
  AgentRun run = begin(AgentLimits().steps_max(2));
  run.on_model(look());
  run.on_tools(seen());
  run.on_model(look());
  EXPECT_TRUE(next_is<Tools>(run));
  run.on_tools(seen());
  EXPECT_TRUE(run.done());
  EXPECT_EQ(run.stop(), AgentStop::kStepLimit);
}

TEST(AgentRun, StopsBeforeATurnThatGoesBeyondTheLimitOfCalls) {
  AgentRun run = begin(AgentLimits().tool_calls_max(2));
  run.on_model(look());
  run.on_tools(seen());
  run.on_model(calls({ToolCall("c2", "look", "{}"), ToolCall("c3", "smell", "{}")}));
  EXPECT_EQ(run.stop(), AgentStop::kToolCallLimit);
  ASSERT_TRUE(run.done());
  // The conversation can be sent as it is: no call is without a result.
  ASSERT_THAT(run.messages(), SizeIs(6));
  const auto* last = run.messages().back().get_if<ToolMessage>();
  ASSERT_NE(last, nullptr);
  EXPECT_EQ(last->tool_call_id, "c3");
  EXPECT_EQ(last->name, "smell");
  EXPECT_EQ(last->content, "The tool did not run: the run reached its limit (tool_call_limit).");
  EXPECT_EQ(run.tool_calls(), 1U);
}

TEST(AgentRun, StopsAtTheLimitOfTokensButTakesAnAnswer) {
  AgentRun run = begin(AgentLimits().tokens_max(15));
  run.on_model(look());
  run.on_tools(seen());
  AgentRun other = run;
  run.on_model(look());
  EXPECT_EQ(run.stop(), AgentStop::kTokenLimit);
  other.on_model(says("A cat."));
  EXPECT_EQ(other.stop(), AgentStop::kAnswered);
}

TEST(AgentRun, StopsWhenItsTimeIsSpent) {
  AgentRun run = begin(AgentLimits().wall_time(10s));
  EXPECT_EQ(run.time_left(), 10s);
  run.on_model(look(), 4s);
  EXPECT_EQ(run.time_left(), 6s);
  run.on_tools(seen(), AfterTools::kModel, 6s);
  EXPECT_TRUE(run.done());
  EXPECT_EQ(run.stop(), AgentStop::kTimeLimit);
  EXPECT_EQ(run.time_left(), 0s);
}

TEST(AgentRun, ClosesTheCallsThatWereRunningWhenTimeWasOver) {
  AgentRun run = begin(AgentLimits().wall_time(10s));
  run.on_model(look(), 4s);
  run.on_time_over(6s);
  EXPECT_EQ(run.stop(), AgentStop::kTimeLimit);
  EXPECT_EQ(run.messages().back().text(),
            "The tool was not finished: the time of the run is over.");
}

TEST(AgentRun, StopsWhenTheSameCallComesTimeAndAgain) {
  AgentRun run = begin(AgentLimits().repeated_calls_max(3));
  const std::vector<std::string> spellings = {R"({"a":1,"b":2})", R"({"b":2,"a":1})",
                                              R"({ "a": 1, "b": 2 })"};
  for (const std::string& arguments : spellings) {
    run.on_model(look("c1", arguments));
    ASSERT_TRUE(next_is<Tools>(run));
    run.on_tools(seen());
  }
  run.on_model(look("c1", spellings[0]));
  EXPECT_EQ(run.stop(), AgentStop::kRepeatedCalls);
  EXPECT_EQ(run.tool_calls(), 3U);
}

TEST(AgentRun, CountsRepeatsAnewAfterAnotherTurn) {
  AgentRun run = begin(AgentLimits().repeated_calls_max(2).steps_max(0));
  for (int i = 0; i < 10; ++i) {
    run.on_model(look("c1", i % 3 == 2 ? R"({"other":1})" : R"({"same":1})"));
    ASSERT_FALSE(run.done()) << i;
    run.on_tools(seen());
  }
}

TEST(AgentRun, CountsRepeatsWithinOneTurnToo) {
  AgentRun run = begin(AgentLimits().repeated_calls_max(2));
  run.on_model(
      calls({ToolCall("1", "f", "{}"), ToolCall("2", "f", "{}"), ToolCall("3", "f", "{}")}));
  EXPECT_EQ(run.stop(), AgentStop::kRepeatedCalls);
}

TEST(AgentRun, DoesNotCountCallsOfEarlierRuns) {
  Messages history = messages("What is there?");
  for (int i = 0; i < 9; ++i) {
    history.emplace_back(look());
    history.emplace_back(seen().at(0));
  }
  AgentRun run(std::move(history), AgentLimits().repeated_calls_max(1));
  run.on_model(look());
  EXPECT_TRUE(next_is<Tools>(run));
}

TEST(AgentRun, AsksAgainForAnAnswerThatWasRejectedButNotForEver) {
  AgentRun run = begin(AgentLimits().rejected_answers_max(1));
  run.on_model(says("maybe"));
  run.reject_answer("Say yes or no.");
  ASSERT_TRUE(next_is<Model>(run));
  EXPECT_EQ(run.messages().back().text(), "Say yes or no.");
  run.on_model(says("perhaps"));
  run.reject_answer("Say yes or no.");
  EXPECT_TRUE(run.done());
  EXPECT_EQ(run.stop(), AgentStop::kNoValidAnswer);
}

TEST(AgentRun, SaysWithWordsWhyItStopped) {
  EXPECT_EQ(to_string(AgentStop::kStepLimit), "step_limit");
  const AgentLimitError error(AgentStop::kTimeLimit, messages("hello"));
  EXPECT_THAT(std::string(error.what()), HasSubstr("time_limit"));
  EXPECT_THAT(error.messages(), SizeIs(1));
}

/// A run of three turns, as a list of what it is told.
std::vector<std::function<void(AgentRun&)>> story() {
  return {
      [](AgentRun& run) { run.on_model(look(), 1s); },
      [](AgentRun& run) {
        std::vector<ToolMessage> results = seen();
        results[0].artifact = json_object("legs", 4);
        run.on_tools(std::move(results), AfterTools::kModel, 2s);
      },
      [](AgentRun& run) {
        AIMessage message = look("c2", R"({"at":2)");
        message.parts.insert(message.parts.begin(), ReasoningPart("hm", "sig", "r1"));
        run.on_model(std::move(message));
      },
      [](AgentRun& run) { run.on_tools(seen("c2"), AfterTools::kRejected); },
      [](AgentRun& run) { run.on_model(says("maybe")); },
      [](AgentRun& run) { run.reject_answer("yes or no"); },
      [](AgentRun& run) { run.on_model(says("yes")); },
  };
}

TEST(AgentRun, IsEqualAfterAWayThroughJsonBetweenAnyTwoSteps) {
  AgentRun run = begin(AgentLimits().wall_time(1h).tokens_max(1000).at_limit(AtLimit::kThrow));
  EXPECT_EQ(stored(run), run);
  for (const auto& step : story()) {
    step(run);
    EXPECT_EQ(stored(run), run);
  }
  EXPECT_TRUE(run.done());
}

TEST(AgentRun, GoesOnFromAnyStepAsIfItHadNotStopped) {
  AgentRun whole = begin();
  for (const auto& step : story()) step(whole);
  for (std::size_t cut = 0; cut <= story().size(); ++cut) {
    AgentRun run = begin();
    for (std::size_t i = 0; i < story().size(); ++i) {
      if (i == cut) run = stored(run);
      story()[i](run);
    }
    EXPECT_EQ(run, whole) << cut;
  }
}

TEST(AgentRun, SaysWhatIsWrongWithAStoredRun) {
  const auto error_of_change = [](const std::string& name, Json value) {
    AgentRun run = begin();
    run.on_model(look());
    Json json = run.to_json();
    json.as_object()[name] = std::move(value);
    const auto error = error_of_call([&] { (void)AgentRun::from_json(json); });
    EXPECT_TRUE(is<ParseError>(error)) << name;
    return error ? describe(error) : std::string();
  };
  EXPECT_THAT(error_of_change("version", 2), HasSubstr("$.version"));
  EXPECT_THAT(error_of_change("phase", "dreaming"), HasSubstr("$.phase"));
  EXPECT_THAT(error_of_change("stop", "bored"), HasSubstr("$.stop"));
  EXPECT_THAT(error_of_change("steps", -1), HasSubstr("$.steps"));
  EXPECT_THAT(error_of_change("first_new", 99), HasSubstr("$.first_new"));
  EXPECT_THAT(error_of_change("usage", nullptr), HasSubstr("$.usage"));
  EXPECT_THAT(error_of_change("messages", JsonArray()), HasSubstr("$."));
  EXPECT_THAT(describe(error_of_call([] { (void)AgentRun::from_json(Json(3)); })),
              HasSubstr("wanted an object"));
}

}  // namespace
}  // namespace cochain::testing
