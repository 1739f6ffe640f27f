// One word out of a few.
#include "cochain/chains/parsers/enum_parser.hpp"

#include <gmock/gmock.h>

#include "cochain/chains/model/error.hpp"
#include "steps.hpp"

namespace cochain::testing {
namespace {

using ::testing::HasSubstr;

enum class Color : std::uint8_t { kRed, kGreen };

EnumOutputParser<Color> colors() {
  return EnumOutputParser<Color>().with("red", Color::kRed).with("green", Color::kGreen);
}

TEST(EnumParser, GivesTheValueOfTheWord) {
  EXPECT_EQ(colors().parse("red"), Color::kRed);
  EXPECT_EQ(colors().parse(" \"Green\".\n"), Color::kGreen);
  EXPECT_EQ(word_parser("a", "A").parse("A"), "A");
}

TEST(EnumParser, NamesTheWordsIfTheAnswerIsNone) {
  try {
    static_cast<void>(colors().parse("redder"));
    ADD_FAILURE() << "no error";
  } catch (const ParseError& error) {
    EXPECT_THAT(error.what(), HasSubstr("none of red, green"));
    EXPECT_EQ(error.text(), "redder");
  }
  EXPECT_THROW(static_cast<void>(colors().parse("")), ParseError);
  EXPECT_THAT(colors().get_format_instructions(), HasSubstr("red, green"));
}

ASYNC_TEST(EnumParser, WaitsForTheWholeWord) {
  std::vector<AIMessageChunk> chunks;
  for (const std::string_view piece : {"gr", "een"}) {
    chunks.emplace_back(ContentEvent::text_delta(0, piece));
  }
  const EnumOutputParser<Color> parser = colors();
  Stream<Color> stream = parser.transform(stream_of(std::move(chunks)));
  const std::vector<Color> values = co_await std::move(stream).collect();
  EXPECT_EQ(values, std::vector<Color>{Color::kGreen});
}

}  // namespace
}  // namespace cochain::testing
