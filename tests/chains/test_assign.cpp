// Steps on objects: what is passed on, what is added, what is kept.
#include <stdexcept>

#include <gmock/gmock.h>

#include "cochain/chains/runnable/assign.hpp"
#include "cochain/chains/runnable/lambda.hpp"
#include "steps.hpp"

namespace cochain::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Chain<JsonObject, std::int64_t> add_one() {
  return lambda("add", [](JsonObject o) { return o.at("n").as_int64() + 1; });
}
Stream<JsonObjectChunk> slowly(JsonObject object) {
  for (auto& chunk : ChunkTraits<JsonObject>::split(std::move(object))) {
    co_await sleep(1s);
    co_yield std::move(chunk);
  }
}
Coro<std::string> summed(Stream<JsonObjectChunk> pieces) {
  std::optional<JsonObject> sum;
  while (auto piece = co_await pieces.next()) ChunkTraits<JsonObject>::add(sum, std::move(*piece));
  co_return sum ? json_text(Json(*sum)) : std::string("nothing");
}

ASYNC_TEST(Assign, AddsMembersAndReplacesThem) {
  const auto chain = assign("m", add_one(), "n", add_one());
  const JsonObject made = co_await chain.invoke(json_object("n", 1, "x", "y"));
  EXPECT_EQ(json_text(Json(made)), R"({"n":2,"x":"y","m":2})");
  EXPECT_EQ(chain.name(), "RunnableAssign<m,n>");
}

ASYNC_TEST(Assign, PassesOnFirstAndAsItComes) {
  const auto chain = assign("m", add_one());
  auto stream = chain.transform(slowly(json_object("x", "y", "n", 1)));
  const TimePoint start = EventLoop::current().time();
  std::vector<Timed<std::string>> keys;
  while (auto piece = co_await stream.next()) {
    keys.emplace_back(piece->key, EventLoop::current().time() - start);
  }
  using K = Timed<std::string>;
  EXPECT_THAT(keys, ElementsAre(K("x", 1s), K("n", 2s), K("m", 2s)));
}

ASYNC_TEST(Assign, LeavesOutWhatItReplaces) {
  const auto text = co_await summed(assign("n", add_one()).stream(json_object("n", 1, "x", 2)));
  EXPECT_EQ(text, R"({"x":2,"n":2})");
}

ASYNC_TEST(Assign, OfAnEmptyObjectIsTheSameInAStream) {
  const auto size = lambda("size", [](JsonObject o) { return o.size(); });
  const auto chain = assign("size", size);
  const JsonObject whole = co_await chain.invoke(JsonObject());
  const auto streamed = co_await summed(chain.stream(JsonObject()));
  EXPECT_EQ(json_text(Json(whole)), R"({"size":0})");
  EXPECT_EQ(streamed, R"({"size":0})");
}

ASYNC_TEST(Assign, ThrowsTheFirstErrorOfItsSteps) {
  const auto error = co_await error_of(assign("m", add_one()).invoke(JsonObject()));
  EXPECT_NE(error, nullptr);
  const auto streamed = co_await error_of(summed(assign("m", add_one()).stream(JsonObject())));
  EXPECT_NE(streamed, nullptr);
}

ASYNC_TEST(Pick, GivesOneMember) {
  const Json made = co_await pick("n").invoke(json_object("n", 1));
  EXPECT_EQ(made, Json(1));
  const auto error = co_await error_of(pick("m").invoke(json_object("n", 1)));
  EXPECT_EQ(describe(error), "pick(): there is no member 'm'");
  const auto streamed = co_await error_of(pick("m").stream(json_object("n", 1)).collect());
  EXPECT_TRUE(is<InvalidInputError>(streamed));
}

ASYNC_TEST(Pick, GivesSomeMembersAsTheyCome) {
  const auto chain = pick("b", "a");
  const JsonObject made = co_await chain.invoke(json_object("a", 1, "b", 2, "c", 3));
  EXPECT_EQ(json_text(Json(made)), R"({"b":2,"a":1})");
  const auto text = co_await summed(chain.transform(slowly(json_object("a", 1, "c", 3))));
  EXPECT_EQ(text, R"({"a":1})");
}

ASYNC_TEST(Pick, OfMembersThatAreNotThereIsAnEmptyObjectInAStreamToo) {
  const auto chain = pick("a", "b");
  const JsonObject whole = co_await chain.invoke(json_object("c", 3));
  EXPECT_THAT(whole, IsEmpty());
  const auto streamed = co_await summed(chain.stream(json_object("c", 3)));
  EXPECT_EQ(streamed, "{}");
}

ASYNC_TEST(Passthrough, GivesItsInputPieceByPiece) {
  const auto step = passthrough<std::string>();
  std::vector<std::string> words;
  words.push_back("a");
  words.push_back("b");
  const auto pieces = co_await step.transform(stream_of(words)).collect();
  EXPECT_THAT(pieces, ElementsAre("a", "b"));
}

ASYNC_TEST(JsonLink, GivesTextToAStepThatTakesText) {
  const auto chain = pick("t") | lambda("size", [](std::string s) { return s; });
  const std::string text = co_await chain.invoke(json_object("t", "words"));
  EXPECT_EQ(text, "words");
  const std::string other = co_await chain.invoke(json_object("t", 12));
  EXPECT_EQ(other, "12");
}

}  // namespace
}  // namespace cochain::testing
