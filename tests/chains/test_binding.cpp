// What a step brings along: a configuration, listeners, a choice.
#include <stdexcept>

#include <gmock/gmock.h>

#include "cochain/chains/runnable/binding.hpp"
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

}  // namespace
}  // namespace cochain::testing
