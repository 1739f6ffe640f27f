// Steps that choose: conditions in order, one step chosen and streamed.
#include <stdexcept>

#include <gmock/gmock.h>

#include "cochain/chains/runnable/branch.hpp"
#include "run_log.hpp"
#include "steps.hpp"

namespace cochain::testing {
namespace {

using ::testing::ElementsAre;
using Text = Chain<std::string, std::string>;

Text say(std::string name) {
  return lambda(name, [name](std::string s) { return name + " " + s; });
}
Text letters() {
  return generator<std::string, std::string>("letters",
                                             [](Stream<std::string> in) -> Stream<std::string> {
                                               while (auto text = co_await in.next()) {
                                                 for (const char c : *text) {
                                                   co_await sleep(1s);
                                                   co_yield std::string(1, c);
                                                 }
                                               }
                                             });
}
bool is_short(const std::string& s) { return s.size() < 3; }

ASYNC_TEST(Branch, TakesTheFirstStepWhoseConditionHolds) {
  auto asked = std::make_shared<int>(0);
  const auto count = [asked](const std::string& s) -> bool {
    ++*asked;
    return s.size() < 5;
  };
  const auto chain = branch(&is_short, say("short"), count, say("middle"), say("long"));
  const std::string a = co_await chain.invoke("ab");
  EXPECT_EQ(a, "short ab");
  EXPECT_EQ(*asked, 0);
  const std::string b = co_await chain.invoke("abcd");
  EXPECT_EQ(b, "middle abcd");
  const std::string c = co_await chain.invoke("abcdef");
  EXPECT_EQ(c, "long abcdef");
  EXPECT_EQ(*asked, 2);
}

ASYNC_TEST(Branch, TakesStepsAndCoroutinesForConditions) {
  const auto model = lambda("judge", [](std::string s) -> Coro<bool> {
    co_await sleep(1s);
    co_return s == "yes";
  });
  const auto slow = [](std::string s) -> Coro<bool> {
    co_await sleep(1s);
    co_return s == "maybe";
  };
  const auto chain = branch(model, say("one"), slow, say("two"), say("three"));
  const std::string a = co_await chain.invoke("yes");
  const std::string b = co_await chain.invoke("maybe");
  EXPECT_EQ(a, "one yes");
  EXPECT_EQ(b, "two maybe");
}

ASYNC_TEST(Branch, StreamsWhatItChose) {
  const auto chain = branch(&is_short, letters(), say("long"));
  const auto pieces = co_await timed(chain.stream("ab"));
  EXPECT_THAT(pieces, ElementsAre(Timed<std::string>("a", 1s), Timed<std::string>("b", 2s)));
  const auto behind = co_await timed((letters() | chain).stream("ab"));
  EXPECT_THAT(behind, ElementsAre(Timed<std::string>("a", 3s), Timed<std::string>("b", 4s)));
}

ASYNC_TEST(Branch, TagsWhatItRuns) {
  const auto log = std::make_shared<RunLog>();
  const auto chain = branch(&is_short, say("short"), &is_short, say("never"), say("long"));
  (void)co_await chain.invoke("abcdef", RunConfig().with_observer(log));
  EXPECT_THAT(log->run("condition")->tags(), ElementsAre("condition:1"));
  EXPECT_THAT(log->run("long")->tags(), ElementsAre("branch:default"));
  EXPECT_EQ(log->of("condition").size(), 4U);
  EXPECT_EQ(log->run("short"), nullptr);
}

ASYNC_TEST(Branch, ThrowsWhatAConditionThrows) {
  const auto bad = [](const std::string&) -> bool { throw std::runtime_error("condition"); };
  const auto error = co_await error_of(branch(bad, say("a"), say("b")).invoke("x"));
  EXPECT_EQ(describe(error), "condition");
}

ASYNC_TEST(Router, TakesTheStepThatItsInputNames) {
  const auto chain = router("a", say("a"), "letters", letters());
  const std::string made = co_await chain.invoke(RouterInput<std::string>("a", "x"));
  EXPECT_EQ(made, "a x");
  const auto pieces = co_await chain.stream(RouterInput<std::string>("letters", "xy")).collect();
  EXPECT_THAT(pieces, ElementsAre("x", "y"));
  const auto error = co_await error_of(chain.invoke(RouterInput<std::string>("b", "x")));
  EXPECT_EQ(describe(error), "router(): there is no step 'b', but 'a', 'letters'");
}

TEST(Branch, LeavesNothingWhereverItIsCancelled) {
  const auto scenario = []() -> Coro<> {
    const auto slow = [](std::string) -> Coro<bool> {
      co_await sleep(1s);
      co_return true;
    };
    const auto chain = branch(slow, letters(), say("x"));
    (void)co_await chain.invoke("ab");
    (void)co_await chain.stream("ab").collect();
  };
  EXPECT_GE(cancel_at_every_suspension(scenario), 1);
}

}  // namespace
}  // namespace cochain::testing
