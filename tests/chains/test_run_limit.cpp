// One limit for a whole run: batches in batches and branches in branches share its turns.
#include <algorithm>
#include <stdexcept>

#include <gmock/gmock.h>

#include "cochain/chains/runnable/assign.hpp"
#include "cochain/chains/runnable/each.hpp"
#include "cochain/chains/runnable/lambda.hpp"
#include "cochain/chains/runnable/resilience.hpp"
#include "steps.hpp"

namespace cochain::testing {
namespace {

using ::testing::ElementsAre;

/// Work that counts how much of it goes on at once.
class Gauge {
 public:
  Gauge() = default;
  int live = 0;
  int live_max = 0;
  int finished = 0;
  std::vector<int> started;

  class Use {
   public:
    explicit Use(Gauge& gauge) : gauge_(gauge) {
      gauge_.live_max = std::max(gauge_.live_max, ++gauge_.live);
    }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    ~Use() { --gauge_.live; }

   private:
    Gauge& gauge_;
  };
};
using SharedGauge = std::shared_ptr<Gauge>;

Coro<int> work(SharedGauge gauge, int n) {
  gauge->started.push_back(n);
  const Gauge::Use use(*gauge);
  co_await sleep(1s);
  ++gauge->finished;
  co_return n + 1;
}

/// A step that works for a second.
Chain<int, int> work_step(SharedGauge gauge) {
  return lambda("work", [gauge](int n) { return work(gauge, n); });
}

std::vector<int> numbers(int count) {
  std::vector<int> made;
  for (int n = 0; n < count; ++n) made.push_back(n);
  return made;
}
RunConfig at_once(std::size_t items) { return RunConfig().with_max_concurrency(items); }

Coro<int> batch_inside(Chain<int, int> step, int n) {
  const auto outcomes = co_await step.batch(std::vector<int>(4, n));
  int sum = 0;
  for (const auto& outcome : outcomes) sum += outcome.value();
  co_return sum;
}
/// Four of `step` for one input; the configuration comes from the context alone.
Chain<int, int> four_of(Chain<int, int> step) {
  return lambda("four", [step](int n) { return batch_inside(step, n); });
}
Coro<int> batch_handed_down(Chain<int, int> step, int n, RunConfig config) {
  const auto outcomes = co_await step.batch(std::vector<int>(4, n), std::move(config));
  co_return static_cast<int>(outcomes.size());
}

/// `branches` steps on the same input; gives the sum of what they give.
template <class In>
Chain<In, int> all_of(std::vector<Chain<In, int>> branches) {
  detail::Members<In> members;
  for (std::size_t i = 0; i < branches.size(); ++i) {
    members.emplace_back("b" + std::to_string(i),
                         std::make_shared<const detail::MemberOf<In, int>>(branches[i].steps()));
  }
  std::shared_ptr<const Runnable<In, JsonObject>> all =
      std::make_shared<const detail::Parallel<In>>(std::move(members));
  return Chain<In, JsonObject>(std::move(all)) | lambda("sum", [](JsonObject made) {
           std::int64_t sum = 0;
           for (const auto& [key, value] : made) sum += value.as_int64();
           return static_cast<int>(sum);
         });
}
Chain<int, int> branches_of(Chain<int, int> step, std::size_t count) {
  return all_of(std::vector<Chain<int, int>>(count, std::move(step)));
}

ASYNC_TEST(RunLimit, HoldsForABatchInsideOfABatch) {
  auto gauge = std::make_shared<Gauge>();
  const auto chain = four_of(work_step(gauge));
  const auto outcomes = co_await chain.batch(numbers(5), at_once(3));
  EXPECT_EQ(gauge->live_max, 3);
  EXPECT_EQ(gauge->finished, 20);
  EXPECT_EQ(outcomes[2].value(), 12);
}

ASYNC_TEST(RunLimit, HoldsForABatchThatIsHandedTheConfiguration) {
  auto gauge = std::make_shared<Gauge>();
  const auto inner = work_step(gauge);
  const auto chain = lambda("four", [inner](int n, RunConfig config) {
    return batch_handed_down(inner, n, std::move(config));
  });
  const auto outcomes = co_await chain.batch(numbers(5), at_once(3));
  EXPECT_EQ(gauge->live_max, 3);
  EXPECT_EQ(gauge->finished, 20);
}

ASYNC_TEST(RunLimit, HoldsForTheBranchesOfAParallel) {
  auto gauge = std::make_shared<Gauge>();
  const auto chain = branches_of(work_step(gauge), 20);
  const TimePoint start = EventLoop::current().time();
  const int sum = co_await chain.invoke(1, at_once(2));
  EXPECT_EQ(sum, 40);
  EXPECT_EQ(gauge->live_max, 2);
  EXPECT_EQ(EventLoop::current().time() - start, 10s);
}

ASYNC_TEST(RunLimit, HoldsForTheBranchesOfAStreamedParallel) {
  auto gauge = std::make_shared<Gauge>();
  const auto chain = branches_of(work_step(gauge), 20);
  const auto pieces = co_await chain.stream(1, at_once(2)).collect();
  EXPECT_THAT(pieces, ElementsAre(40));
  EXPECT_EQ(gauge->live_max, 2);
}

ASYNC_TEST(RunLimit, HoldsForABatchInAParallelInABatch) {
  for (const std::size_t limit : {1U, 2U, 3U, 5U, 100U}) {
    auto gauge = std::make_shared<Gauge>();
    const auto chain = branches_of(four_of(work_step(gauge)), 3);
    const auto outcomes = co_await chain.batch(numbers(4), at_once(limit));
    EXPECT_EQ(gauge->finished, 48) << limit;
    EXPECT_EQ(gauge->live_max, std::min(48, static_cast<int>(limit))) << limit;
    EXPECT_EQ(outcomes[1].value(), 24) << limit;
  }
}

ASYNC_TEST(RunLimit, OfOneIsEnoughForABatchInABranchThatNobodyObserves) {
  // The batch learns of its branch's turn by the context alone.
  auto gauge = std::make_shared<Gauge>();
  const auto chain = branches_of(four_of(work_step(gauge)), 2);
  const int sum = co_await chain.invoke(1, at_once(1));
  EXPECT_EQ(sum, 16);
  EXPECT_EQ(gauge->live_max, 1);
}

ASYNC_TEST(RunLimit, OfOneIsEnoughForParallelsBehindEachOtherInAStream) {
  auto gauge = std::make_shared<Gauge>();
  const auto first = parallel("a", work_step(gauge), "b", four_of(work_step(gauge)));
  const auto member = lambda("a", [gauge](JsonObject made) {
    return work(gauge, static_cast<int>(made.at("a").as_int64()));
  });
  const auto chain = first | parallel("c", member, "d", member) |
                     lambda("again",
                            [](JsonObject made) {
                              made["a"] = made.at("c");
                              return made;
                            }) |
                     assign("e", member);
  JsonObject made;
  auto stream = chain.stream(1, at_once(1));
  std::optional<JsonObject> sum;
  while (auto chunk = co_await stream.next()) {
    ChunkTraits<JsonObject>::add(sum, std::move(*chunk));
  }
  EXPECT_EQ(json_text(Json(*sum)), R"({"c":3,"d":3,"a":3,"e":4})");
  EXPECT_EQ(gauge->live_max, 1);
}

ASYNC_TEST(RunLimit, OfOneIsEnoughForAStreamThroughTwoParallels) {
  // Pieces come while both sides go on: who waits for a piece, or for room, has lent its turn.
  const auto words = generator<std::string, std::string>(
      "words", [](Stream<std::string> in) -> Stream<std::string> {
        while (auto text = co_await in.next()) {
          for (const char c : *text) {
            co_await sleep(1s);
            co_yield std::string(1, c);
          }
        }
      });
  const auto echo = generator<JsonObject, std::string>(
      "echo", [](Stream<JsonObjectChunk> in) -> Stream<std::string> {
        while (auto chunk = co_await in.next()) {
          co_await sleep(1s);
          co_yield chunk->key + json_text(chunk->value);
        }
      });
  const auto chain = parallel("x", words, "y", words) | parallel("p", echo, "q", echo);
  auto stream = chain.stream("ab", at_once(1));
  std::optional<JsonObject> sum;
  while (auto chunk = co_await stream.next()) {
    ChunkTraits<JsonObject>::add(sum, std::move(*chunk));
  }
  EXPECT_EQ(sum->at("p").as_string().size(), 16U);
  EXPECT_EQ(sum->at("q"), sum->at("p"));
}

ASYNC_TEST(RunLimit, IsGivenBackByItemsThatFail) {
  auto gauge = std::make_shared<Gauge>();
  const auto inner = work_step(gauge);
  const auto failing = lambda("fail", [](int) -> int { throw std::runtime_error("no"); });
  const auto chain = with_fallbacks(branches_of(failing, 3), inner);
  const auto outcomes = co_await chain.batch(numbers(10), at_once(2));
  for (const auto& outcome : outcomes) EXPECT_TRUE(outcome.ok());
  EXPECT_EQ(gauge->live_max, 2);
  EXPECT_EQ(gauge->finished, 10);
}

ASYNC_TEST(RunLimit, IsTakenAgainByAnItemWhoseListFailed) {
  auto gauge = std::make_shared<Gauge>();
  const auto inner = work_step(gauge);
  const auto failing = lambda("fail", [](int) -> int { throw std::runtime_error("no"); });
  const auto list =
      lambda("list", [](int n) { return std::vector<int>(3, n); }) | each(failing) |
      lambda("size", [](std::vector<int> all) { return static_cast<int>(all.size()); });
  const auto chain = with_fallbacks(list, inner);
  const auto outcomes = co_await chain.batch(numbers(10), at_once(2));
  for (const auto& outcome : outcomes) EXPECT_TRUE(outcome.ok());
  EXPECT_EQ(gauge->live_max, 2);
  EXPECT_EQ(gauge->finished, 10);
}

Coro<int> take_one_then_work(Chain<int, int> step, SharedGauge gauge, int n) {
  {
    auto items = step.batch_as_completed(std::vector<int>(6, n));
    (void)co_await items.next();
  }
  co_return co_await work(gauge, n);
}

ASYNC_TEST(RunLimit, IsMadeUpForWhereABatchIsLeftEarly) {
  auto gauge = std::make_shared<Gauge>();
  const auto inner = lambda("inner", [gauge](int n) { return work(gauge, n); });
  const auto chain =
      lambda("leave", [inner, gauge](int n) { return take_one_then_work(inner, gauge, n); });
  const auto outcomes = co_await chain.batch(numbers(8), at_once(2));
  for (const auto& outcome : outcomes) EXPECT_TRUE(outcome.ok());
  // Nothing can wait in a destructor: each that left early may have gone on without a free turn,
  // but nothing new was begun before that was made up for.
  EXPECT_LE(gauge->live_max, 4);
  gauge->live_max = 0;
  co_await chain.batch(numbers(1), at_once(2));
  EXPECT_LE(gauge->live_max, 2);
}

Coro<int> two_batches_apart(Chain<int, int> step, int n) {
  const auto later = [](Chain<int, int> inner, int m) -> Coro<int> {
    co_await sleep(1500ms);
    co_return co_await batch_inside(inner, m);
  };
  auto first = batch_inside(step, n);
  auto second = later(step, n);
  const auto both = co_await gather(std::move(first), std::move(second));
  co_return std::get<0>(both) + std::get<1>(both);
}

ASYNC_TEST(RunLimit, OfOneIsEnoughForTwoBatchesAtOnceInOneItem) {
  for (const std::size_t limit : {1U, 2U}) {
    auto gauge = std::make_shared<Gauge>();
    const auto inner = work_step(gauge);
    const auto chain = lambda("two", [inner](int n) { return two_batches_apart(inner, n); });
    const auto outcomes = co_await chain.batch(numbers(4), at_once(limit));
    for (const auto& outcome : outcomes) EXPECT_TRUE(outcome.ok());
    EXPECT_EQ(gauge->finished, 32);
    EXPECT_LE(gauge->live_max, static_cast<int>(limit));
    // All turns are there again: none was taken twice.
    const TimePoint start = EventLoop::current().time();
    co_await inner.batch(numbers(4), at_once(limit));
    EXPECT_EQ(EventLoop::current().time() - start, 4s / static_cast<int>(limit));
  }
}

ASYNC_TEST(RunLimit, IsNotHeldByAConfigurationThatSomebodyKeeps) {
  auto kept = std::make_shared<std::vector<RunConfig>>();
  const auto keep = lambda("keep", [kept](int n, RunConfig config) {
    kept->push_back(std::move(config));
    return n;
  });
  const auto outcomes = co_await keep.batch(numbers(3), at_once(1));
  EXPECT_EQ(outcomes[2].value(), 2);
  // What is called with it after its item is over has no turn to lend, and needs none.
  const auto later = co_await keep.batch(numbers(3), kept->front());
  EXPECT_EQ(later.size(), 3U);
}

ASYNC_TEST(RunLimit, FinishesWhatHasBegunBeforeItBeginsMore) {
  auto gauge = std::make_shared<Gauge>();
  const auto chain = four_of(work_step(gauge));
  co_await chain.batch(numbers(3), at_once(1));
  EXPECT_THAT(gauge->started, ElementsAre(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2));
}

ASYNC_TEST(RunLimit, OfOneRunIsNotThatOfAnother) {
  auto gauge = std::make_shared<Gauge>();
  const auto chain = work_step(gauge);
  auto one = chain.batch(numbers(6), at_once(2));
  auto other = chain.batch(numbers(6), at_once(3));
  const auto both = co_await gather(std::move(one), std::move(other));
  EXPECT_EQ(gauge->live_max, 5);
  EXPECT_EQ(std::get<0>(both).size(), 6U);
}

ASYNC_TEST(RunLimit, SmallerForABatchInsideHoldsToo) {
  auto gauge = std::make_shared<Gauge>();
  const auto inner = work_step(gauge);
  const auto chain = lambda("four", [inner](int n) {
    return batch_handed_down(inner, n, RunConfig().with_max_concurrency(1));
  });
  co_await chain.invoke(1, at_once(10));
  EXPECT_EQ(gauge->live_max, 1);
}

TEST(RunLimit, LosesNoTurnWhereverItIsCancelled) {
  const auto scenario = []() -> Coro<> {
    auto gauge = std::make_shared<Gauge>();
    const auto chain = branches_of(four_of(work_step(gauge)), 2);
    co_await chain.batch(numbers(2), at_once(2));
    EXPECT_EQ(gauge->live, 0);
  };
  EXPECT_GE(cancel_at_every_suspension(scenario), 1);
}

Coro<int> give_up_then_work(Chain<int, int> chain, SharedGauge gauge) {
  try {
    Coro<int> running = chain.invoke(1);
    co_await wait_for(std::move(running), 1500ms);
  } catch (const TimeoutError&) {
  }
  co_return co_await work(gauge, 7);
}

ASYNC_TEST(RunLimit, IsWholeAgainAfterATimeout) {
  auto gauge = std::make_shared<Gauge>();
  const auto inner = branches_of(work_step(gauge), 4);
  const auto chain = lambda("try", [inner, gauge](int) { return give_up_then_work(inner, gauge); });
  const auto outcomes = co_await chain.batch(numbers(3), at_once(1));
  for (const auto& outcome : outcomes) EXPECT_EQ(outcome.value(), 8);
  EXPECT_EQ(gauge->live_max, 1);
}

TEST(RunLimit, HoldsInEveryOrder) {
  const auto scenario = []() -> Coro<> {
    auto gauge = std::make_shared<Gauge>();
    const auto chain = branches_of(four_of(work_step(gauge)), 3);
    co_await chain.batch(numbers(3), at_once(2));
    if (gauge->live_max != 2) throw std::runtime_error("peak " + std::to_string(gauge->live_max));
    if (gauge->finished != 36) throw std::runtime_error("some were lost");
  };
  run_in_shuffled_orders(scenario, 20);
}

}  // namespace
}  // namespace cochain::testing
