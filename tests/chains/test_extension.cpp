// What a program adds of its own, from outside the namespace: steps, links and kinds of pieces.
#include <gmock/gmock.h>

#include "cochain/chains/parsers/output_parser.hpp"
#include "cochain/testing/fake_chat_model.hpp"
#include "steps.hpp"

namespace app {

class Question {
 public:
  Question() = default;
  explicit Question(std::string the_text) : text(std::move(the_text)) {}
  std::string text;
};

/// Lines, which arrive one by one.
class Lines {
 public:
  Lines() = default;
  std::vector<std::string> lines;
};

}  // namespace app

// Above the first step that names the types.
namespace cochain {

template <>
class StepLink<app::Question, Messages> {
 public:
  static constexpr bool kMeets = true;
  static Messages give(app::Question question) {
    return messages(SystemMessage("Answer."), HumanMessage(std::move(question.text)));
  }
};

template <>
class ChunkTraits<app::Lines> {
 public:
  using Chunk = std::string;
  static void add(std::optional<app::Lines>& sum, std::string line) {
    if (!sum) sum.emplace();
    sum->lines.push_back(std::move(line));
  }
  static std::vector<std::string> split(app::Lines value) { return std::move(value.lines); }
};

}  // namespace cochain

namespace app {

class AskFor final : public cochain::Runnable<std::string, Question> {
 public:
  [[nodiscard]] cochain::Coro<Question> do_invoke(std::string topic,
                                                  cochain::RunConfig) const override {
    co_return Question("What is " + topic + "?");
  }
};

/// Cuts a text into lines as soon as each is whole.
class CutLines final : public cochain::Runnable<std::string, Lines> {
 public:
  [[nodiscard]] cochain::Coro<Lines> do_invoke(std::string text,
                                               cochain::RunConfig) const override {
    std::vector<std::string> pieces;
    pieces.push_back(std::move(text));
    std::optional<Lines> lines =
        co_await cochain::fold<Lines>(cut(cochain::testing::stream_of(std::move(pieces))));
    co_return lines ? std::move(*lines) : Lines();
  }
  [[nodiscard]] cochain::Stream<std::string> do_transform(cochain::Stream<std::string> pieces,
                                                          cochain::RunConfig) const override {
    return cut(std::move(pieces));
  }

 private:
  static cochain::Stream<std::string> cut(cochain::Stream<std::string> pieces) {
    std::string rest;
    while (auto piece = co_await pieces.next()) {
      rest += *piece;
      for (std::size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n')) {
        co_yield rest.substr(0, end);
        rest.erase(0, end + 1);
      }
    }
    if (!rest.empty()) co_yield std::move(rest);
  }
};

// Written where a program would write it, without a using-directive.
auto chain_of(std::shared_ptr<cochain::testing::FakeChatModel> model) {
  return AskFor() | std::move(model) | cochain::StrOutputParser() | CutLines();
}

}  // namespace app

namespace cochain::testing {
namespace {

using ::testing::ElementsAre;
using Piece = Timed<std::string>;

FakeScript poem() { return FakeScript::saying({"one\n", "tw", "o\nthr", "ee\nfour"}, 100ms, 10ms); }

ASYNC_TEST(Extension, StepsOfAnotherNamespaceAreJoined) {
  const auto model = make_fake(poem());
  const auto chain = app::chain_of(model);
  const app::Lines lines = co_await chain.invoke("rain");
  EXPECT_THAT(lines.lines, ElementsAre("one", "two", "three", "four"));
  EXPECT_THAT(model->calls().asked,
              ElementsAre(messages(SystemMessage("Answer."), HumanMessage("What is rain?"))));
}

ASYNC_TEST(Extension, PiecesOfAUsersOwnKindArriveOneByOne) {
  const auto chain = app::chain_of(make_fake(poem()));
  const auto lines = co_await timed(chain.stream("rain"));
  EXPECT_THAT(lines, ElementsAre(Piece("one", 100ms), Piece("two", 120ms), Piece("three", 130ms),
                                 Piece("four", 130ms)));
}

ASYNC_TEST(Extension, PiecesOfAUsersOwnKindAddUp) {
  const auto chain = app::chain_of(make_fake(poem()));
  const std::optional<app::Lines> sum = co_await fold<app::Lines>(chain.stream("rain"));
  EXPECT_THAT(sum->lines, ElementsAre("one", "two", "three", "four"));
}

ASYNC_TEST(Extension, AStepThatNeedsAllPiecesGetsTheirSum) {
  const Step<app::Lines, std::size_t> count(
      [](app::Lines lines) -> Coro<std::size_t> { co_return lines.lines.size(); });
  const auto chain = app::chain_of(make_fake(poem())) | count;
  Stream<std::size_t> stream = chain.stream("rain");
  const std::vector<std::size_t> streamed = co_await std::move(stream).collect();
  EXPECT_THAT(streamed, ElementsAre(4U));
}

}  // namespace
}  // namespace cochain::testing
