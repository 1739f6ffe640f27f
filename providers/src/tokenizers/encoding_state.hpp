// What an encoding is made of, and its inner loop: a text is cut into pieces, each piece encoded.
// Between the operations of encodings and the tables.
#pragma once

#include <cstddef>
#include <limits>
#include <memory>
#include <span>
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
#include "text_front.hpp"

namespace cochain::detail {

/// For all tokens of a text, where so many at most are wanted.
inline constexpr std::size_t kEveryToken = std::numeric_limits<std::size_t>::max();

/// What the copies of an encoding share.
class EncodingState {
 public:
  /// With a front the rule is not used: the front has what it takes.
  EncodingState(std::string name, PieceRule rule, std::shared_ptr<const BpeTables> tables,
                std::vector<SpecialToken> special_tokens, std::unique_ptr<const TextFront> front);
  EncodingState(const EncodingState&) = delete;
  EncodingState& operator=(const EncodingState&) = delete;
  ~EncodingState() = default;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const Vocabulary& vocabulary() const noexcept { return vocabulary_; }
  [[nodiscard]] const std::vector<SpecialToken>& special_tokens() const noexcept {
    return special_tokens_;
  }
  [[nodiscard]] const SpecialFinder& finder() const noexcept { return finder_; }
  /// nullptr if a text is nothing but its pieces.
  [[nodiscard]] const TextFront* front() const noexcept { return front_.get(); }
  [[nodiscard]] const BpeTables& tables() const noexcept { return *tables_; }

  /// Appends the tokens of a text that is UTF-8; stops behind the piece with which `ids` comes to
  /// have more than `size_max`.
  void encode(std::string_view text, std::size_t size_max, std::vector<TokenId>& ids) const {
    if (front_)
      return encode_behind_front(text, SpecialTokens::as_text(), {ids, nullptr, size_max});
    PieceEncoder& encoder = piece_encoder_of_thread(*tables_);
    PieceCutter cutter(cut_pieces_, text);
    while (!cutter.at_end() && ids.size() <= size_max) {
      encoder.encode(*tables_, cutter.next(), size_max, ids);
    }
  }

  /// The same with special tokens, and all of it: for an encoding with a front.
  void encode_behind_front(std::string_view text, const SpecialTokens& special,
                           TokenSink sink) const;

  /// Where the tokens of a text that is UTF-8 begin in it; of not many more than `count_max`.
  [[nodiscard]] std::vector<std::size_t> begins(std::string_view text, std::size_t count_max) const;

  /// Whether a text, in which special tokens are text, may be encoded in parts.
  [[nodiscard]] bool is_in_parts() const noexcept { return !front_ || front_->is_in_parts(); }
  /// Whether the tokens of a text are those of its two parts, where sure_boundary() cuts it.
  [[nodiscard]] bool may_cut(std::string_view text, std::size_t at) const noexcept {
    return !front_ || front_->may_cut(text, at);
  }

  /// How many tokens a text that is UTF-8 has; something above `count_max` if it has more.
  [[nodiscard]] std::size_t count(std::string_view text, std::size_t count_max) const {
    std::vector<TokenId> ids;
    if (front_) {
      encode(text, count_max, ids);
      return ids.size();
    }
    PieceEncoder& encoder = piece_encoder_of_thread(*tables_);
    PieceCutter cutter(cut_pieces_, text);
    std::size_t total = 0;
    while (!cutter.at_end() && total <= count_max) {
      encoder.encode(*tables_, cutter.next(), count_max - total, ids);
      total += ids.size();
      ids.clear();
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
  void check_special_tokens();

  std::string name_;
  CutPieces cut_pieces_;
  Vocabulary vocabulary_;
  std::shared_ptr<const BpeTables> tables_;
  std::vector<SpecialToken> special_tokens_;
  std::unordered_map<TokenId, const SpecialToken*> special_of_id_;
  SpecialFinder finder_;
  std::unique_ptr<const TextFront> front_;
};

}  // namespace cochain::detail
