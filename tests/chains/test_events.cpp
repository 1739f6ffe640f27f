// Who hears of what: events of a run and of its parts, in order, each start with one end.
#include <map>
#include <stdexcept>

#include <gmock/gmock.h>

#include "cochain/chains.hpp"
#include "cochain/core/runners.hpp"
#include "cochain/testing/fake_chat_model.hpp"
#include "run_log.hpp"
#include "steps.hpp"

namespace cochain::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Text = Chain<std::string, std::string>;

Text shout(std::string name) {
  return lambda(std::move(name), [](std::string s) { return s + "!"; });
}
/// Gives its input letter by letter, one each `gap`.
Text letters(std::string name, Duration gap) {
  return generator<std::string, std::string>(std::move(name), [gap](Stream<std::string> in) {
    return [](Duration pause, Stream<std::string> input) -> Stream<std::string> {
      while (auto text = co_await input.next()) {
        for (const char c : *text) {
          if (pause > Duration::zero()) co_await sleep(pause);
          co_yield std::string(1, c);
        }
      }
    }(gap, std::move(in));
  });
}
Text failing() {
  return lambda("fail", [](std::string) -> std::string { throw std::runtime_error("broken"); });
}
RunConfig heard(const std::shared_ptr<RunLog>& log) { return RunConfig().with_observer(log); }

Coro<std::vector<RunEvent>> all(Stream<RunEvent> events) {
  std::vector<RunEvent> found;
  while (auto event = co_await events.next()) found.push_back(std::move(*event));
  co_return found;
}
std::vector<std::string> named(const std::vector<RunEvent>& events) {
  std::vector<std::string> lines;
  for (const RunEvent& event : events) {
    const std::string name =
        event.kind == RunEvent::Kind::kCustom ? event.custom_name : event.run->name();
    lines.push_back(event.event() + " " + name);
  }
  return lines;
}

ASYNC_TEST(Events, StartUpstreamFirstAndEndUpstreamFirst) {
  const auto log = std::make_shared<RunLog>();
  const auto chain = letters("one", 1s) | letters("two", 0s);
  (void)co_await joined(chain.stream("ab", heard(log)));
  EXPECT_THAT(log->lines,
              ElementsAre("start RunnableSequence \"ab\"", "start one \"ab\"", "stream one \"a\"",
                          "start two", "stream two \"a\"", "stream RunnableSequence \"a\"",
                          "stream one \"b\"", "stream two \"b\"", "stream RunnableSequence \"b\"",
                          "end one \"ab\"", "end two \"ab\"", "end RunnableSequence \"ab\""));
}

ASYNC_TEST(Events, OfInvokesAreStartsAndEndsWithInputAndOutput) {
  const auto log = std::make_shared<RunLog>();
  const auto chain = shout("one") | shout("two");
  (void)co_await chain.invoke("a", heard(log));
  EXPECT_THAT(log->lines,
              ElementsAre("start RunnableSequence \"a\"", "start one \"a\"", "end one \"a!\"",
                          "start two \"a!\"", "end two \"a!!\"", "end RunnableSequence \"a!!\""));
}

ASYNC_TEST(Events, NumberTheStepsOfNestedSequencesThrough) {
  const auto log = std::make_shared<RunLog>();
  const auto left = shout("one") | shout("two");
  const auto right = shout("three") | shout("four");
  const auto chain = left | (right | shout("five"));
  (void)co_await chain.invoke("a", heard(log).with_tag("mine"));
  EXPECT_THAT(log->run("RunnableSequence")->tags(), ElementsAre("mine"));
  EXPECT_THAT(log->run("one")->tags(), ElementsAre("mine", "seq:step:1"));
  EXPECT_THAT(log->run("three")->tags(), ElementsAre("mine", "seq:step:3"));
  EXPECT_THAT(log->run("five")->tags(), ElementsAre("mine", "seq:step:5"));
  EXPECT_EQ(log->of("RunnableSequence").size(), 2U);  // one run, not three
}

ASYNC_TEST(Events, HaveTheIdsOfTheirParentsFromTheRootOn) {
  const auto log = std::make_shared<RunLog>();
  const auto chain = parallel("k", shout("one") | shout("two"));
  (void)co_await chain.invoke("a", heard(log).with_run_id("root-id").with_run_name("root"));
  const auto root = log->run("root");
  const auto sequence = log->run("RunnableSequence");
  EXPECT_EQ(root->id(), "root-id");
  EXPECT_THAT(root->parent_ids(), IsEmpty());
  EXPECT_THAT(sequence->tags(), ElementsAre("map:key:k"));
  EXPECT_THAT(log->run("two")->parent_ids(), ElementsAre("root-id", sequence->id()));
  EXPECT_EQ(sequence->id().size(), 36U);
  EXPECT_NE(sequence->id(), log->run("two")->id());
  EXPECT_EQ(log->run("root"), log->runs.front());
}

