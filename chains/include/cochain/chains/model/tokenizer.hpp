// The port to what a model counts in: tokens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cochain {

/// The number that stands for a token.
using TokenId = std::uint32_t;

/// Encodes one text that arrives in parts: what a model says, or a file a block at a time.
/// Shape:    append()* finish(). The parts may be cut anywhere, inside a character too; the tokens
///           are those of the whole text, so they do not depend on where it was cut.
/// Suspends: never.
/// Threads:  one at a time.
class IncrementalEncoder {
 public:
  virtual ~IncrementalEncoder() = default;
  IncrementalEncoder(const IncrementalEncoder&) = delete;
  IncrementalEncoder& operator=(const IncrementalEncoder&) = delete;

  /// Takes time in proportion to the part, whatever came before.
  /// Errors: InvalidStateError after finish().
  virtual void append(std::string_view part) = 0;
  /// Nothing more follows.
  virtual void finish() = 0;
  /// How many tokens all that was appended has, if it ends here. That may be fewer than before the
  /// last part: what a text ends with is known when more of it is there.
  /// Units: takes time in proportion to the last word, or a run of spaces, that is not ended.
  [[nodiscard]] virtual std::size_t count() = 0;
  /// The tokens that nothing appended later can change, since the last call; after finish() all.
  [[nodiscard]] virtual std::vector<TokenId> take() = 0;

 protected:
  IncrementalEncoder() = default;
};

/// What a text is for a model.
/// Shape:    a text is UTF-8; what is not counts as U+FFFD. Nothing in a text is special here:
///           what looks like a token of the model's own is text.
/// Units:    offsets are bytes.
/// Suspends: never; some tens of MB/s, so see count_tokens() and encode_text() for long texts.
/// Lives:    never changes, and any number of threads may use it.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  [[nodiscard]] virtual const std::string& name() const noexcept = 0;
  [[nodiscard]] virtual std::vector<TokenId> encode_ordinary(std::string_view text) const = 0;
  /// The text of the tokens, with U+FFFD for what is not UTF-8: a cut may fall inside a character.
  [[nodiscard]] virtual std::string decode(std::span<const TokenId> ids) const = 0;
  /// How many tokens encode_ordinary() gives.
  [[nodiscard]] virtual std::size_t count(std::string_view text) const = 0;
  /// The same, or nothing as soon as there are more than `limit`.
  [[nodiscard]] virtual std::optional<std::size_t> count_up_to(std::string_view text,
                                                               std::size_t limit) const = 0;
  /// A beginning of the text, whole code points, whose count() is at most `limit`.
  /// Lives: as long as what `text` refers to.
  [[nodiscard]] virtual std::string_view truncate(std::string_view text,
                                                  std::size_t limit) const = 0;
  /// Where each token of encode_ordinary() begins in the text: never decreasing, and perhaps inside
  /// a character.
  [[nodiscard]] virtual std::vector<std::size_t> offsets(std::string_view text) const = 0;
  /// Lives: the encoder keeps what it needs of the tokenizer.
  [[nodiscard]] virtual std::unique_ptr<IncrementalEncoder> incremental() const = 0;

 protected:
  Tokenizer() = default;
  Tokenizer(const Tokenizer&) = default;
  Tokenizer& operator=(const Tokenizer&) = default;
};

}  // namespace cochain
