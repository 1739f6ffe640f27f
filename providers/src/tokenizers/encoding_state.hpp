// What an encoding is made of, and its inner loop: a text is cut into pieces, each piece encoded.
// Between the operations of encodings and the tables.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bpe_tables.hpp"
#include "cochain/providers/tokenizers/encoding.hpp"
#include "cochain/providers/tokenizers/tokenizer_error.hpp"
#include "piece_encoder.hpp"
#include "pretokenizer.hpp"
#include "special_finder.hpp"

namespace cochain::detail {

/// What the copies of an encoding share.
class EncodingState {
 public:
  EncodingState(std::string name, PieceRule rule, Vocabulary vocabulary,
                std::shared_ptr<const BpeTables> tables, std::vector<SpecialToken> special_tokens)
      : name_(std::move(name)),
        piece_end_(piece_end_of(rule)),
        vocabulary_(std::move(vocabulary)),
        tables_(std::move(tables)),
        special_tokens_(std::move(special_tokens)) {
    std::unordered_map<std::string_view, TokenId> ids;
    for (const SpecialToken& token : special_tokens_) {
      if (token.text().empty()) throw VocabularyError(name_ + ": a special token has no text");
      if (!ids.emplace(token.text(), token.id()).second) {
        throw VocabularyError(name_ + ": the special token " + token.text() + " is there twice");
      }
      if (!tables_->bytes(token.id()).empty()) {
        throw VocabularyError(name_ + ": the special token " + token.text() + " has the id " +
                              std::to_string(token.id()) + " of an ordinary token");
      }
      special_of_id_.emplace(token.id(), &token);  // of two names, the first is decoded
    }
    finder_ = SpecialFinder(special_tokens_);
  }
  EncodingState(const EncodingState&) = delete;
  EncodingState& operator=(const EncodingState&) = delete;
  ~EncodingState() = default;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const Vocabulary& vocabulary() const noexcept { return vocabulary_; }
  [[nodiscard]] const std::vector<SpecialToken>& special_tokens() const noexcept {
    return special_tokens_;
  }
  [[nodiscard]] const SpecialFinder& finder() const noexcept { return finder_; }
  [[nodiscard]] PieceEnd piece_end() const noexcept { return piece_end_; }
  [[nodiscard]] const BpeTables& tables() const noexcept { return *tables_; }

  /// Appends the tokens of a text that is UTF-8; stops behind the piece with which `ids` comes to
  /// have more than `size_max`.
  void encode(std::string_view text, std::size_t size_max, std::vector<TokenId>& ids) const {
    PieceEncoder& encoder = piece_encoder_of_thread(*tables_);
    const char* piece = text.data();
    const char* const end = piece + text.size();
    while (piece != end && ids.size() <= size_max) {
      const char* const piece_end = piece_end_(piece, end);
      encoder.encode(*tables_, piece, piece_end, end, ids);
      piece = piece_end;
    }
  }

  /// Appends the tokens of the pieces of `text`, which is UTF-8, up to `pieces_end`, where one
  /// ends.
  void encode_pieces(std::string_view text, std::size_t pieces_end,
                     std::vector<TokenId>& ids) const {
    PieceEncoder& encoder = piece_encoder_of_thread(*tables_);
    const char* const end = text.data() + text.size();
    for (const char* piece = text.data(); piece != text.data() + pieces_end;) {
      const char* const piece_end = piece_end_(piece, end);
      encoder.encode(*tables_, piece, piece_end, end, ids);
      piece = piece_end;
    }
  }

  /// How many tokens a text that is UTF-8 has; something above `count_max` if it has more.
  [[nodiscard]] std::size_t count(std::string_view text, std::size_t count_max) const {
    PieceEncoder& encoder = piece_encoder_of_thread(*tables_);
    std::vector<TokenId> ids;
    std::size_t total = 0;
    const char* piece = text.data();
    const char* const end = piece + text.size();
    while (piece != end && total <= count_max) {
      const char* const piece_end = piece_end_(piece, end);
      encoder.encode(*tables_, piece, piece_end, end, ids);
      total += ids.size();
      ids.clear();
      piece = piece_end;
    }
    return total;
  }

  [[nodiscard]] std::string_view bytes(TokenId id) const {
    const std::string_view ordinary = tables_->bytes(id);
    if (!ordinary.empty()) return ordinary;
    const auto special = special_of_id_.find(id);
    if (special == special_of_id_.end()) throw UnknownTokenError(name_, id);
    return special->second->text();
  }

 private:
  std::string name_;
  PieceEnd piece_end_;
  Vocabulary vocabulary_;
  std::shared_ptr<const BpeTables> tables_;
  std::vector<SpecialToken> special_tokens_;
  std::unordered_map<TokenId, const SpecialToken*> special_of_id_;
  SpecialFinder finder_;
};

}  // namespace cochain::detail
