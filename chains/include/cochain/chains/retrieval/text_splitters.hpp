// The splitters of plain texts: at one separator, at the coarsest that will do, at sentences, at
// tokens.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "cochain/chains/retrieval/separator.hpp"
#include "cochain/chains/retrieval/text_splitter.hpp"

namespace cochain {

/// Cuts at one separator, and puts as many pieces into a chunk as fit.
/// Shape:    separators are left out at the ends of chunks unless the options say otherwise. A
///           piece that is too long is cut between characters.
class CharacterTextSplitter final : public TextSplitter {
 public:
  explicit CharacterTextSplitter(ChunkOptions options = ChunkOptions(),
                                 Separator separator = "\n\n");

 private:
  [[nodiscard]] TextChunks do_split(std::string_view text) const override;

  Separators separators_;
};

/// Cuts at the coarsest separator; a piece that is too long at the next one that it has, and so on.
/// Shape:    a separator begins the chunk after it unless the options say otherwise. What is too
///           long when all separators are used up is cut between characters.
class RecursiveCharacterTextSplitter final : public TextSplitter {
 public:
  explicit RecursiveCharacterTextSplitter(ChunkOptions options = ChunkOptions(),
                                          Separators separators = default_separators());
  RecursiveCharacterTextSplitter(ChunkOptions options, Language language);

  [[nodiscard]] const Separators& separators() const noexcept { return separators_; }

 private:
  [[nodiscard]] TextChunks do_split(std::string_view text) const override;

  Separators separators_;
};

/// Cuts into windows of chunk_size tokens, of which chunk_overlap are those of the window before.
/// Shape:    a window that would end inside a grapheme cluster ends before it. Blanks stay.
/// Errors:   InvalidStateError if the options have no tokenizer.
class TokenTextSplitter final : public TextSplitter {
 public:
  explicit TokenTextSplitter(ChunkOptions options);

 private:
  [[nodiscard]] TextChunks do_split(std::string_view text) const override;
};

/// Whether a line end ends a sentence, as it does for Unicode; or only a blank line does, for texts
/// whose lines were broken to fit a page.
enum class LineEnds : std::uint8_t { kEndSentences, kWrapSentences };

/// Puts as many whole sentences into a chunk as fit.
/// Shape:    a sentence that is too long is cut as RecursiveCharacterTextSplitter does.
/// Errors:   InvalidInputError for a locale that ICU refuses.
/// Source:   Unicode Standard Annex 29, "Sentence Boundaries", as ICU has it.
class SentenceTextSplitter final : public TextSplitter {
 public:
  explicit SentenceTextSplitter(ChunkOptions options = ChunkOptions());

  SentenceTextSplitter& line_ends(LineEnds value) {
    line_ends_ = value;
    return *this;
  }
  /// Of the text, as ICU names it: "de"; "en@ss=standard" also knows that "Mr." ends no sentence.
  SentenceTextSplitter& locale(std::string value) {
    locale_ = std::move(value);
    return *this;
  }

 private:
  [[nodiscard]] TextChunks do_split(std::string_view text) const override;

  LineEnds line_ends_ = LineEnds::kEndSentences;
  std::string locale_;
};

}  // namespace cochain
