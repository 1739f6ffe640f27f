// Lists in answers, item by item.
#include "cochain/chains/parsers/list_parser.hpp"

#include <gmock/gmock.h>

#include "steps.hpp"

namespace cochain::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Texts = std::vector<std::string>;

/// What a stream of the text in pieces of this size gives, joined; each piece has one item.
Texts streamed(const ListOutputParser& parser, const std::string& text, std::size_t size) {
  Texts items;
  const auto reader = parser.read();
  const auto keep = [&](std::vector<Texts> pieces) {
    for (Texts& piece : pieces) {
      EXPECT_EQ(piece.size(), 1U);
      items.push_back(piece.front());
    }
  };
  for (std::size_t at = 0; at < text.size(); at += size) keep(reader->feed(text.substr(at, size)));
  keep(reader->finish());
  return items;
}

void expect_items(const ListOutputParser& parser, const std::string& text, const Texts& items) {
  EXPECT_EQ(parser.parse(text), items) << text;
  for (std::size_t size = 1; size <= text.size(); ++size) {
    EXPECT_EQ(streamed(parser, text, size), items) << text << " in pieces of " << size;
  }
}

TEST(ListParsers, SplitAtCommas) {
  const CommaSeparatedListOutputParser parser;
  expect_items(parser, "foo", {"foo"});
  expect_items(parser, "foo, bar,baz", {"foo", "bar", "baz"});
  expect_items(parser, "foo, \"bar, \"\"x\"\"\",baz", {"foo", "bar, \"x\"", "baz"});
  expect_items(parser, "a, b\nc,\r\n\nd\n", {"a", "b", "c", "", "d"});
  expect_items(parser, "a,", {"a", ""});
  expect_items(parser, "", {});
  expect_items(parser, "\"open, quote", {"open, quote"});
}

TEST(ListParsers, TakeNumberedLines) {
  const NumberedListOutputParser parser;
  expect_items(parser, "Your list:\n1. foo\n2. bar baz\n\n10. 3.5 m\r\nno item",
               {"foo", "bar baz", "3.5 m"});
  expect_items(parser, "1.no\n2. \nItems: 1. in a sentence", {"in a sentence"});
  expect_items(parser, "nothing", {});
}

TEST(ListParsers, TakeMarkdownLines) {
  const MarkdownListOutputParser parser;
  expect_items(parser, "Your list:\n- foo\n* bar - baz\n  - deep\n-none\n\n- last",
               {"foo", "bar - baz", "deep", "last"});
  expect_items(parser, "-", {});
}

TEST(ListParsers, GiveAnItemAsSoonAsItIsWhole) {
  const auto commas = CommaSeparatedListOutputParser().read();
  EXPECT_THAT(commas->feed("a, b"), ElementsAre(Texts{"a"}));
  EXPECT_THAT(commas->feed("c"), IsEmpty());
  EXPECT_THAT(commas->finish(), ElementsAre(Texts{"bc"}));
  const auto lines = MarkdownListOutputParser().read();
  EXPECT_THAT(lines->feed("- a\n- b"), ElementsAre(Texts{"a"}));
  EXPECT_THAT(lines->finish(), ElementsAre(Texts{"b"}));
}

ASYNC_TEST(ListParsers, AddUpInAStreamToWhatInvokeGives) {
  const NumberedListOutputParser parser;
  const std::string text = "1. a\n2. b\n3. c";
  const Texts whole = co_await parser.invoke(AIMessage(text));
  std::vector<AIMessageChunk> chunks;
  for (const char c : text) {
    chunks.emplace_back(ContentEvent::text_delta(0, std::string_view(&c, 1)));
  }
  Stream<Texts> stream = parser.transform(stream_of(std::move(chunks)));
  const std::optional<Texts> sum = co_await fold<Texts>(std::move(stream));
  EXPECT_EQ(sum, whole);
  EXPECT_EQ(whole, (Texts{"a", "b", "c"}));
}

TEST(ListParsers, SayInWhatFormTheListIsWanted) {
  for (const ListForm form : {ListForm::kComma, ListForm::kNumbered, ListForm::kMarkdown}) {
    const ListOutputParser parser(form);
    const std::string text = parser.get_format_instructions();
    EXPECT_NE(text.find("red"), std::string::npos);
  }
}

}  // namespace
}  // namespace cochain::testing