ASYNC_TEST(Events, KnowTheirMetadataAndKind) {
  const auto model = make_fake(FakeScript::saying({"hi"}));
  const auto log = std::make_shared<RunLog>();
  const auto chain = model | StrOutputParser();
  const RunConfig config = heard(log).with_metadata("user", "ada");
  (void)co_await chain.invoke(messages(HumanMessage("x")), config);
  EXPECT_EQ(log->run("fake:model")->kind(), RunKind::kChatModel);
  EXPECT_EQ(log->run("StrOutputParser")->metadata().at("user"), Json("ada"));
}

ASYNC_TEST(Events, TellTheInputOfAStreamedStepAtItsEnd) {
  const auto chain = letters("one", 0s) | letters("two", 0s);
  const auto events = co_await all(chain.stream_events("ab"));
  for (const RunEvent& event : events) {
    if (event.run->name() != "two") continue;
    if (event.kind == RunEvent::Kind::kStart) {
      EXPECT_TRUE(event.input.empty());
    }
    if (event.kind != RunEvent::Kind::kEnd) continue;
    EXPECT_EQ(*event.input.get_if<std::string>(), "ab");
    EXPECT_EQ(*event.output.get_if<std::string>(), "ab");
  }
  EXPECT_EQ(events.size(), 12U);
}

ASYNC_TEST(Events, AreWrittenAsLangChainWritesThem) {
  const auto chain = shout("one");
  RunConfig config;
  config.with_run_id("id-1").with_tag("t").with_metadata("k", 1);
  const auto events = co_await all(chain.stream_events("a", config));
  EXPECT_EQ(json_text(Json(events.front().json())),
            R"({"event":"on_chain_start","name":"one","run_id":"id-1","parent_ids":[],)"
            R"("tags":["t"],"metadata":{"k":1},"data":{"input":"a"}})");
  EXPECT_EQ(json_text(events.back().json().at("data")), R"({"input":"a","output":"a!"})");
}

ASYNC_TEST(Events, AreFilteredByNameKindAndTag) {
  const auto model = make_fake(FakeScript::saying({"hi"}));
  const auto chain = lambda("ask", [](std::string s) { return messages(HumanMessage(s)); }) |
                     model | StrOutputParser();
  const auto only = co_await all(
      chain.stream_events("x", RunConfig(), EventOptions().include_kind(RunKind::kChatModel)));
  for (const RunEvent& event : only) EXPECT_EQ(event.run->name(), "fake:model");
  EXPECT_EQ(only.size(), 5U);  // start, three chunks, end
  const auto by_name =
      co_await all(chain.stream_events("x", RunConfig(), EventOptions().include_name("ask")));
  EXPECT_THAT(named(by_name),
              ElementsAre("on_chain_start ask", "on_chain_stream ask", "on_chain_end ask"));
  const auto by_tag =
      co_await all(chain.stream_events("x", RunConfig(), EventOptions().include_tag("seq:step:1")));
  EXPECT_EQ(named(by_tag), named(by_name));
  EventOptions but;
  but.include_tag("seq:step:1").exclude_name("ask");
  const auto none = co_await all(chain.stream_events("x", RunConfig(), but));
  EXPECT_THAT(named(none), IsEmpty());
}

ASYNC_TEST(Events, OfYourOwnBelongToTheRunTheyAreToldIn) {
  const auto step = lambda("step", [](std::string s) {
    dispatch_custom_event("progress", json_object("done", 1));
    return s;
  });
  const auto chain = shout("one") | step;
  const auto events = co_await all(chain.stream_events("x"));
  std::vector<std::string> parents;
  for (const RunEvent& event : events) {
    if (event.kind != RunEvent::Kind::kCustom) continue;
    EXPECT_EQ(event.run->name(), "step");
    EXPECT_EQ(json_text(event.custom_data), R"({"done":1})");
    EXPECT_EQ(event.event(), "on_custom_event");
  }
  EXPECT_THAT(named(events), Contains("on_custom_event progress"));
  dispatch_custom_event("nobody", Json(1));  // outside of runs: nothing
}

