// Several steps on one input: order, pieces, errors, and nothing left when it is left.
#include <algorithm>
#include <stdexcept>

#include <gmock/gmock.h>

#include "cochain/chains/runnable/assign.hpp"
#include "cochain/chains/runnable/lambda.hpp"
#include "cochain/chains/runnable/parallel_into.hpp"
#include "cochain/chains/runnable/resilience.hpp"
#include "run_log.hpp"
#include "steps.hpp"

namespace cochain::testing {

class Answers {
 public:
  Answers() = default;
  std::string joke;
  int length = 0;
};

namespace {

using ::testing::ElementsAre;
using Text = Chain<std::string, std::string>;

/// Gives the letters of its input, one each `gap`; `pulled` counts what was asked for.
Text letters(std::string name, Duration gap, std::shared_ptr<int> pulled = nullptr) {
  return generator<std::string, std::string>(
      std::move(name), [gap, pulled](Stream<std::string> in) {
        return [](Duration pause, std::shared_ptr<int> count,
                  Stream<std::string> input) -> Stream<std::string> {
          while (auto text = co_await input.next()) {
            for (const char c : *text) {
              if (pause > Duration::zero()) co_await sleep(pause);
              if (count) ++*count;
              co_yield std::string(1, c);
            }
          }
        }(gap, pulled, std::move(in));
      });
}

Coro<std::string> fail_after(Duration delay) {
  co_await sleep(delay);
  throw std::runtime_error("branch failed");
}
Text failing(Duration delay) {
  return lambda("fail", [delay](std::string) { return fail_after(delay); });
}

/// How branches ended.
class Ends {
 public:
  Ends() = default;
  int finished = 0;
  int cancelled = 0;
};
Coro<std::string> wait_long(std::shared_ptr<Ends> ends) {
  try {
    co_await sleep(1h);
    ++ends->finished;
  } catch (const CancelledError&) {
    ++ends->cancelled;
    throw;
  }
  co_return std::string("done");
}
Text waiting(std::shared_ptr<Ends> ends) {
  return lambda("wait", [ends](std::string) { return wait_long(ends); });
}

Coro<JsonObject> summed(Stream<JsonObjectChunk> pieces) {
  std::optional<JsonObject> sum;
  while (auto piece = co_await pieces.next()) ChunkTraits<JsonObject>::add(sum, std::move(*piece));
  co_return sum ? std::move(*sum) : JsonObject();
}

ASYNC_TEST(Parallel, GivesItsMembersInTheOrderOfTheirDeclaration) {
  const auto late = lambda("late", [](std::string s) -> Coro<std::string> {
    co_await sleep(5s);
    co_return s + "!";
  });
  const auto chain = parallel("z", late, "a", passthrough<std::string>(), "n",
                              lambda("size", [](std::string s) { return s.size(); }));
  const JsonObject made = co_await chain.invoke("hi");
  EXPECT_EQ(json_text(Json(made)), R"({"z":"hi!","a":"hi","n":2})");
  EXPECT_EQ(chain.name(), "RunnableParallel<z,a,n>");
}

ASYNC_TEST(Parallel, InterleavesThePiecesOfItsBranches) {
  const auto chain = parallel("a", letters("a", 1s), "b", letters("b", 2s));
  auto stream = chain.stream("xyz");
  std::vector<std::string> order;
  while (auto piece = co_await stream.next()) {
    order.push_back(piece->key + std::string(piece->value.as_string()));
  }
  EXPECT_EQ(order.size(), 6U);
  EXPECT_EQ(order[0], "ax");
  EXPECT_EQ(std::count_if(order.begin(), order.end(), [](auto& s) { return s[0] == 'a'; }), 3);
  const JsonObject made = co_await summed(chain.stream("xyz"));
  const JsonObject whole = co_await chain.invoke("xyz");
  EXPECT_EQ(made, whole);
}

ASYNC_TEST(Parallel, StreamsItsInputThroughAllBranches) {
  const auto chain = letters("source", 1s) | parallel("a", letters("a", 0s), "b", letters("b", 0s));
  const TimePoint start = EventLoop::current().time();
  auto stream = chain.stream("xyz");
  std::vector<Timed<std::string>> pieces;
  while (auto piece = co_await stream.next()) {
    pieces.emplace_back(piece->key, EventLoop::current().time() - start);
  }
  using P = Timed<std::string>;
  EXPECT_THAT(pieces,
              ElementsAre(P("a", 1s), P("b", 1s), P("a", 2s), P("b", 2s), P("a", 3s), P("b", 3s)));
}

ASYNC_TEST(Parallel, LetsEachBranchBeOnePieceAheadAndNoMore) {
  auto fast = std::make_shared<int>(0);
  auto other = std::make_shared<int>(0);
  const auto chain = parallel("fast", letters("fast", 0s, fast), "slow", letters("slow", 1s, other),
                              "third", letters("third", 1s));
  auto stream = chain.stream("abcdefgh");
  auto first = co_await stream.next();
  EXPECT_EQ(first->key, "fast");
  co_await sleep(1min);
  EXPECT_EQ(*fast, 2);
  EXPECT_EQ(*other, 1);
}

ASYNC_TEST(Parallel, ThrowsTheFirstErrorBareAndStopsTheOthersFirst) {
  auto ends = std::make_shared<Ends>();
  const auto chain = parallel("a", waiting(ends), "b", failing(1s), "c", waiting(ends));
  const auto error = co_await error_of(chain.invoke("x"));
  EXPECT_EQ(describe(error), "branch failed");
  EXPECT_TRUE(is<std::runtime_error>(error));
  EXPECT_EQ(ends->cancelled, 2);
  const auto streamed = co_await error_of(summed(chain.stream("x")));
  EXPECT_EQ(describe(streamed), "branch failed");
  EXPECT_EQ(ends->cancelled, 4);
  EXPECT_EQ(ends->finished, 0);
}

ASYNC_TEST(Parallel, TakesACancellationThatOnlyCameOutOfAStepForAnError) {
  const auto odd = lambda("odd", [](std::string) -> Coro<std::string> {
    co_await sleep(1s);
    throw CancelledError();
  });
  auto ends = std::make_shared<Ends>();
  const auto chain = parallel("a", odd, "b", waiting(ends));
  const auto error = co_await error_of(chain.invoke("x"));
  EXPECT_TRUE(is<CancelledError>(error));
  const auto streamed = co_await error_of(summed(chain.stream("x")));
  EXPECT_TRUE(is<CancelledError>(streamed));
  EXPECT_EQ(ends->cancelled, 2);
}

ASYNC_TEST(Parallel, StopsItsBranchesWhenItsStreamIsDropped) {
  auto pulled = std::make_shared<int>(0);
  {
    auto stream = parallel("a", letters("a", 1s, pulled), "b", letters("b", 1s)).stream("abcdef");
    (void)co_await stream.next();
  }
  const int then = *pulled;
  co_await sleep(1min);
  EXPECT_EQ(*pulled, then);
}

ASYNC_TEST(Parallel, TellsABranchWhoseSiblingLostTheirInputInsteadOfEndingIt) {
  // Branch a gives up while it waits for the input that both share.
  const auto impatient = generator<std::string, std::string>(
      "impatient", [](Stream<std::string> in) -> Stream<std::string> {
        std::string what = "in time";
        try {
          auto next = wait_for(in.next(), 1s);
          (void)co_await std::move(next);
        } catch (const TimeoutError&) {
          what = "late";
        }
        co_yield std::move(what);
      });
  const auto chain = letters("source", 10s) | parallel("a", impatient, "b", letters("b", 0s));
  const auto error = co_await error_of(summed(chain.stream("xyz")));
  EXPECT_TRUE(is<InvalidStateError>(error)) << (error ? describe(error) : "no error");
}

ASYNC_TEST(Parallel, OfAnEmptyObjectIsTheSameInAStream) {
  const auto size = lambda("size", [](JsonObject o) { return o.size(); });
  const auto chain = parallel("n", size, "all", passthrough<JsonObject>());
  const JsonObject whole = co_await chain.invoke(JsonObject());
  const JsonObject streamed = co_await summed(chain.stream(JsonObject()));
  EXPECT_EQ(json_text(Json(whole)), R"({"n":0,"all":{}})");
  EXPECT_EQ(streamed.at("n"), whole.at("n"));
}

ASYNC_TEST(Parallel, GivesListsAsLists) {
  const auto chain = parallel(
      "list", lambda("list", [](std::string s) { return std::vector<std::string>(2, s); }));
  const JsonObject made = co_await chain.invoke("x");
  EXPECT_EQ(json_text(Json(made)), R"({"list":["x","x"]})");
}

ASYNC_TEST(Parallel, LeavesTheRunOfItsConsumerAlone) {
  const auto log = std::make_shared<RunLog>();
  const auto chain = letters("source", 1s) | parallel("a", letters("a", 0s), "b", letters("b", 0s));
  auto stream = chain.stream("xyz", RunConfig().with_observer(log));
  while (auto piece = co_await stream.next()) {
    EXPECT_EQ(current_config().run(), nullptr);
  }
  EXPECT_EQ(current_config().run(), nullptr);
}

ASYNC_TEST(Parallel, KeepsABranchInItsRunWhileItReadsItsInput) {
  const auto log = std::make_shared<RunLog>();
  const auto telling = generator<std::string, std::string>(
      "telling", [](Stream<std::string> in) -> Stream<std::string> {
        while (auto text = co_await in.next()) {
          dispatch_custom_event("read", Json(*text));
          co_yield std::move(*text);
        }
      });
  const auto chain = letters("source", 1s) | parallel("a", telling, "b", telling);
  co_await summed(chain.stream("xy", RunConfig().with_observer(log)));
  std::vector<std::string> told;
  for (const std::string& line : log->lines) {
    if (line.starts_with("custom")) told.push_back(line);
  }
  EXPECT_THAT(told, ElementsAre("custom telling read \"x\"", "custom telling read \"x\"",
                                "custom telling read \"y\"", "custom telling read \"y\""));
}

TEST(Parallel, LeavesNothingWhereverItIsCancelled) {
  const auto whole = []() -> Coro<> {
    const auto chain = parallel("a", letters("a", 1s), "b", letters("b", 2s));
    (void)co_await chain.invoke("xy");
  };
  EXPECT_GE(cancel_at_every_suspension(whole), 1);
  const auto pieces = []() -> Coro<> {
    const auto chain =
        letters("source", 1s) | parallel("a", letters("a", 1s), "b", letters("b", 0s));
    (void)co_await summed(chain.stream("xy"));
  };
  EXPECT_GE(cancel_at_every_suspension(pieces), 1);
}

ASYNC_TEST(ParallelInto, FillsTheFieldsOfAStruct) {
  const auto joke = lambda("joke", [](std::string s) -> Coro<std::string> {
    co_await sleep(2s);
    co_return "a joke about " + s;
  });
  const auto length = lambda("length", [](std::string s) -> Coro<int> {
    co_await sleep(2s);
    co_return static_cast<int>(s.size());
  });
  const auto chain =
      parallel_into<Answers>(field<&Answers::joke>(joke), field<&Answers::length>(length));
  const TimePoint start = EventLoop::current().time();
  const Answers made = co_await chain.invoke("cats");
  EXPECT_EQ(made.joke, "a joke about cats");
  EXPECT_EQ(made.length, 4);
  EXPECT_EQ(EventLoop::current().time() - start, 2s);
  EXPECT_EQ(chain.name(), "RunnableParallel<joke,length>");
  const auto streamed = co_await chain.stream("cats").collect();
  EXPECT_EQ(streamed.size(), 1U);
  const auto limited = chain | lambda("joke", [](Answers a) { return a.joke; });
  const TimePoint again = EventLoop::current().time();
  (void)co_await limited.invoke("cats", RunConfig().with_max_concurrency(1));
  EXPECT_EQ(EventLoop::current().time() - again, 4s);
}

ASYNC_TEST(ParallelInto, NamesItsRunsByTheFields) {
  const auto log = std::make_shared<RunLog>();
  const auto length = lambda("length", [](std::string s) { return static_cast<int>(s.size()); });
  const auto chain = parallel_into<Answers>(field<&Answers::length>(length));
  (void)co_await chain.invoke("cats", RunConfig().with_observer(log));
  EXPECT_TRUE(log->run("length")->has_tag("map:key:length"));
}

ASYNC_TEST(ParallelInto, ThrowsTheFirstErrorBare) {
  auto ends = std::make_shared<Ends>();
  const auto length = lambda("length", [](std::string) -> int { throw std::runtime_error("no"); });
  const auto chain =
      parallel_into<Answers>(field<&Answers::joke>(waiting(ends)), field<&Answers::length>(length));
  const auto error = co_await error_of(chain.invoke("cats"));
  EXPECT_EQ(describe(error), "no");
  EXPECT_EQ(ends->cancelled, 1);
}

}  // namespace
}  // namespace cochain::testing
