// Lines out of blocks that end anywhere.

#include "line_splitter.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "row_ids.hpp"

namespace cochain::cli {
namespace {

std::vector<TextLine> split(const std::vector<std::string>& blocks, std::size_t max = 100) {
  LineSplitter splitter(max);
  std::vector<TextLine> lines;
  const auto drain = [&] {
    while (auto line = splitter.next()) lines.push_back(std::move(*line));
  };
  for (const std::string& block : blocks) {
    splitter.feed(block);
    drain();
  }
  splitter.finish();
  drain();
  return lines;
}

std::vector<std::string> texts(const std::vector<TextLine>& lines) {
  std::vector<std::string> all;
  for (const TextLine& line : lines) all.push_back(line.too_long ? "(too long)" : line.text);
  return all;
}

TEST(LineSplitter, GivesTheSameHoweverTheBlocksAreCut) {
  const std::string text = "\xEF\xBB\xBFone\r\ntwo\n\n  \nfour with \r inside\nlast";
  const std::vector<std::string> expected = {"one", "two", "", "  ", "four with \r inside", "last"};
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const auto lines = split({text.substr(0, cut), text.substr(cut)});
    EXPECT_EQ(texts(lines), expected) << "cut at " << cut;
    for (std::size_t i = 0; i < lines.size(); ++i) EXPECT_EQ(lines[i].number, i + 1);
  }
}

TEST(LineSplitter, NeedsNoNewlineAtTheEndAndMakesNoLineOfNothing) {
  EXPECT_TRUE(split({}).empty());
  EXPECT_TRUE(split({""}).empty());
  EXPECT_EQ(texts(split({"a\n"})), (std::vector<std::string>{"a"}));
  EXPECT_EQ(texts(split({"a"})), (std::vector<std::string>{"a"}));
  EXPECT_EQ(texts(split({"a\n\n"})), (std::vector<std::string>{"a", ""}));
}

TEST(LineSplitter, DropsALineThatIsTooLongAndGoesOnBehindIt) {
  const std::vector<std::string> expected = {"ok", "(too long)", "0123456789", "(too long)"};
  const std::string text = "ok\n0123456789X\n0123456789\r\n" + std::string(50, 'y');
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_EQ(texts(split({text.substr(0, cut), text.substr(cut)}, 10)), expected) << cut;
  }
  std::vector<std::string> bytes;
  for (const char byte : text) bytes.emplace_back(1, byte);
  EXPECT_EQ(texts(split(bytes, 10)), expected);
}

TEST(LineSplitter, KnowsABlankLine) {
  EXPECT_TRUE(TextLine(1, "").blank());
  EXPECT_TRUE(TextLine(1, " \t\r").blank());
  EXPECT_FALSE(TextLine(1, " x").blank());
  TextLine dropped(1, "");
  dropped.too_long = true;
  EXPECT_FALSE(dropped.blank());
}

TEST(LineCounter, CountsTheLinesThatAreRows) {
  const std::string text = "one\n\n  \ntwo\r\n\t\nthree";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    LineCounter counter;
    counter.feed(std::string_view(text).substr(0, cut));
    counter.feed(std::string_view(text).substr(cut));
    EXPECT_EQ(counter.count(), 3U) << "cut at " << cut;
  }
  EXPECT_EQ(LineCounter().count(), 0U);
}

TEST(RowIds, RemembersTheLineOfEachId) {
  RowIds ids;
  EXPECT_FALSE(ids.add("a", 1));
  EXPECT_FALSE(ids.add("b", 2));
  EXPECT_EQ(ids.add("a", 3), 1U);
  EXPECT_EQ(ids.add("b", 9), 2U);
  EXPECT_FALSE(ids.add("", 4));
  EXPECT_EQ(ids.size(), 3U);
}

TEST(RowIds, GrowsWithoutForgetting) {
  RowIds ids;
  constexpr std::uint64_t kIds = 50'000;
  for (std::uint64_t i = 1; i <= kIds; ++i) {
    ASSERT_FALSE(ids.add("request-" + std::to_string(i), i));
  }
  EXPECT_EQ(ids.size(), kIds);
  for (std::uint64_t i = 1; i <= kIds; i += 97) {
    ASSERT_EQ(ids.add("request-" + std::to_string(i), kIds + i), i);
  }
}

}  // namespace
}  // namespace cochain::cli
