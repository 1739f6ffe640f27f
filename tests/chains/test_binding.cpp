// What a step brings along: a configuration, listeners, a choice.
#include <stdexcept>

#include <gmock/gmock.h>

#include "cochain/chains/runnable/binding.hpp"
#include "cochain/chains/runnable/graph_view.hpp"
#include "cochain/chains/runnable/lambda.hpp"
#include "run_log.hpp"
#include "steps.hpp"

namespace cochain::testing {
namespace {

using ::testing::ElementsAre;
using Text = Chain<std::string, std::string>;

Text say(std::string name) {
  return lambda(name, [name](std::string s) { return name + " " + s; });
}

struct Style {
  std::string mark = "!";
  int times = 1;
};
BOOST_DESCRIBE_STRUCT(Style, (), (mark, times))

/// Adds a mark so many times; `made` counts how often the step was made.
Text with_marks(std::shared_ptr<int> made = std::make_shared<int>()) {
  return configurable_fields(Style(), [made](const Style& style) {
    ++*made;
    return lambda("mark", [style](std::string s) {
      for (int i = 0; i < style.times; ++i) s += style.mark;
      return s;
    });
  });
}

ASYNC_TEST(WithConfig, NamesTheRunOfItsStep) {
  const auto log = std::make_shared<RunLog>();
  const auto chain = say("a") | with_config(say("b"), RunConfig().with_run_name("named"));
  (void)co_await chain.invoke("x", RunConfig().with_observer(log));
  EXPECT_NE(log->run("named"), nullptr);
  EXPECT_EQ(log->run("b"), nullptr);
  EXPECT_THAT(log->run("named")->tags(), ElementsAre("seq:step:2"));
}

ASYNC_TEST(WithConfig, BringsAnObserverForItsStepAlone) {
  const auto log = std::make_shared<RunLog>();
  const auto chain = say("a") | with_config(say("b"), RunConfig().with_observer(log)) | say("c");
  (void)co_await chain.invoke("x");
  EXPECT_EQ(log->lines.size(), 2U);
  EXPECT_EQ(log->runs[0]->name(), "b");
}

/// What listeners heard.
using Heard = std::shared_ptr<std::vector<std::string>>;
RunListeners listeners(Heard heard) {
  return RunListeners()
      .on_start([heard](const Run& run, const RunValue& input) {
        heard->push_back("start " + run.name() + " " + json_text(input.json()));
      })
      .on_end([heard](const Run& run, const RunValue& output) {
        heard->push_back("end " + run.name() + " " + json_text(output.json()));
      })
      .on_error([heard](const Run& run, const std::exception_ptr& error) {
        heard->push_back("error " + run.name() + " " + describe(error));
      });
}

ASYNC_TEST(WithListeners, HearOfTheirStepAndOfNothingInside) {
  const Heard heard = std::make_shared<std::vector<std::string>>();
  const auto inner = say("b") | say("c");
  const auto chain = say("a") | with_listeners(inner, listeners(heard)) | say("d");
  (void)co_await chain.invoke("x");
  EXPECT_THAT(*heard,
              ElementsAre("start RunnableSequence \"a x\"", "end RunnableSequence \"c b a x\""));
  heard->clear();
  (void)co_await chain.stream("x").collect();
  EXPECT_EQ(heard->size(), 2U);
}

ASYNC_TEST(WithListeners, HearOfErrorsAndOfEachCall) {
  const Heard heard = std::make_shared<std::vector<std::string>>();
  const auto fail =
      lambda("fail", [](std::string) -> std::string { throw std::runtime_error("no"); });
  const auto step = with_listeners(fail, listeners(heard));
  (void)co_await step.batch(std::vector<std::string>(2, "x"));
  EXPECT_THAT(*heard, ElementsAre("start fail \"x\"", "error fail no", "start fail \"x\"",
                                  "error fail no"));
}

ASYNC_TEST(Alternatives, AreChosenByTheConfigurationOfTheRun) {
  const auto chain =
      say("a") | configurable_alternatives("model", "small", say("small"), "large", say("large"));
  const std::string made = co_await chain.invoke("x");
  EXPECT_EQ(made, "small a x");
  const RunConfig large = RunConfig().with_configurable("model", "large");
  const std::string other = co_await chain.invoke("x", large);
  EXPECT_EQ(other, "large a x");
  const auto pieces = co_await chain.stream("x", large).collect();
  EXPECT_THAT(pieces, ElementsAre("large a x"));
  const auto outer = lambda("outer", [chain](std::string s) { return chain.invoke(s); });
  const std::string inherited = co_await outer.invoke("x", large);
  EXPECT_EQ(inherited, "large a x");
}

ASYNC_TEST(Alternatives, RefuseAnUnknownChoice) {
  const auto chain = configurable_alternatives("model", "small", say("s"), "large", say("l"));
  const RunConfig config = RunConfig().with_configurable("model", "huge");
  const auto error = co_await error_of(chain.invoke("x", config));
  EXPECT_EQ(describe(error), "configurable 'model' is \"huge\", which is none of 'small', 'large'");
  const auto batch = co_await chain.batch(std::vector<std::string>(1, "x"), config);
  EXPECT_FALSE(batch[0].ok());
}

ASYNC_TEST(ConfigurableFields, AreSetByTheConfigurationOfTheRun) {
  const auto made = std::make_shared<int>();
  const auto chain = say("a") | with_marks(made);
  const std::string usual = co_await chain.invoke("x");
  EXPECT_EQ(usual, "a x!");
  EXPECT_EQ(*made, 1);
  RunConfig config = RunConfig().with_configurable("times", 3);
  const std::string thrice = co_await chain.invoke("x", config);
  EXPECT_EQ(thrice, "a x!!!");
  config.with_configurable("mark", "?");
  const auto pieces = co_await chain.stream("x", config).collect();
  EXPECT_THAT(pieces, ElementsAre("a x???"));
  const auto outer = lambda("outer", [chain](std::string s) { return chain.invoke(s); });
  const std::string inherited = co_await outer.invoke("x", config);
  EXPECT_EQ(inherited, "a x???");
}

ASYNC_TEST(ConfigurableFields, RefuseWhatAMemberCannotHold) {
  const auto chain = with_marks();
  const RunConfig config = RunConfig().with_configurable("times", "often");
  const auto error = co_await error_of(chain.invoke("x", config));
  EXPECT_TRUE(is<InvalidInputError>(error));
  EXPECT_THAT(describe(error), ::testing::HasSubstr("$.times"));
  const auto batch = co_await chain.batch(std::vector<std::string>(2, "x"), config);
  EXPECT_FALSE(batch[0].ok());
  EXPECT_FALSE(batch[1].ok());
}

TEST(ConfigurableFields, AreTold) {
  const std::string told = explain(with_marks());
  EXPECT_THAT(told, ::testing::HasSubstr("made of configurable 'mark', 'times'"));
}

TEST(RunConfig, TakesSixtyFourObserversAndNoMore) {
  RunConfig config;
  for (int i = 0; i < 64; ++i) config.with_observer(std::make_shared<RunLog>());
  EXPECT_THROW(config.with_observer(std::make_shared<RunLog>()), InvalidStateError);
  const RunConfig one = RunConfig().with_observer(std::make_shared<RunLog>());
  EXPECT_THROW((void)config.merged_with(one), InvalidStateError);
  EXPECT_EQ(config.observers().size(), 64U);
}

}  // namespace
}  // namespace cochain::testing
