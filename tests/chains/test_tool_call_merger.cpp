// Pieces of tool calls as servers really send them, without any wire around them. What the chat
// dialect adds is tested in tests/providers/test_openai_tool_calls.cpp.

#include "cochain/chains/model/tool_call_merger.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "cochain/chains/model/error.hpp"

namespace cochain {
namespace {

using Calls = std::vector<ToolCall>;

class Piece {
 public:
  Piece(std::optional<int> the_index, std::string the_id, std::string the_name,
        std::string the_arguments)
      : index(the_index),
        id(std::move(the_id)),
        name(std::move(the_name)),
        arguments(std::move(the_arguments)) {}
  std::optional<int> index;
  std::string id;
  std::string name;
  std::string arguments;
};

constexpr std::nullopt_t kNone = std::nullopt;

// Each piece in a chunk of its own.
Calls merge(const std::vector<Piece>& pieces) {
  ToolCallMerger merger;
  for (const Piece& piece : pieces) {
    ToolCallDelta delta;
    if (piece.index) delta.index = *piece.index;
    delta.id = piece.id;
    delta.name = piece.name;
    delta.arguments = piece.arguments;
    merger.merge(delta, DeltaPlace::kFirst);
  }
  return merger.tool_calls();
}

const Calls kTwo = {ToolCall("a", "f", R"({"x":1})"), ToolCall("b", "g", R"({"y":2})")};

TEST(ToolCallMerger, IndexesTellTheCall) {
  EXPECT_EQ(merge({{0, "a", "f", ""},
                   {1, "b", "g", "{\"y\""},
                   {0, "", "", "{\"x\":1}"},
                   {1, "", "", ":2}"}}),
            kTwo);
}

TEST(ToolCallMerger, IndexesAreMissingOrHaveGaps) {
  EXPECT_EQ(
      merge({{kNone, "a", "f", "{\"x\""}, {kNone, "", "", ":1}"}, {kNone, "b", "g", "{\"y\":2}"}}),
      kTwo);
  EXPECT_EQ(merge({{3, "a", "f", "{\"x\":1}"}, {9, "b", "g", "{\"y\":2}"}}), kTwo);
}

TEST(ToolCallMerger, IndexesAreAllZeroUnderDifferentIds) {
  EXPECT_EQ(merge({{0, "a", "f", "{\"x\":1}"}, {0, "b", "g", "{\"y\":2}"}}), kTwo);
  EXPECT_EQ(merge({{0, "a", "f", ""},
                   {0, "", "", "{\"x\":1}"},
                   {0, "b", "g", ""},
                   {0, "", "", "{\"y\":2}"}}),
            kTwo);
}

TEST(ToolCallMerger, IdsComeOnlyFirstOrLateOrAsTheWordNull) {
  EXPECT_EQ(merge({{0, "", "f", "{\"x\""}, {0, "a", "", ":1}"}}), Calls{kTwo[0]});
  EXPECT_EQ(merge({{0, "a", "f", "{\"x\""}, {0, "null", "", ":1}"}, {1, "b", "g", "{\"y\":2}"}}),
            kTwo);
  EXPECT_EQ(merge({{0, "null", "f", "{}"}}), Calls{ToolCall("", "f", "{}")});
}

TEST(ToolCallMerger, NamesAreRepeatedOrComeInPieces) {
  const Calls weather = {ToolCall("a", "get_weather", "{}")};
  EXPECT_EQ(merge({{0, "a", "get_", ""}, {0, "", "weather", ""}, {0, "", "", "{}"}}), weather);
  EXPECT_EQ(merge({{0, "a", "get_weather", "{"}, {0, "", "get_weather", "}"}}), weather);
  EXPECT_EQ(merge({{0, "a", "get_", ""}, {0, "", "get_weather", "{}"}}), weather);
}

TEST(ToolCallMerger, ArgumentsAreCutAnywhere) {
  const std::string arguments = R"({"x":"\u00e9 }]\" 😀","y":[{"z":null}]})";
  for (std::size_t first = 0; first <= arguments.size(); ++first) {
    for (std::size_t second = first; second <= arguments.size(); ++second) {
      EXPECT_EQ(merge({{kNone, "a", "f", arguments.substr(0, first)},
                       {kNone, "", "", arguments.substr(first, second - first)},
                       {kNone, "", "", arguments.substr(second)}}),
                (Calls{ToolCall("a", "f", arguments)}))
          << first << ' ' << second;
    }
  }
}

TEST(ToolCallMerger, AListOfWholeCallsHoldsEachOnce) {
  ToolCallMerger merger;
  ToolCallDelta same;
  same.name = "f";
  merger.merge(same, DeltaPlace::kWhole);
  merger.merge(same, DeltaPlace::kWhole);
  EXPECT_EQ(merger.tool_calls().size(), 2U);
  merger.merge(same, DeltaPlace::kLater);
  EXPECT_EQ(merger.tool_calls().size(), 3U);
}

TEST(ToolCallMerger, TellsWhatAPieceChanged) {
  ToolCallMerger merger;
  ToolCallDelta first;
  first.index = 0;
  first.arguments = "{";
  const auto began = merger.merge(first, DeltaPlace::kFirst);
  EXPECT_FALSE(began.new_id);
  EXPECT_FALSE(began.new_name);
  // A decoder takes what it hands on.
  EXPECT_EQ(std::exchange(began.call->arguments, {}), "{");
  ToolCallDelta second;
  second.index = 0;
  second.id = "a";
  second.name = "f";
  second.arguments = "}";
  const auto went_on = merger.merge(second, DeltaPlace::kFirst);
  EXPECT_TRUE(went_on.new_id);
  EXPECT_TRUE(went_on.new_name);
  EXPECT_EQ(went_on.call->arguments, "}");
  EXPECT_TRUE(went_on.call->progress.complete());
}

TEST(ToolCallMerger, ThereAreTooMany) {
  ToolCallMerger merger;
  for (std::size_t i = 0; i < ToolCallMerger::kCallsMax; ++i) {
    merger.merge(ToolCallDelta(), DeltaPlace::kWhole);
  }
  EXPECT_THROW(merger.merge(ToolCallDelta(), DeltaPlace::kWhole), LimitError);
}

}  // namespace
}  // namespace cochain