ASYNC_TEST(Events, EndWithOneErrorForEachStart) {
  const auto log = std::make_shared<RunLog>();
  const auto chain = shout("one") | failing() | shout("three");
  const auto error = co_await error_of(chain.invoke("a", heard(log)));
  EXPECT_EQ(describe(error), "broken");
  EXPECT_THAT(log->lines, ElementsAre("start RunnableSequence \"a\"", "start one \"a\"",
                                      "end one \"a!\"", "start fail \"a!\"", "error fail broken",
                                      "error RunnableSequence broken"));
  const auto streamed = co_await error_of(all(chain.stream_events("a")));
  EXPECT_EQ(describe(streamed), "broken");
}

/// For each run, how often it was started and how often it ended.
void expect_ends(const RunLog& log) {
  std::map<std::string, int> open;
  for (std::size_t i = 0; i < log.lines.size(); ++i) {
    const std::string& line = log.lines[i];
    if (line.starts_with("start")) ++open[log.runs[i]->id()];
    if (line.starts_with("end") || line.starts_with("error")) --open[log.runs[i]->id()];
  }
  for (const auto& [id, count] : open) EXPECT_EQ(count, 0) << id;
}

ASYNC_TEST(Events, EndForAStreamThatIsLeftEarly) {
  const auto log = std::make_shared<RunLog>();
  const auto chain = letters("one", 1s) | parallel("a", letters("two", 0s), "b", shout("three"));
  {
    auto stream = chain.stream("abc", heard(log));
    (void)co_await stream.next();
  }
  expect_ends(*log);
  EXPECT_EQ(log->of("one").back(), "error one cancelled");
  EXPECT_EQ(current_config().run(), nullptr);
}

TEST(Events, EndWhereverARunIsCancelled) {
  const auto scenario = []() -> Coro<> {
    const auto log = std::make_shared<RunLog>();
    const auto chain = letters("one", 1s) | parallel("a", letters("two", 1s), "b", shout("three")) |
                       lambda("four", [](JsonObject o) { return o.size(); });
    const auto error = co_await error_of(chain.invoke("ab", heard(log)));
    const auto later = co_await error_of(chain.stream("ab", heard(log)).collect());
    expect_ends(*log);
    if (error) std::rethrow_exception(error);
    if (later) std::rethrow_exception(later);
  };
  EXPECT_GE(cancel_at_every_suspension(scenario), 1);
}

ASYNC_TEST(Events, HoldAFastProducer) {
  auto made = std::make_shared<int>(0);
  const auto fast = generator<std::string, std::string>("fast", [made](Stream<std::string>) {
    return [](std::shared_ptr<int> count) -> Stream<std::string> {
      for (; *count < 1000; ++*count) co_yield std::string("x");
    }(made);
  });
  auto events = fast.stream_events("", RunConfig(), EventOptions().events_max(10));
  (void)co_await events.next();
  co_await sleep(1s);
  EXPECT_LE(*made, 12);
  int count = 1;
  while (auto event = co_await events.next()) ++count;
  EXPECT_EQ(count, 1002);
}

ASYNC_TEST(Events, HoldAModelThatIsInvoked) {
  const std::vector<std::string> tokens(500, "x");
  const auto model = make_fake(FakeScript::saying(tokens));
  const auto ask =
      lambda("ask", [model](std::string s) { return model->invoke(messages(HumanMessage(s))); });
  auto events = ask.stream_events("x", RunConfig(), EventOptions().events_max(10));
  int pieces = 0;
  (void)co_await events.next();
  co_await sleep(1s);
  EXPECT_EQ(model->calls().finished, 0U);
  while (auto event = co_await events.next()) {
    if (event->event() == "on_chat_model_stream") ++pieces;
  }
  EXPECT_EQ(pieces, 502);
}

class Thrower final : public RunObserver {
 public:
  void on_start(const Run&, const RunValue&) override { throw std::runtime_error("observer"); }
  void on_end(const Run&, const RunValue&, const RunValue&) override {
    throw std::runtime_error("observer");
  }
};

ASYNC_TEST(Events, OfAnObserverThatThrowsGoToTheExceptionHandler) {
  auto told = std::make_shared<int>(0);
  EventLoop::current().set_exception_handler([told](const ExceptionContext& context) {
    EXPECT_EQ(describe(context.exception), "observer");
    ++*told;
  });
  const auto log = std::make_shared<RunLog>();
  RunConfig config;
  config.with_observer(std::make_shared<Thrower>()).with_observer(log);
  const std::string text = co_await shout("one").invoke("a", config);
  EXPECT_EQ(text, "a!");
  EXPECT_EQ(*told, 2);
  EXPECT_EQ(log->lines.size(), 2U);
}

