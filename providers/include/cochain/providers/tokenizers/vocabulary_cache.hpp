// Which encoding a model has, and where its rank file lies.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "cochain/providers/tokenizers/encoding.hpp"
#include "cochain/providers/tokenizers/tokenizer_error.hpp"

namespace cochain {

/// The rank file of an encoding is not where it was looked for.
class MissingVocabularyError : public VocabularyError {
 public:
  using VocabularyError::VocabularyError;
};

/// The name of the encoding of one of OpenAI's models: "o200k_base" for "gpt-5-mini".
/// Shape:  a provider before a colon is passed over, as in "openai:gpt-5"; so is what follows the
///         name of a family, such as a date. "ft:" is not a provider.
/// Errors: VocabularyError for a model that is not known. Those of other makers are not: what they
///         count by is theirs.
/// Source: openai/tiktoken 0.14, model.py.
[[nodiscard]] std::string encoding_name_for_model(std::string_view model);

/// The folder in which tiktoken keeps rank files, under the names that it gives them: what one of
/// the two has, the other finds.
/// Errors: VocabularyError for a name that Encoding does not know.
class VocabularyCache {
 public:
  /// Without a folder there is no cache, and nothing is found.
  explicit VocabularyCache(std::filesystem::path folder) : folder_(std::move(folder)) {}
  /// TIKTOKEN_CACHE_DIR, else DATA_GYM_CACHE_DIR, else `data-gym-cache` in the folder for temporary
  /// files. Set to nothing, a variable says that there is no cache.
  [[nodiscard]] static VocabularyCache from_environment();

  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }
  /// Where the rank file of an encoding is or would be; empty without a folder.
  [[nodiscard]] std::filesystem::path path_of(std::string_view encoding) const;
  /// Where the rank file of an encoding comes from.
  [[nodiscard]] static std::string url_of(std::string_view encoding);

  /// Whether the rank file is here, and the one that was published.
  /// Suspends: never; reads megabytes, some 10 ms.
  [[nodiscard]] bool has(std::string_view encoding) const;
  /// Keeps a rank file. It comes into being whole or not at all, whoever else writes it.
  /// Errors: VocabularyError if the text is not the one that was published, by its SHA-256, or if
  ///         it cannot be written.
  void store(std::string_view encoding, std::string_view rank_text) const;

  /// The encoding, from its files in this folder: the compiled one if it is there, was made from
  /// the rank file that is published, and only the user or root could have written it; else the
  /// rank file, which is checked.
  /// Suspends: never; a few milliseconds, or some 0.2 s to build the tables: for an executor.
  /// Errors:   MissingVocabularyError that says what is to be done; VocabularyError if the file is
  ///           not the one of that name, by its SHA-256.
  [[nodiscard]] Encoding load(std::string_view encoding) const;

  /// Writes a compiled file beside the rank file, so that load() takes milliseconds; or again, if
  /// the one there is damaged or of another version. Returns its path.
  /// Errors: those of load(); VocabularyError if the folder cannot be written to, or others can
  ///         write to it, so that load() would pass the file over.
  std::filesystem::path compile(std::string_view encoding) const;
  /// Where compile() writes; empty without a folder.
  [[nodiscard]] std::filesystem::path compiled_path_of(std::string_view encoding) const;

 private:
  [[nodiscard]] std::string read_rank_file(std::string_view encoding) const;
  [[nodiscard]] std::optional<Vocabulary> open_compiled(std::string_view encoding) const;

  std::filesystem::path folder_;
};

}  // namespace cochain
