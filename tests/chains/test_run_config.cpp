// Configurations: how they are merged, what is handed down, and what holds for the root alone.
#include <gmock/gmock.h>

#include "cochain/chains/runnable/binding.hpp"
#include "cochain/chains/runnable/lambda.hpp"
#include "run_log.hpp"
#include "steps.hpp"

namespace cochain::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(RunConfig, OfNothingSaysNothing) {
  const RunConfig config;
  EXPECT_TRUE(config.empty());
  EXPECT_EQ(config.max_concurrency(), 0U);
  EXPECT_EQ(config.recursion_limit(), 25);
  EXPECT_THAT(config.tags(), IsEmpty());
  EXPECT_EQ(config.run(), nullptr);
  EXPECT_TRUE(config.merged_with(RunConfig()).empty());
}

TEST(RunConfig, SharesWithItsCopiesUntilOneIsChanged) {
  RunConfig one;
  one.with_tag("a").with_max_concurrency(3);
  RunConfig copy = one;
  EXPECT_EQ(copy.state(), one.state());
  copy.with_tag("b");
  EXPECT_THAT(one.tags(), ElementsAre("a"));
  EXPECT_THAT(copy.tags(), ElementsAre("a", "b"));
}

TEST(RunConfig, MergesTagsAsASortedSet) {
  const RunConfig merged =
      RunConfig().with_tag("b").with_tag("a").merged_with(RunConfig().with_tag("c").with_tag("a"));
  EXPECT_THAT(merged.tags(), ElementsAre("a", "b", "c"));
}

TEST(RunConfig, MergesMembersAndLetsTheLaterWin) {
  RunConfig one;
  one.with_metadata("a", 1).with_metadata("b", 1).with_configurable("m", "x").with_run_name("one");
  RunConfig other;
  other.with_metadata("b", 2).with_configurable("n", "y").with_run_id("id");
  const RunConfig merged = one.merged_with(other);
  EXPECT_EQ(json_text(Json(merged.metadata())), R"({"a":1,"b":2})");
  EXPECT_EQ(json_text(Json(merged.configurable())), R"({"m":"x","n":"y"})");
  EXPECT_EQ(merged.run_name(), "one");
  EXPECT_EQ(merged.run_id(), "id");
}

TEST(RunConfig, MergesALimitOfRecursionOnlyIfItIsNotTheUsualOne) {
  const RunConfig ten = RunConfig().with_recursion_limit(10);
  EXPECT_EQ(ten.merged_with(RunConfig().with_recursion_limit(25)).recursion_limit(), 10);
  EXPECT_EQ(ten.merged_with(RunConfig().with_recursion_limit(7)).recursion_limit(), 7);
  EXPECT_EQ(ten.merged_with(RunConfig().with_tag("x")).recursion_limit(), 10);
}

TEST(RunConfig, MergesObserversOnceEach) {
  const auto log = std::make_shared<RunLog>();
  const auto other = std::make_shared<RunLog>();
  RunConfig one;
  one.with_observer(log);
  RunConfig two;
  two.with_observer(log).with_observer(other);
  EXPECT_EQ(one.merged_with(two).observers().size(), 2U);
}

TEST(RunConfig, OfDefaultsGivesWayToWhatIsSaid) {
  RunConfig said;
  said.with_metadata("a", 1);
  RunConfig defaults;
  defaults.with_metadata("a", 2).with_metadata("b", 2).with_run_name("n");
  const RunConfig both = said.with_defaults(defaults);
  EXPECT_EQ(json_text(Json(both.metadata())), R"({"a":1,"b":2})");
  EXPECT_EQ(both.run_name(), "n");
}

/// What a step was given, and what its task is in.
class Seen {
 public:
  Seen() = default;
  std::vector<RunConfig> given;
  std::vector<RunConfig> current;
};
Chain<int, int> look(std::shared_ptr<Seen> seen, std::string name = "look") {
  return lambda(std::move(name), [seen](int n, RunConfig config) {
    seen->given.push_back(config);
    seen->current.push_back(current_config());
    return n;
  });
}
Coro<int> call_inside(Chain<int, int> step, int n) {
  const int made = co_await step.invoke(n);
  co_return made;
}
Chain<int, int> calling(Chain<int, int> step) {
  return lambda("outer", [step](int n) { return call_inside(step, n); });
}

ASYNC_TEST(RunConfig, IsInheritedByCallsInsideOfAStep) {
  auto seen = std::make_shared<Seen>();
  const auto log = std::make_shared<RunLog>();
  RunConfig config;
  config.with_tag("t").with_metadata("k", 1).with_configurable("c", "x").with_observer(log);
  config.with_max_concurrency(4).with_recursion_limit(9);
  (void)co_await calling(look(seen)).invoke(1, config);
  EXPECT_THAT(seen->given[0].tags(), ElementsAre("t"));
  EXPECT_EQ(seen->given[0].metadata().at("k"), Json(1));
  EXPECT_EQ(configured(seen->given[0], "c"), Json("x"));
  EXPECT_EQ(configured(RunConfig(), "c"), Json());
  EXPECT_EQ(seen->given[0].max_concurrency(), 4U);
  EXPECT_EQ(seen->given[0].recursion_limit(), 9);
  EXPECT_EQ(seen->given[0].run()->name(), "look");
  EXPECT_EQ(seen->given[0].run()->parent()->name(), "outer");
  EXPECT_EQ(seen->current[0].run(), seen->given[0].run());
  EXPECT_TRUE(current_config().empty());
}

