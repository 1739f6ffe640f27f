// What is not the inner loop.

#include "encoding_state.hpp"

#include <algorithm>

#include "utf8.hpp"

namespace cochain::detail {
namespace {

/// Tokens of which the text alone is not enough need a front, whatever else there is.
std::unique_ptr<const TextFront> front_for_tokens(PieceRule rule,
                                                  const std::vector<SpecialToken>& tokens) {
  if (std::ranges::all_of(tokens, is_plain)) return nullptr;
  FrontParts parts;
  parts.last_rule = rule;
  parts.raw_tokens = tokens;
  return std::make_unique<const TextFront>(std::move(parts));
}

}  // namespace

EncodingState::EncodingState(std::string name, PieceRule rule,
                             std::shared_ptr<const BpeTables> tables,
                             std::vector<SpecialToken> special_tokens,
                             std::unique_ptr<const TextFront> front)
    : name_(std::move(name)),
      cut_pieces_(cut_pieces_of(rule)),
      vocabulary_(tables),
      tables_(std::move(tables)),
      special_tokens_(std::move(special_tokens)),
      front_(std::move(front)) {
  check_special_tokens();
  finder_ = SpecialFinder(special_tokens_);
  if (!front_) front_ = front_for_tokens(rule, special_tokens_);
}

void EncodingState::check_special_tokens() {
  std::unordered_map<std::string_view, TokenId> ids;
  for (const SpecialToken& token : special_tokens_) {
    if (token.text().empty()) throw VocabularyError(name_ + ": a special token has no text");
    // It would be found inside a code point, and what is left of that be no text.
    if (!is_utf8(token.text())) {
      throw VocabularyError(name_ + ": the text of the special token " +
                            std::to_string(token.id()) + " is not UTF-8");
    }
    if (!ids.emplace(token.text(), token.id()).second) {
      throw VocabularyError(name_ + ": the special token " + token.text() + " is there twice");
    }
    const std::string_view ordinary = tables_->bytes(token.id());
    if (!ordinary.empty() && ordinary != token.text()) {
      throw VocabularyError(name_ + ": the special token " + token.text() + " has the id " +
                            std::to_string(token.id()) + " of an ordinary token");
    }
    special_of_id_.emplace(token.id(), &token);  // of two names, the first is decoded
  }
}

void EncodingState::encode_behind_front(std::string_view text, const SpecialTokens& special,
                                        TokenSink sink) const {
  front_->encode(
      *tables_, text,
      [&special](const SpecialToken& token) {
        return token.match() == TokenMatch::kAlways || special.allows(token.text());
      },
      sink);
}

std::vector<std::size_t> EncodingState::begins(std::string_view text, std::size_t count_max) const {
  std::vector<std::size_t> begins;
  std::vector<TokenId> ids;
  if (front_) {
    encode_behind_front(text, SpecialTokens::as_text(), {ids, &begins, count_max});
    return begins;
  }
  encode(text, count_max, ids);
  begins.reserve(ids.size());
  std::size_t at = 0;
  for (const TokenId id : ids) {
    begins.push_back(at);
    at += bytes(id).size();
  }
  return begins;
}

}  // namespace cochain::detail
