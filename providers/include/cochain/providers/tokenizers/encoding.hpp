// From text to tokens and back, exactly as tiktoken does it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cochain/providers/tokenizers/vocabulary.hpp"

namespace cochain {

namespace detail {
class EncodingState;
}  // namespace detail

/// By which pattern a text is cut into pieces before bytes are merged inside each.
enum class PieceRule : std::uint8_t {
  kR50k,    // r50k_base, p50k_base, p50k_edit
  kCl100k,  // cl100k_base
  kO200k,   // o200k_base, o200k_harmony
  kLlama3,  // Llama 3, and cl100k_base as others write it
  kQwen2,   // Qwen 2 and 3: each digit is a piece
  kTekken,  // Mistral NeMo and later: o200k with each digit a piece, and without contractions
};

/// Where the text of a token that is not merged from others is taken for the token.
enum class TokenMatch : std::uint8_t {
  kWhereAllowed,  // it is special: where SpecialTokens say so
  kAlways,        // in every text, encode_ordinary() included
};

/// A token that merging does not give, such as `<|endoftext|>`.
/// Shape: `SpecialToken("<|im_start|>", 100264).rstrip(true)`; the names are those of Hugging Face.
class SpecialToken {
 public:
  SpecialToken(std::string text, TokenId id, TokenMatch match = TokenMatch::kWhereAllowed)
      : text_(std::move(text)), id_(id), match_(match) {}
  /// Whether it takes the whitespace before it too. Decoding gives none of it back.
  SpecialToken& lstrip(bool value) noexcept {
    lstrip_ = value;
    return *this;
  }
  /// The same of the whitespace behind it.
  SpecialToken& rstrip(bool value) noexcept {
    rstrip_ = value;
    return *this;
  }
  /// Whether its text is only text where it stands beside a letter, a digit, a mark or a `_`.
  SpecialToken& single_word(bool value) noexcept {
    single_word_ = value;
    return *this;
  }

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] TokenId id() const noexcept { return id_; }
  [[nodiscard]] TokenMatch match() const noexcept { return match_; }
  [[nodiscard]] bool lstrip() const noexcept { return lstrip_; }
  [[nodiscard]] bool rstrip() const noexcept { return rstrip_; }
  [[nodiscard]] bool single_word() const noexcept { return single_word_; }

 private:
  std::string text_;
  TokenId id_;
  TokenMatch match_;
  bool lstrip_ = false;
  bool rstrip_ = false;
  bool single_word_ = false;
};

/// What becomes of a special token's text inside a text that is encoded.
/// Shape: `SpecialTokens()` makes each an error, so that what a user typed cannot end a prompt;
///        `SpecialTokens().allow("<|endoftext|>")` takes that one as the token it is, and
///        `as_text().allow(..)` the others as text.
class SpecialTokens {
 public:
  SpecialTokens() = default;
  /// Each becomes its token.
  [[nodiscard]] static SpecialTokens all_allowed() { return SpecialTokens(Rest::kAllowed); }
  /// None is special: their text is encoded as any other.
  [[nodiscard]] static SpecialTokens as_text() { return SpecialTokens(Rest::kText); }
  SpecialTokens& allow(std::string text) {
    allowed_.insert(std::move(text));
    return *this;
  }

  [[nodiscard]] bool allows(const std::string& text) const {
    return rest_ == Rest::kAllowed || allowed_.contains(text);
  }
  [[nodiscard]] bool forbids(const std::string& text) const {
    return rest_ == Rest::kForbidden && !allowed_.contains(text);
  }
  [[nodiscard]] bool allows_any() const { return rest_ == Rest::kAllowed || !allowed_.empty(); }
  [[nodiscard]] bool forbids_any() const { return rest_ == Rest::kForbidden; }

 private:
  enum class Rest : std::uint8_t { kForbidden, kText, kAllowed };
  explicit SpecialTokens(Rest rest) : rest_(rest) {}
  Rest rest_ = Rest::kForbidden;
  std::set<std::string> allowed_;
};

