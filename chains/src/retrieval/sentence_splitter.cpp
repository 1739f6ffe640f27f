// Sentences by ICU, which are then put together as other pieces are.

#include <unicode/ubrk.h>
#include <unicode/utext.h>

#include <memory>

#include "cochain/chains/model/error.hpp"
#include "cochain/chains/retrieval/text_splitters.hpp"
#include "retrieval/chunk_builder.hpp"
#include "retrieval/graphemes.hpp"

namespace cochain {
namespace {

using BreakIterator = std::unique_ptr<UBreakIterator, decltype(&ubrk_close)>;
using IcuText = std::unique_ptr<UText, decltype(&utext_close)>;

void check_icu(UErrorCode code, const std::string& what) {
  if (U_FAILURE(code) != 0) {
    throw InvalidInputError("SentenceTextSplitter: " + what + ": " + u_errorName(code));
  }
}

// The same bytes, with blanks for line ends that break a line and not a paragraph.
std::string unwrapped(std::string_view text) {
  std::string made(text);
  std::size_t begin = 0;  // of the line
  for (std::size_t at = 0; at < made.size(); ++at) {
    if (made[at] != '\n') continue;
    const std::size_t line = begin;
    begin = at + 1;
    const std::string_view words = text.substr(line, at - line);
    if (words.find_first_not_of(" \t\r") == words.npos) continue;  // a blank line
    const std::size_t next = text.find_first_not_of(" \t\r", begin);
    if (next == text.npos || text[next] == '\n') continue;  // a blank line follows
    made[at] = ' ';
    if (at > 0 && made[at - 1] == '\r') made[at - 1] = ' ';
  }
  return made;
}

std::vector<detail::TextPiece> sentences_of(std::string_view text, const std::string& locale) {
  UErrorCode code = U_ZERO_ERROR;
  const BreakIterator breaks(ubrk_open(UBRK_SENTENCE, locale.c_str(), nullptr, 0, &code),
                             &ubrk_close);
  check_icu(code, "the locale '" + locale + "'");
  const IcuText source(
      utext_openUTF8(nullptr, text.data(), static_cast<std::int64_t>(text.size()), &code),
      &utext_close);
  check_icu(code, "the text");
  ubrk_setUText(breaks.get(), source.get(), &code);
  check_icu(code, "the text");
  std::vector<detail::TextPiece> sentences;
  std::size_t begin = 0;
  for (std::int32_t end = ubrk_next(breaks.get()); end != UBRK_DONE;
       end = ubrk_next(breaks.get())) {
    const auto at = static_cast<std::size_t>(end);
    if (at <= begin || !detail::is_grapheme_boundary(text, at)) continue;
    sentences.push_back(detail::TextPiece{begin, at});
    begin = at;
  }
  if (begin < text.size()) sentences.push_back(detail::TextPiece{begin, text.size()});
  return sentences;
}

// Positions of ICU have 31 bits.
constexpr std::size_t kSentenceBytesMax = 0x7FFFFFFF;

}  // namespace

SentenceTextSplitter::SentenceTextSplitter(ChunkOptions options)
    : TextSplitter(std::move(options)) {}

TextChunks SentenceTextSplitter::do_split(std::string_view text) const {
  if (auto whole = detail::whole_chunk(text, options())) return *std::move(whole);
  if (text.size() > kSentenceBytesMax) {
    throw InvalidInputError("SentenceTextSplitter: the text has " + std::to_string(text.size()) +
                            " bytes; the most is " + std::to_string(kSentenceBytesMax));
  }
  const Separators separators = default_separators();
  detail::ChunkBuilder builder(text, options(), separators, KeepSeparator::kStart);
  if (line_ends_ == LineEnds::kEndSentences) return builder.build(sentences_of(text, locale_));
  const std::string lines = unwrapped(text);
  return builder.build(sentences_of(lines, locale_));
}

}  // namespace cochain