ASYNC_TEST(RunConfig, IsInheritedByTasksThatAStepStarts) {
  auto seen = std::make_shared<Seen>();
  const auto inner = look(seen);
  const auto start = [](Chain<int, int> step, int n) -> Coro<int> {
    auto task = create_task(call_inside(step, n));
    co_return co_await task;
  };
  const auto outer = lambda("outer", [inner, start](int n) { return start(inner, n); });
  (void)co_await outer.invoke(1, RunConfig().with_tag("t"));
  EXPECT_THAT(seen->given[0].tags(), ElementsAre("t"));
}

ASYNC_TEST(RunConfig, KeepsNameAndIdForTheRootAlone) {
  const auto log = std::make_shared<RunLog>();
  auto seen = std::make_shared<Seen>();
  RunConfig config;
  config.with_run_name("root").with_run_id("id-1").with_observer(log);
  (void)co_await (calling(look(seen)) | look(seen, "last")).invoke(1, config);
  EXPECT_EQ(log->run("root")->id(), "id-1");
  EXPECT_EQ(log->runs.front()->name(), "root");
  for (const RunConfig& given : seen->given) {
    EXPECT_EQ(given.run_name(), "");
    EXPECT_EQ(given.run_id(), "");
    EXPECT_NE(given.run()->id(), "id-1");
  }
}

ASYNC_TEST(RunConfig, GivesARunIdToTheFirstItemOfABatchAlone) {
  const auto log = std::make_shared<RunLog>();
  auto seen = std::make_shared<Seen>();
  const std::vector<int> inputs(3, 1);
  RunConfig config;
  config.with_run_id("id-1").with_observer(log);
  (void)co_await look(seen).batch(inputs, config);
  EXPECT_EQ(seen->given[0].run()->id(), "id-1");
  EXPECT_EQ(seen->given[1].run()->id().size(), 36U);
  EXPECT_NE(seen->given[1].run()->id(), seen->given[2].run()->id());
}

ASYNC_TEST(RunConfig, MayBeOneForEachItemOfABatch) {
  auto seen = std::make_shared<Seen>();
  const std::vector<int> inputs(2, 1);
  std::vector<RunConfig> configs(2);
  configs[0].with_tag("a").with_max_concurrency(1);
  configs[1].with_tag("b");
  (void)co_await look(seen).batch(inputs, configs);
  EXPECT_THAT(seen->given[0].tags(), ElementsAre("a"));
  EXPECT_THAT(seen->given[1].tags(), ElementsAre("b"));
  configs.pop_back();
  const auto error = error_of_call([&] { (void)look(seen).batch(inputs, configs).close(); });
  EXPECT_EQ(describe(error), "a batch of 2 inputs was given 1 configurations");
}

ASYNC_TEST(RunConfig, OfAStepIsNotThatOfItsSibling) {
  auto seen = std::make_shared<Seen>();
  const auto chain =
      with_config(look(seen, "one"), RunConfig().with_tag("mine")) | look(seen, "two");
  (void)co_await chain.invoke(1, RunConfig().with_tag("all"));
  EXPECT_THAT(seen->given[0].tags(), ElementsAre("all", "mine"));
  EXPECT_THAT(seen->given[1].tags(), ElementsAre("all"));
}

ASYNC_TEST(RunConfig, ChangedInsideOfAStepHoldsForWhatIsCalledWithIt) {
  auto seen = std::make_shared<Seen>();
  const auto inner = look(seen);
  const auto outer = lambda("outer", [inner](int n, RunConfig config) {
    return inner.invoke(n, config.with_tag("more"));
  });
  (void)co_await (outer | look(seen)).invoke(1, RunConfig().with_tag("t"));
  EXPECT_THAT(seen->given[0].tags(), ElementsAre("more", "t"));
  EXPECT_THAT(seen->given[1].tags(), ElementsAre("t"));
}

ASYNC_TEST(RunConfig, KeepsWhatAStepSetInTheContextOfItsTask) {
  static ContextVar<int> variable("variable", 0);
  const auto set = lambda("set", [](int n) {
    variable.set(n);
    return n;
  });
  (void)co_await set.invoke(7, RunConfig().with_tag("t"));
  EXPECT_EQ(variable.get(), 7);
  EXPECT_TRUE(current_config().empty());
}

}  // namespace
}  // namespace cochain::testing
