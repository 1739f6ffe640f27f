// XML in answers: whole, and leaf by leaf.
#include "cochain/chains/parsers/xml_parser.hpp"

#include <gmock/gmock.h>

#include "cochain/chains/model/error.hpp"
#include "steps.hpp"

namespace cochain::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Texts = std::vector<std::string>;

constexpr std::string_view kFilms =
    "<foo>\n  <bar>\n    <baz></baz>\n    <baz>slim.shady</baz>\n  </bar>\n  <baz>tag &amp; "
    "\xC3\xA9</baz>\n</foo>";
constexpr std::string_view kFilmsJson =
    "{\"foo\":[{\"bar\":[{\"baz\":null},{\"baz\":\"slim.shady\"}]},{\"baz\":\"tag & \xC3\xA9\"}]}";

/// Reads a text in pieces; the leaves and their sum.
class Read {
 public:
  Read(std::string_view text, std::size_t size) {
    const auto reader = XmlOutputParser().read();
    for (; !text.empty(); text.remove_prefix(std::min(size, text.size()))) {
      keep(reader->feed(std::string(text.substr(0, size))));
    }
    keep(reader->finish());
  }
  Texts leaves;
  std::optional<XmlValue> sum;

 private:
  void keep(std::vector<XmlPiece> pieces) {
    for (XmlPiece& piece : pieces) {
      leaves.push_back(json_text(piece.json));
      ChunkTraits<XmlValue>::add(sum, std::move(piece));
    }
  }
};

TEST(XmlParser, GivesElementsAsObjects) {
  const XmlOutputParser parser;
  EXPECT_EQ(json_text(parser.parse(std::string(kFilms)).json), kFilmsJson);
  EXPECT_EQ(json_text(parser.parse("<a>text</a>").json), R"({"a":"text"})");
  EXPECT_EQ(json_text(parser.parse("<a/>").json), R"({"a":[]})");
  EXPECT_EQ(json_text(parser.parse("<a x='1'><b y=\"2\">t</b></a>").json), R"({"a":[{"b":"t"}]})");
  EXPECT_EQ(json_text(parser.parse("<a>text<b>t</b></a>").json), R"({"a":"text"})");
  EXPECT_EQ(json_text(parser.parse("<a><![CDATA[1 < 2]]></a>").json), R"({"a":"1 < 2"})");
}

TEST(XmlParser, LeavesOutWhatStandsAround) {
  const XmlOutputParser parser;
  const std::string films(kFilms);
  for (const std::string& text :
       {"Some text before.\n" + films, films + "\nand after < it", "```xml\n" + films + "\n```",
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + films, "1 < 2, so <> " + films}) {
    EXPECT_EQ(json_text(parser.parse(text).json), kFilmsJson) << text;
    for (std::size_t size = 1; size <= text.size(); ++size) {
      const Read read(text, size);
      EXPECT_EQ(read.leaves.size(), 3U) << text << " in pieces of " << size;
    }
  }
}

TEST(XmlParser, GivesEachLeafAsItEnds) {
  for (std::size_t size = 1; size <= kFilms.size(); ++size) {
    const Read read(kFilms, size);
    EXPECT_THAT(read.leaves, ElementsAre(R"({"foo":[{"bar":[{"baz":null}]}]})",
                                         R"({"foo":[{"bar":[{"baz":"slim.shady"}]}]})",
                                         "{\"foo\":[{\"baz\":\"tag & \xC3\xA9\"}]}"));
    EXPECT_EQ(json_text(read.sum->json), kFilmsJson);
  }
}

TEST(XmlParser, AddsLeavesOfEqualParentsToTheRightOne) {
  const std::string text = "<a><b><c>1</c><c>2</c></b><b><c>3</c></b><d/></a>";
  EXPECT_EQ(json_text(Read(text, 1).sum->json), json_text(XmlOutputParser().parse(text).json));
}

TEST(XmlParser, RefusesWhatIsNoXml) {
  const XmlOutputParser parser;
  for (const char* const text : {"", "no XML", "< a>", "<a>", "<a><b></a>", "<a>&what;</a>",
                                 "<a b></a>", "<a><!DOCTYPE b></a>", "<a>\xFF</a>"}) {
    EXPECT_THROW(static_cast<void>(parser.parse(text)), ParseError) << text;
  }
  try {
    static_cast<void>(parser.parse("<a>\n<b></a>"));
  } catch (const ParseError& error) {
    EXPECT_STREQ(error.what(), "no XML in the answer: mismatched tag in line 2");
    EXPECT_EQ(error.text(), "<a>\n<b></a>");
  }
}

TEST(XmlParser, ExpandsNoEntitiesOfADocumentType) {
  const std::string text =
      "<!DOCTYPE a [<!ENTITY l \"lol\"><!ENTITY m \"&l;&l;&l;\">]>\n<a>&m;</a>";
  EXPECT_THROW(static_cast<void>(XmlOutputParser().parse(text)), ParseError);
}

TEST(XmlParser, RefusesTooManyLevels) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += "<a>";
  EXPECT_THAT([&] { static_cast<void>(XmlOutputParser().parse(text)); },
              ::testing::ThrowsMessage<ParseError>(HasSubstr("more than 100 levels")));
}

TEST(XmlParser, GivesOutWhatEndedBeforeAnError) {
  const auto reader = XmlOutputParser().read();
  const std::vector<XmlPiece> pieces = reader->feed("<a><b>1</b><c></a>");
  ASSERT_EQ(pieces.size(), 1U);
  EXPECT_THROW(static_cast<void>(reader->finish()), ParseError);
}

TEST(XmlParser, ToleratesACutInAStreamThatHasGivenSomething) {
  const auto reader = XmlOutputParser().read();
  EXPECT_EQ(reader->feed("<a><b>1</b><c>2").size(), 1U);
  EXPECT_THAT(reader->finish(), IsEmpty());
  const auto empty = XmlOutputParser().read();
  EXPECT_THAT(empty->feed("<a><b>"), IsEmpty());
  EXPECT_THROW(static_cast<void>(empty->finish()), ParseError);
}

ASYNC_TEST(XmlParser, StandsInAChain) {
  const XmlOutputParser parser;
  const XmlValue whole = co_await parser.invoke(AIMessage("<a><b>1</b></a>"));
  EXPECT_EQ(json_text(whole.json), R"({"a":[{"b":"1"}]})");
  EXPECT_THAT(XmlOutputParser().with_tag("film").get_format_instructions(), HasSubstr("<film>"));
}

}  // namespace
}  // namespace cochain::testing
