// The operations of an encoding: text is mended, cut into pieces, and each piece encoded.

#include "cochain/providers/tokenizers/encoding.hpp"

#include <algorithm>

#include "encoding_state.hpp"
#include "incremental_encoding.hpp"
#include "utf8.hpp"
#include "utf8_text.hpp"

namespace cochain {
namespace detail {
namespace {

// Of most texts a token has more.
constexpr std::size_t kBytesPerToken = 3;

struct CountedBeginning {
  std::string_view text;  // as much as was read
  std::size_t tokens;     // of all of the text, or above the limit
};

/// Reads no further than it must to tell whether there are more tokens than `limit`.
CountedBeginning count_beginning(const std::shared_ptr<const EncodingState>& state,
                                 std::string_view text, std::size_t limit) {
  constexpr std::size_t kBlockBytes = std::size_t{16} * 1024;
  if (text.size() <= kBlockBytes || !state->is_in_parts()) {
    return {text, state->count(Utf8Text(text).view(), limit)};
  }
  IncrementalEncoding encoder(state);
  std::size_t tokens = 0;
  for (std::size_t read = 0; read < text.size();) {
    const std::string_view block = text.substr(read, kBlockBytes);
    encoder.append(block);
    read += block.size();
    tokens += encoder.take().size();
    if (tokens > limit) return {text.substr(0, read), tokens};
  }
  encoder.finish();
  return {text, tokens + encoder.take().size()};
}

/// A special token inside one that is taken in every text is not there.
void refuse_forbidden(const EncodingState& state, const SpecialTokens& special, Utf8Text& text) {
  const auto is_forbidden = [&special](const SpecialToken& token) {
    return token.match() == TokenMatch::kWhereAllowed && special.forbids(token.text());
  };
  const auto is_looked_for = [&](const SpecialToken& token) {
    return token.match() == TokenMatch::kAlways || is_forbidden(token);
  };
  FoundSpecial found = state.finder().find(text.view(), 0, is_looked_for);
  while (found.token != nullptr) {
    if (is_forbidden(*found.token) && span_of(found, text.view(), 0)) {
      throw SpecialTokenError(found.token->text(), text.original(found.at));
    }
    found = state.finder().find(text.view(), found.at + found.token->text().size(), is_looked_for);
  }
}

}  // namespace
}  // namespace detail

Encoding::Encoding(std::string name, PieceRule rule, const Vocabulary& vocabulary,
                   std::vector<SpecialToken> special_tokens) {
  state_ = std::make_shared<const detail::EncodingState>(std::move(name), rule, vocabulary.tables_,
                                                         std::move(special_tokens), nullptr);
}

Encoding::Encoding(std::shared_ptr<const detail::EncodingState> state) : state_(std::move(state)) {}

const std::string& Encoding::name() const noexcept { return state_->name(); }

const Vocabulary& Encoding::vocabulary() const noexcept { return state_->vocabulary(); }

const std::vector<SpecialToken>& Encoding::special_tokens() const noexcept {
  return state_->special_tokens();
}

std::vector<TokenId> Encoding::encode(std::string_view text, const SpecialTokens& special) const {
  detail::Utf8Text mended(text);
  const std::string_view view = mended.view();
  if (special.forbids_any()) detail::refuse_forbidden(*state_, special, mended);
  std::vector<TokenId> ids;
  ids.reserve(view.size() / detail::kBytesPerToken);
  if (state_->front() != nullptr) {
    state_->encode_behind_front(view, special, {ids, nullptr, detail::kEveryToken});
    return ids;
  }
  std::size_t begin = 0;
  while (special.allows_any()) {
    const auto is_allowed = [&](const SpecialToken& t) { return special.allows(t.text()); };
    const detail::FoundSpecial found = state_->finder().find(view, begin, is_allowed);
    if (!found.token) break;
    state_->encode(view.substr(begin, found.at - begin), detail::kEveryToken, ids);
    ids.push_back(found.token->id());
    begin = found.at + found.token->text().size();
  }
  state_->encode(view.substr(begin), detail::kEveryToken, ids);
  return ids;
}

std::vector<TokenId> Encoding::encode_ordinary(std::string_view text) const {
  const detail::Utf8Text mended(text);
  std::vector<TokenId> ids;
  ids.reserve(mended.view().size() / detail::kBytesPerToken);
  state_->encode(mended.view(), detail::kEveryToken, ids);
  return ids;
}

std::string Encoding::decode(std::span<const TokenId> ids) const {
  std::string bytes = decode_bytes(ids);
  if (detail::is_utf8(bytes)) return bytes;
  return detail::mend_utf8(bytes);
}

std::string Encoding::decode_bytes(std::span<const TokenId> ids) const {
  std::string result;
  for (const TokenId id : ids) result += state_->bytes(id);
  return result;
}

std::size_t Encoding::count(std::string_view text) const {
  return state_->count(detail::Utf8Text(text).view(), detail::kEveryToken);
}

std::optional<std::size_t> Encoding::count_up_to(std::string_view text, std::size_t limit) const {
  const detail::CountedBeginning counted = detail::count_beginning(state_, text, limit);
  if (counted.tokens > limit) return std::nullopt;
  return counted.tokens;
}

std::string_view Encoding::truncate(std::string_view text, std::size_t limit) const {
  const detail::CountedBeginning counted = detail::count_beginning(state_, text, limit);
  if (counted.tokens <= limit) return text;
  detail::Utf8Text mended(counted.text);
  const std::string_view view = mended.view();
  const std::vector<std::size_t> begins = state_->begins(view, limit);  // more than the limit
  // The beginning of a text may have more tokens than the tokens it was cut from: what follows a
  // space, for one, decides about it. So a cut is counted, and moved back where it has too many:
  // by one token a few times, then by ever more, so that this ends soon for any text.
  std::size_t kept = limit;
  for (std::size_t step = 1, tries = 0; kept > 0; ++tries) {
    const std::size_t cut = detail::code_point_begin(view, begins[kept]);
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
  std::vector<std::size_t> result = state_->begins(mended.view(), detail::kEveryToken);
  for (std::size_t& at : result) at = mended.original(at);
  return result;
}

std::unique_ptr<IncrementalEncoder> Encoding::incremental() const {
  return std::make_unique<detail::IncrementalEncoding>(state_);
}

}  // namespace cochain