/// A byte-pair encoding: a name, a rule for pieces, a vocabulary and special tokens.
/// Shape:    open() and parse() know r50k_base, p50k_base, p50k_edit, cl100k_base, o200k_base and
///           o200k_harmony, and want their rank files; the constructor takes any other.
///           A text is UTF-8. What is not becomes U+FFFD first, one for each maximal wrong part, as
///           browsers do it. Every call takes time in proportion to the text, whatever is in it;
///           only where a token has a lower rank than those it is merged from, long words take n
///           log n.
/// Units:    offsets are bytes.
/// Suspends: never; 1 MB takes some 5 to 150 ms, so give long texts to an executor.
/// Lives:    copies share one state that never changes: any number of threads may use it. A thread
///           that encodes keeps a cache of at most 3 MiB for each of its last four encodings.
/// Errors:   VocabularyError for a name that is not known, a file that is not the one of the name,
///           and special tokens that are empty, twice there, or have the id of an ordinary token.
/// Source:   openai/tiktoken 0.14, tiktoken_ext/openai_public.py and core.py.
class Encoding final : public Tokenizer {
 public:
  Encoding(std::string name, PieceRule rule, const Vocabulary& vocabulary,
           std::vector<SpecialToken> special_tokens);
  [[nodiscard]] static Encoding open(std::string_view name, const std::filesystem::path& path);
  [[nodiscard]] static Encoding parse(std::string_view name, std::string_view rank_text);
  /// From a `tokenizer.json` of Hugging Face, exactly as their tokenizers encode it.
  /// Shape:  byte-level BPE; NFC; the steps Split, Punctuation, Digits and ByteLevel, but none that
  ///         removes text. Added tokens are special tokens, or are matched in every text if the
  ///         file says that they are not special; they have the ids that the file gives them, where
  ///         Hugging Face's would count on from the vocabulary. NFC knows the accents that came
  ///         after Unicode 9, as theirs does not: two at one letter may change places. What the
  ///         file says of tokens around a text (post_processor), truncation and padding is not
  ///         applied. Where patterns are not those of GPT-2, Llama 3, Qwen 2, Tekken or o200k, they
  ///         go to PCRE2, at a third of the speed; a text that makes one of them slow is a
  ///         TokenizerError. If they are not DeepSeek's either, an incremental encoder keeps all
  ///         of a text until finish(), and a text that is tokenized beside the loop is one slice;
  ///         so too where a token that every text may have strips whitespace or must be a word. The
  ///         name of the encoding is that of the file.
  /// Units:  at most 64 MiB and 2 million tokens.
  /// Errors: VocabularyError that names the file, the place in it, and what is not supported there.
  /// Source: huggingface/tokenizers 0.23.
  [[nodiscard]] static Encoding open_hugging_face(const std::filesystem::path& path);
  [[nodiscard]] static Encoding parse_hugging_face(std::string_view name, std::string_view json);
  /// The names that open() and parse() know.
  [[nodiscard]] static std::vector<std::string> known_names();

  [[nodiscard]] const std::string& name() const noexcept override;
  [[nodiscard]] const Vocabulary& vocabulary() const noexcept;
  [[nodiscard]] const std::vector<SpecialToken>& special_tokens() const noexcept;

  /// Errors: SpecialTokenError naming the first special token that `special` forbids.
  [[nodiscard]] std::vector<TokenId> encode(std::string_view text,
                                            const SpecialTokens& special = SpecialTokens()) const;
  /// The same, with no special tokens: their text is text.
  [[nodiscard]] std::vector<TokenId> encode_ordinary(std::string_view text) const override;

  /// Errors: UnknownTokenError.
  [[nodiscard]] std::string decode(std::span<const TokenId> ids) const override;
  /// The bytes of the tokens, as they are.
  /// Errors: UnknownTokenError.
  [[nodiscard]] std::string decode_bytes(std::span<const TokenId> ids) const;

  [[nodiscard]] std::size_t count(std::string_view text) const override;
  [[nodiscard]] std::optional<std::size_t> count_up_to(std::string_view text,
                                                       std::size_t limit) const override;
  /// Shape: cut where a token ends, if nothing speaks against it.
  [[nodiscard]] std::string_view truncate(std::string_view text, std::size_t limit) const override;
  /// Shape: a token that begins inside a U+FFFD that stands for wrong bytes begins where they do.
  [[nodiscard]] std::vector<std::size_t> offsets(std::string_view text) const override;
  [[nodiscard]] std::unique_ptr<IncrementalEncoder> incremental() const override;

 private:
  explicit Encoding(std::shared_ptr<const detail::EncodingState> state);
  std::shared_ptr<const detail::EncodingState> state_;
};

}  // namespace cochain
