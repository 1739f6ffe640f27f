// PCRE2 in small steps. A search sees a short window of the text; if what it looks for may go on
// behind the window, that one place is tried again with twice as much. So a search costs no more
// than a small number for each byte, and the long tries are counted.

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "cochain/providers/tokenizers/tokenizer_error.hpp"
#include "newer_code_points.hpp"
#include "pattern_translation.hpp"
#include "piece_splitter.hpp"
#include "split_ends.hpp"

namespace cochain::detail {
namespace {

constexpr std::size_t kWindowBytes = 256;
constexpr std::size_t kLongTriesPerByte = 64;  // their windows together, in texts
constexpr std::uint32_t kShortMatchLimit = 1'000'000;

template <auto kFree>
struct FreeWith {
  template <class T>
  void operator()(T* thing) const noexcept {
    kFree(thing);
  }
};
using PcreCode = std::unique_ptr<pcre2_code, FreeWith<pcre2_code_free>>;
using PcreMatchData = std::unique_ptr<pcre2_match_data, FreeWith<pcre2_match_data_free>>;
using PcreMatchContext = std::unique_ptr<pcre2_match_context, FreeWith<pcre2_match_context_free>>;

std::string pcre_message(int error) {
  std::array<PCRE2_UCHAR, 256> text{};
  pcre2_get_error_message(error, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

PcreCode compile_pcre(std::string_view pattern, std::uint32_t options) {
  int error = 0;
  PCRE2_SIZE place = 0;
  PcreCode code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                              options | PCRE2_UTF, &error, &place, nullptr));
  if (!code) {
    throw VocabularyError("the pattern " + std::string(pattern.substr(0, 200)) +
                          " is not supported: " + pcre_message(error));
  }
  return code;
}

/// What a thread needs to match: one place for the result, and limits.
class PcreMatcher {
 public:
  PcreMatcher()
      : data_(pcre2_match_data_create(1, nullptr)), context_(pcre2_match_context_create(nullptr)) {
    if (!data_ || !context_) throw std::bad_alloc();
    pcre2_set_heap_limit(context_.get(), 64 * 1024);  // KiB
  }
  /// The answer of pcre2_match() for the bytes of a text up to `end`.
  int match(const pcre2_code* code, std::string_view text, std::size_t from, std::size_t end,
            std::uint32_t options, std::uint32_t limit) {
    pcre2_set_match_limit(context_.get(), limit);
    if (end != text.size()) options |= PCRE2_PARTIAL_HARD;
    return pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), end, from,
                       options | PCRE2_NO_UTF_CHECK, data_.get(), context_.get());
  }
  [[nodiscard]] std::size_t begin() const { return pcre2_get_ovector_pointer(data_.get())[0]; }
  [[nodiscard]] std::size_t end() const { return pcre2_get_ovector_pointer(data_.get())[1]; }

 private:
  PcreMatchData data_;
  PcreMatchContext context_;
};

PcreMatcher& pcre_matcher_of_thread() {
  thread_local PcreMatcher matcher;
  return matcher;
}

