// The splitters of plain texts, each in a few words of what the chunk builder does; and windows of
// tokens, which need none of that.

#include "cochain/chains/retrieval/text_splitters.hpp"

#include <algorithm>

#include "cochain/core/error.hpp"
#include "retrieval/chunk_builder.hpp"
#include "retrieval/graphemes.hpp"

namespace cochain {
namespace {

// Windows of tokens over one text, whose ends are moved to where a character ends.
class TokenWindows {
 public:
  TokenWindows(std::string_view text, const ChunkOptions& options)
      : text_(text),
        options_(options),
        tokenizer_(*options.tokenizer()),
        offsets_(tokenizer_.offsets(text)) {}

  TextChunks run() {
    TextChunks windows;
    std::size_t begin = 0;
    std::size_t done = 0;  // the end of the window before
    while (done < text_.size()) {
      const std::size_t end = end_of(begin);
      if (end <= done) {
        begin = detail::grapheme_end(text_, begin);  // only the overlap fits: less of it
        continue;
      }
      windows.emplace_back(text_, begin, end);
      done = end;
      begin = std::clamp(start_before(begin, end), detail::grapheme_end(text_, begin), end);
    }
    return windows;
  }

 private:
  // How many tokens begin before `at`.
  [[nodiscard]] std::size_t tokens_before(std::size_t at) const {
    const auto next = std::lower_bound(offsets_.begin(), offsets_.end(), at);
    return static_cast<std::size_t>(next - offsets_.begin());
  }

  [[nodiscard]] std::size_t end_of(std::size_t begin) const {
    const std::size_t first = tokens_before(begin);
    const bool is_inside = first == offsets_.size() || offsets_[first] != begin;
    const std::size_t last = first + options_.chunk_size() - (is_inside ? 1 : 0);
    const std::size_t least = detail::grapheme_end(text_, begin);
    std::size_t end = last < offsets_.size() ? offsets_[last] : text_.size();
    end = std::max(floor_behind(begin, end), least);
    while (end > least) {
      // What it is alone may be more than what it is in the text.
      const std::string_view window = text_.substr(begin, end - begin);
      if (tokenizer_.count_up_to(window, options_.chunk_size())) break;
      const std::size_t fits = tokenizer_.truncate(window, options_.chunk_size()).size();
      end = floor_behind(begin, begin + std::min(fits, window.size() - 1));
      end = std::max(end, least);
    }
    return end;
  }

  // Graphemes are counted from where the window begins: what is before it would be looked through
  // for each window, in a text that is one run of flags.
  [[nodiscard]] std::size_t floor_behind(std::size_t begin, std::size_t at) const {
    return begin + detail::grapheme_floor(text_.substr(begin), at - begin);
  }
  [[nodiscard]] std::size_t ceil_behind(std::size_t begin, std::size_t at) const {
    return begin + detail::grapheme_ceil(text_.substr(begin), at - begin);
  }

  // The beginning of the window after one from `begin` to `end`.
  [[nodiscard]] std::size_t start_before(std::size_t begin, std::size_t end) const {
    const std::size_t first = tokens_before(end);
    if (options_.chunk_overlap() == 0 || first <= options_.chunk_overlap()) return end;
    std::size_t start =
        ceil_behind(begin, std::max(begin, offsets_[first - options_.chunk_overlap()]));
    // Nor may what is repeated be more tokens alone.
    while (start < end &&
           !tokenizer_.count_up_to(text_.substr(start, end - start), options_.chunk_overlap())) {
      start = detail::grapheme_end(text_, start);
    }
    return start;
  }

  std::string_view text_;
  const ChunkOptions& options_;
  const Tokenizer& tokenizer_;
  std::vector<std::size_t> offsets_;
};

}  // namespace

CharacterTextSplitter::CharacterTextSplitter(ChunkOptions options, Separator separator)
    : TextSplitter(std::move(options)), separators_(1, std::move(separator)) {}

TextChunks CharacterTextSplitter::do_split(std::string_view text) const {
  return detail::chunks_of(text, options(), separators_, KeepSeparator::kNone);
}

RecursiveCharacterTextSplitter::RecursiveCharacterTextSplitter(ChunkOptions options,
                                                               Separators separators)
    : TextSplitter(std::move(options)), separators_(std::move(separators)) {}

RecursiveCharacterTextSplitter::RecursiveCharacterTextSplitter(ChunkOptions options,
                                                               Language language)
    : RecursiveCharacterTextSplitter(std::move(options), separators_for(language)) {}

TextChunks RecursiveCharacterTextSplitter::do_split(std::string_view text) const {
  return detail::chunks_of(text, options(), separators_, KeepSeparator::kStart);
}

TokenTextSplitter::TokenTextSplitter(ChunkOptions options) : TextSplitter(std::move(options)) {
  if (this->options().unit() != LengthUnit::kTokens) {
    throw InvalidStateError("a TokenTextSplitter needs options with tokens()");
  }
}

TextChunks TokenTextSplitter::do_split(std::string_view text) const {
  return TokenWindows(text, options()).run();
}

}  // namespace cochain
