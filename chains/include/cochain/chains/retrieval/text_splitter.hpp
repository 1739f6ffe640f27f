// Long texts in chunks: how long, how measured, where each lies. What all splitters share.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cochain/chains/model/tokenizer.hpp"
#include "cochain/chains/retrieval/document.hpp"
#include "cochain/chains/runnable/runnable.hpp"

namespace cochain {

/// To which chunk a separator belongs that stands between two: to the later one, to the earlier
/// one, or to none of them.
enum class KeepSeparator : std::uint8_t { kStart, kEnd, kNone };

/// What the length of a chunk is counted in.
enum class LengthUnit : std::uint8_t { kCharacters, kBytes, kTokens, kFunction };

/// How long chunks are, and what they share.
/// Shape:    `ChunkOptions(512, 64).tokens(encoding)`. Without a word about it, lengths are counted
///           in characters (code points), as LangChain does.
/// Units:    chunk_size is the most; chunk_overlap is the most that a chunk repeats of the one
///           before it. A byte that is no UTF-8 is a character.
/// Errors:   InvalidStateError for a chunk_size of 0, an overlap that is not below it, or an empty
///           function or tokenizer.
class ChunkOptions {
 public:
  using LengthFunction = std::function<std::size_t(std::string_view)>;

  ChunkOptions() = default;
  explicit ChunkOptions(std::size_t chunk_size, std::size_t chunk_overlap = 0);

  /// Counts the tokens of each chunk as a text of its own.
  ChunkOptions& tokens(std::shared_ptr<const Tokenizer> tokenizer);
  ChunkOptions& bytes();
  ChunkOptions& characters();
  /// Counts by a function, which should not give less for a longer text. It is called once for
  /// each piece, which may be a word or a character, and some tens of times for each chunk.
  ChunkOptions& length_function(LengthFunction function);
  /// By default, what the splitter has for its default.
  ChunkOptions& keep_separator(KeepSeparator value);
  /// Blanks and line ends at the ends of chunks stay. Without it the ends are moved past them, and
  /// a chunk of nothing else is left out.
  ChunkOptions& keep_whitespace();
  /// Every chunk repeats the end of the one before it, whatever it has to be cut at, if there is
  /// room for the whitespace between them. Without it only whole pieces are repeated, so a long
  /// paragraph is not.
  ChunkOptions& always_overlap();
  /// Documents made of chunks say in their metadata where they begin: "start_index", in bytes.
  ChunkOptions& add_start_index();

  [[nodiscard]] std::size_t chunk_size() const noexcept { return size_; }
  [[nodiscard]] std::size_t chunk_overlap() const noexcept { return overlap_; }
  [[nodiscard]] LengthUnit unit() const noexcept { return unit_; }
  [[nodiscard]] const std::shared_ptr<const Tokenizer>& tokenizer() const noexcept {
    return tokenizer_;
  }
  [[nodiscard]] const LengthFunction& length_function() const noexcept { return function_; }
  [[nodiscard]] KeepSeparator keep_separator_or(KeepSeparator by_default) const noexcept {
    return keep_.value_or(by_default);
  }
  [[nodiscard]] bool keeps_whitespace() const noexcept { return keep_whitespace_; }
  [[nodiscard]] bool overlaps_always() const noexcept { return always_overlap_; }
  [[nodiscard]] bool adds_start_index() const noexcept { return add_start_index_; }

 private:
  std::size_t size_ = 4000;
  std::size_t overlap_ = 200;
  LengthUnit unit_ = LengthUnit::kCharacters;
  std::shared_ptr<const Tokenizer> tokenizer_;
  LengthFunction function_;
  std::optional<KeepSeparator> keep_;
  bool keep_whitespace_ = false;
  bool always_overlap_ = false;
  bool add_start_index_ = false;
};

/// Cuts texts into chunks.
/// Shape:    chunks are slices of the text, in its order. None is longer than chunk_size, but for
///           one character (grapheme cluster) that is longer alone. No chunk begins or ends inside
///           a code point or a grapheme cluster. Together they are the whole text, but for
///           whitespace at their ends and separators that KeepSeparator::kNone leaves out.
/// Suspends: never.
/// Lives:    never changes; any number of threads may use it, if its length function allows it.
/// Errors:   what a length function throws.
class TextSplitter {
 public:
  virtual ~TextSplitter() = default;

  /// Lives: as long as what `text` refers to.
  [[nodiscard]] TextChunks split(std::string_view text) const { return do_split(text); }
  [[nodiscard]] std::vector<std::string> split_text(std::string_view text) const;
  /// Documents of the chunks of all texts, each with the metadata of its text.
  /// Errors: InvalidInputError if there are metadata and not as many as texts.
  [[nodiscard]] Documents create_documents(std::span<const std::string> texts,
                                           std::span<const JsonObject> metadatas = {}) const;
  /// Documents of the chunks of all documents, with their metadata. A "start_index" that is there
  /// is added to, so that splitting what was split gives places in the first text.
  [[nodiscard]] Documents split_documents(std::span<const Document> documents) const;

  [[nodiscard]] const ChunkOptions& options() const noexcept { return options_; }

 protected:
  explicit TextSplitter(ChunkOptions options) : options_(std::move(options)) {}
  TextSplitter(const TextSplitter&) = default;
  TextSplitter& operator=(const TextSplitter&) = default;

 private:
  [[nodiscard]] virtual TextChunks do_split(std::string_view text) const = 0;

  ChunkOptions options_;
};

extern template class Runnable<Documents, Documents>;

/// A splitter as a step: documents in, the documents of their chunks out.
/// Suspends: for more than 64 KiB of text until a thread of the pool has done it, and then a length
///           function is called there.
class DocumentSplitter final : public Runnable<Documents, Documents> {
 public:
  explicit DocumentSplitter(std::shared_ptr<const TextSplitter> splitter);
  template <std::derived_from<TextSplitter> Splitter>
  explicit DocumentSplitter(Splitter splitter)
      : DocumentSplitter(std::shared_ptr<const TextSplitter>(
            std::make_shared<const Splitter>(std::move(splitter)))) {}

 private:
  [[nodiscard]] Coro<Documents> do_invoke(Documents input, RunConfig config) const override;

  std::shared_ptr<const TextSplitter> splitter_;
};

}  // namespace cochain