ASYNC_TEST(Events, OfUsageAreSummedByModelWithoutMakingItStream) {
  const auto model = make_fake(FakeScript::saying({"a", "b"}));
  const auto usage = std::make_shared<UsageObserver>();
  const auto chain = model | StrOutputParser();
  RunConfig config;
  config.with_observer(usage);
  const std::vector<Messages> inputs(3, messages(HumanMessage("x")));
  (void)co_await chain.batch(inputs, config);
  EXPECT_EQ(usage->calls(), 3U);
  EXPECT_EQ(usage->by_model().at("fake").output_tokens, 6);
  EXPECT_EQ(usage->total().input_tokens, 9);
  EXPECT_FALSE(usage->wants_pieces());
}

ASYNC_TEST(Events, ComeInPiecesFromAModelThatIsInvoked) {
  const auto model = make_fake(FakeScript::saying({"he", "llo"}));
  const auto log = std::make_shared<RunLog>();
  const AIMessage answer = co_await model->invoke(messages(HumanMessage("x")), heard(log));
  EXPECT_EQ(answer.text(), "hello");
  EXPECT_EQ(log->of("fake:model").size(), 6U);
}

ASYNC_TEST(Events, CostNothingWhereNobodyListens) {
  // A step that is called without a configuration, or with a bare one, hears of no run.
  auto seen = std::make_shared<std::vector<bool>>();
  const auto look = lambda("look", [seen](std::string s, RunConfig config) {
    seen->push_back(config.run() != nullptr || !current_config().empty() || !config.empty());
    return s;
  });
  const auto chain = look | parallel("a", look) | pick("a");
  (void)co_await chain.invoke("x");
  (void)co_await chain.stream("x").collect();
  EXPECT_THAT(*seen, ::testing::Each(false));
  EXPECT_EQ(seen->size(), 4U);
}

ASYNC_TEST(Events, OfABoundStepAreThoseOfOneRun) {
  const auto log = std::make_shared<RunLog>();
  const auto step = with_config(shout("one"), RunConfig().with_tag("bound"));
  (void)co_await step.invoke("a", heard(log));
  EXPECT_THAT(log->lines, ElementsAre("start one \"a\"", "end one \"a!\""));
  EXPECT_THAT(log->run("one")->tags(), ElementsAre("bound"));
}

ASYNC_TEST(Events, OfStreamEventsStopTheRunWhenTheyAreDropped) {
  const auto log = std::make_shared<RunLog>();
  {
    auto events = letters("one", 1s).stream_events("abc", heard(log));
    (void)co_await events.next();
    (void)co_await events.next();
  }
  expect_ends(*log);
  EXPECT_EQ(log->lines.back(), "error one cancelled");
}

ASYNC_TEST(Events, OfRetriesTellEachFailedTry) {
  auto tries = std::make_shared<int>(0);
  const auto flaky = lambda("flaky", [tries](std::string s) -> std::string {
    if (++*tries < 3) throw std::runtime_error("try " + std::to_string(*tries));
    return s;
  });
  const auto log = std::make_shared<RunLog>();
  const auto chain = with_retry(flaky, RetryPolicy().with_retry_on_any());
  (void)co_await chain.invoke("x", heard(log));
  EXPECT_THAT(log->of("RunnableRetry"),
              ElementsAre("start RunnableRetry \"x\"", "retry RunnableRetry 1 try 1",
                          "retry RunnableRetry 2 try 2", "end RunnableRetry \"x\""));
  EXPECT_TRUE(log->runs[log->runs.size() - 2]->has_tag("retry:attempt:3"));
}

/// Holds on to the last run that it heard of.
class KeepsRun final : public RunObserver {
 public:
  void on_start(const Run& run, const RunValue&) override { kept = run.shared_from_this(); }
  std::shared_ptr<const Run> kept;
};

TEST(Events, ARunDoesNotKeepTheObserverThatKeepsIt) {
  const auto observer = std::make_shared<KeepsRun>();
  const RunConfig config = RunConfig().with_metadata("k", 1).with_observer(observer);
  (void)cochain::run(letters("one", Duration::zero()).invoke("a", config));
  ASSERT_NE(observer->kept, nullptr);
  EXPECT_EQ(observer->kept->metadata().size(), 1U);
  EXPECT_EQ(observer.use_count(), 2) << "held here and by the configuration alone";
}

}  // namespace
}  // namespace cochain::testing
