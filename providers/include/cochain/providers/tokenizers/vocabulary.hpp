// The tokens of an encoding: which bytes each stands for, and in what order they are merged.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cochain/chains/model/tokenizer.hpp"

namespace cochain {

namespace detail {
class BpeTables;
class EncodingState;
}  // namespace detail

/// The ordinary tokens of a byte-pair encoding, and the tables to find them.
/// Shape:  from the text of a `.tiktoken` file: lines of base64, a blank and a number. That number
///         is both the id of the token and its rank: what has the lower one is merged first.
///         Building the tables takes some tenths of a second; a compiled file has them as they are.
/// Units:  at most 2 million tokens; a token has at most 1024 bytes.
/// Lives:  copies share the tables, which never change: any number of threads may use them.
/// Errors: VocabularyError naming the line, or the byte that has no token of its own.
class Vocabulary {
 public:
  [[nodiscard]] static Vocabulary parse(std::string_view rank_text);
  /// The same tokens without a file: each has its place in the list as its rank, from 0.
  /// Errors: those of parse(), as if each token were a line.
  [[nodiscard]] static Vocabulary from_tokens(std::span<const std::string> tokens);
  /// A rank file, or a compiled one.
  /// Errors: also VocabularyError naming the file if it cannot be read.
  [[nodiscard]] static Vocabulary open(const std::filesystem::path& path);

  /// Writes the tables to a file, for this kind of machine and this version of the tables.
  /// Shape:  under another name first, which is then changed: whoever opens it sees all of it.
  /// Errors: VocabularyError naming the file.
  void save_compiled(const std::filesystem::path& path) const;
  /// Units:  some milliseconds for 18 MB; processes that open one file share its memory.
  /// Lives:  the file may be replaced or removed, but must not be written to.
  /// Errors: VocabularyError that says whether it is no such file, cut off, damaged, or of another
  ///         version or machine. The file is trusted beyond that: its checksum finds accidents.
  [[nodiscard]] static Vocabulary open_compiled(const std::filesystem::path& path);

  /// How many tokens there are.
  [[nodiscard]] std::size_t size() const noexcept;
  /// One more than the highest id. Ids may be left out between.
  [[nodiscard]] TokenId id_end() const noexcept;
  /// The bytes of a token; empty if there is none of that id.
  /// Lives: as long as any copy of the vocabulary.
  [[nodiscard]] std::string_view bytes(TokenId id) const noexcept;
  /// The token that stands for exactly these bytes.
  [[nodiscard]] std::optional<TokenId> find(std::string_view bytes) const noexcept;
  /// What the tables take of memory.
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

 private:
  friend class Encoding;
  friend class VocabularyCache;
  friend class detail::EncodingState;
  explicit Vocabulary(std::shared_ptr<const detail::BpeTables> tables);
  std::shared_ptr<const detail::BpeTables> tables_;
};

}  // namespace cochain
