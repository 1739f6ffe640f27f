// The operations of an encoding: text is mended, cut into pieces, and each piece encoded.

#include "cochain/providers/tokenizers/encoding.hpp"

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "bpe_tables.hpp"
#include "cochain/providers/tokenizers/tokenizer_error.hpp"
#include "piece_encoder.hpp"
#include "pretokenizer.hpp"
#include "special_finder.hpp"
#include "utf8.hpp"
#include "utf8_text.hpp"

namespace cochain {
namespace detail {

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

namespace {

constexpr std::size_t kNoTokenLimit = std::numeric_limits<std::size_t>::max();

// A token is some four bytes of most texts.
constexpr std::size_t kBytesPerToken = 4;

std::size_t code_point_begin(std::string_view text, std::size_t at) noexcept {
  while (at > 0 && at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) {
    --at;
  }
  return at;
}

}  // namespace
}  // namespace detail

Encoding::Encoding(std::string name, PieceRule rule, Vocabulary vocabulary,
                   std::vector<SpecialToken> special_tokens) {
  std::shared_ptr<const detail::BpeTables> tables = vocabulary.tables_;
  state_ = std::make_shared<const detail::EncodingState>(
      std::move(name), rule, std::move(vocabulary), std::move(tables), std::move(special_tokens));
}

const std::string& Encoding::name() const noexcept { return state_->name(); }

const Vocabulary& Encoding::vocabulary() const noexcept { return state_->vocabulary(); }

const std::vector<SpecialToken>& Encoding::special_tokens() const noexcept {
  return state_->special_tokens();
}

std::vector<TokenId> Encoding::encode(std::string_view text, const SpecialTokens& special) const {
  detail::Utf8Text mended(text);
  const std::string_view view = mended.view();
  if (special.forbids_any()) {
    const auto is_forbidden = [&](const SpecialToken& t) { return special.forbids(t.text()); };
    const detail::FoundSpecial found = state_->finder().find(view, 0, is_forbidden);
    if (found.token) throw SpecialTokenError(found.token->text(), mended.original(found.at));
  }
  std::vector<TokenId> ids;
  ids.reserve(view.size() / detail::kBytesPerToken);
  std::size_t begin = 0;
  while (special.allows_any()) {
    const auto is_allowed = [&](const SpecialToken& t) { return special.allows(t.text()); };
    const detail::FoundSpecial found = state_->finder().find(view, begin, is_allowed);
    if (!found.token) break;
    state_->encode(view.substr(begin, found.at - begin), detail::kNoTokenLimit, ids);
    ids.push_back(found.token->id());
    begin = found.at + found.token->text().size();
  }
  state_->encode(view.substr(begin), detail::kNoTokenLimit, ids);
  return ids;
}

std::vector<TokenId> Encoding::encode_ordinary(std::string_view text) const {
  const detail::Utf8Text mended(text);
  std::vector<TokenId> ids;
  ids.reserve(mended.view().size() / detail::kBytesPerToken);
  state_->encode(mended.view(), detail::kNoTokenLimit, ids);
  return ids;
}

std::string Encoding::decode(std::span<const TokenId> ids) const {
  std::string bytes = decode_bytes(ids);
  if (detail::utf8_valid_prefix(bytes) == bytes.size()) return bytes;
  return detail::mend_utf8(bytes);
}

std::string Encoding::decode_bytes(std::span<const TokenId> ids) const {
  std::string result;
  for (const TokenId id : ids) result += state_->bytes(id);
  return result;
}

std::size_t Encoding::count(std::string_view text) const {
  return state_->count(detail::Utf8Text(text).view(), detail::kNoTokenLimit);
}

std::optional<std::size_t> Encoding::count_up_to(std::string_view text, std::size_t limit) const {
  const std::size_t count = state_->count(detail::Utf8Text(text).view(), limit);
  if (count > limit) return std::nullopt;
  return count;
}

std::string_view Encoding::truncate(std::string_view text, std::size_t limit) const {
  detail::Utf8Text mended(text);
  const std::string_view view = mended.view();
  std::vector<TokenId> ids;
  state_->encode(view, limit, ids);
  if (ids.size() <= limit) return text;
  std::vector<std::size_t> ends{0};
  for (std::size_t n = 0; n < limit; ++n)
    ends.push_back(ends.back() + state_->bytes(ids[n]).size());
  // The beginning of a text may have more tokens than the tokens it was cut from: what follows a
  // space, for one, decides about it. So a cut is counted, and moved back where it has too many:
  // by one token a few times, then by ever more, so that this ends soon for any text.
  std::size_t kept = limit;
  for (std::size_t step = 1, tries = 0; kept > 0; ++tries) {
    const std::size_t cut = detail::code_point_begin(view, ends[kept]);
    if (state_->count(view.substr(0, cut), limit) <= limit) {
      return text.substr(0, mended.original(cut));
    }
    if (tries >= 8) step *= 2;
    kept -= std::min(kept, step);
  }
  return text.substr(0, 0);
}

std::vector<std::size_t> Encoding::offsets(std::string_view text) const {
  detail::Utf8Text mended(text);
  std::vector<TokenId> ids;
  state_->encode(mended.view(), detail::kNoTokenLimit, ids);
  std::vector<std::size_t> result;
  result.reserve(ids.size());
  std::size_t at = 0;
  for (const TokenId id : ids) {
    result.push_back(mended.original(at));
    at += state_->bytes(id).size();
  }
  return result;
}

}  // namespace cochain