std::size_t window_end(std::string_view text, std::size_t from, std::size_t size) {
  if (text.size() - from <= size) return text.size();
  std::size_t end = from + size;
  while ((static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return end;
}

std::size_t behind_code_point(std::string_view text, std::size_t at) {
  ++at;
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) ++at;
  return at;
}

struct PatternMatch {
  std::size_t begin;
  std::size_t end;
};

class PatternSplitter final : public PieceSplitter {
 public:
  PatternSplitter(std::string_view pattern, std::uint32_t options, PatternUse use)
      : use_(use),
        asks_for_kinds_((options & PCRE2_LITERAL) == 0),
        pattern_(pattern.substr(0, 200)),
        search_(compile_pcre(pattern, options)),
        // For long tries by the interpreter, which counts each step back if it may take them all.
        here_(compile_pcre(pattern, options | PCRE2_ANCHORED |
                                        (options & PCRE2_LITERAL ? 0U : PCRE2_NO_AUTO_POSSESS))) {
    std::uint32_t may_be_empty = 0;
    pcre2_pattern_info(search_.get(), PCRE2_INFO_MATCHEMPTY, &may_be_empty);
    if (may_be_empty != 0) {
      throw VocabularyError("the pattern " + pattern_ + " is not supported: it matches nothing");
    }
    // Without a compiler for this machine PCRE2 interprets, which gives the same.
    pcre2_jit_compile(search_.get(), PCRE2_JIT_COMPLETE | PCRE2_JIT_PARTIAL_HARD);
  }

  void split(std::string_view text, std::vector<std::size_t>& ends) const override {
    std::string copy;
    if (asks_for_kinds_) text = with_older_code_points(text, copy);
    SplitEnds pieces(use_.behavior, ends);
    std::size_t behind = 0;
    std::size_t tried = 0;
    while (behind < text.size()) {
      const std::optional<PatternMatch> found = find(text, behind, tried);
      if (!found) break;
      if (found->begin > behind) pieces.add(found->begin, use_.is_inverted);
      pieces.add(found->end, !use_.is_inverted);
      behind = found->end;
    }
    if (behind < text.size()) pieces.add(text.size(), use_.is_inverted);
  }

  [[nodiscard]] SureBoundary sure_boundary() const noexcept override { return use_.sure_boundary; }

 private:
  [[noreturn]] void fail() const {
    throw TokenizerError("the pattern " + pattern_ + " takes too long for this text");
  }

  /// `tried` sums up the windows of long tries in this text.
  std::optional<PatternMatch> find(std::string_view text, std::size_t from,
                                   std::size_t& tried) const {
    PcreMatcher& matcher = pcre_matcher_of_thread();
    while (from < text.size()) {
      const std::size_t end = window_end(text, from, kWindowBytes);
      const int answer = matcher.match(search_.get(), text, from, end, 0, kShortMatchLimit);
      if (answer >= 0) return PatternMatch{matcher.begin(), matcher.end()};
      if (answer == PCRE2_ERROR_NOMATCH) {
        from = end;
      } else if (answer != PCRE2_ERROR_PARTIAL) {
        fail();
      } else if (matcher.begin() > from) {
        from = matcher.begin();  // no match begins before
      } else {
        const std::optional<PatternMatch> found = match_long(text, from, tried);
        if (found) return found;
        from = behind_code_point(text, from);
      }
    }
    return std::nullopt;
  }

  std::optional<PatternMatch> match_long(std::string_view text, std::size_t from,
                                         std::size_t& tried) const {
    PcreMatcher& matcher = pcre_matcher_of_thread();
    for (std::size_t size = 2 * kWindowBytes;; size *= 2) {
      const std::size_t end = window_end(text, from, size);
      tried += end - from;
      if (tried > kLongTriesPerByte * text.size()) fail();
      const auto limit =
          static_cast<std::uint32_t>(std::min<std::size_t>(UINT32_MAX, 1000 + 16 * (end - from)));
      const int answer = matcher.match(here_.get(), text, from, end, PCRE2_NO_JIT, limit);
      if (answer >= 0) return PatternMatch{matcher.begin(), matcher.end()};
      if (answer == PCRE2_ERROR_NOMATCH) return std::nullopt;
      if (answer != PCRE2_ERROR_PARTIAL) fail();
    }
  }

  PatternUse use_;
  bool asks_for_kinds_;  // of code points: letters, numbers
  std::string pattern_;
  PcreCode search_;
  PcreCode here_;
};

}  // namespace

std::unique_ptr<const PieceSplitter> make_pattern_splitter(PatternKind kind,
                                                           std::string_view pattern,
                                                           PatternUse use) {
  if (kind == PatternKind::kLiteral) {
    if (pattern.empty()) throw VocabularyError("an empty pattern is not supported");
    return std::make_unique<const PatternSplitter>(pattern, PCRE2_LITERAL, use);
  }
  return std::make_unique<const PatternSplitter>(translate_pattern(pattern),
                                                 PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, use);
}

}  // namespace cochain::detail
