// A text is encoded up to the last place where a piece surely ends.

#include "incremental_encoding.hpp"

#include "cochain/core/error.hpp"
#include "encoding_state.hpp"
#include "utf8.hpp"

namespace cochain::detail {
namespace {

/// How many bytes at the end of the text begin a code point that they do not end.
std::size_t cut_code_point(std::string_view text) noexcept {
  constexpr std::size_t kCodePointMax = 4;
  for (std::size_t back = 1; back < kCodePointMax && back <= text.size(); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xC0U) == 0x80U) continue;
    const std::size_t wanted = byte >= 0xF0U ? 4U : byte >= 0xE0U ? 3U : byte >= 0xC0U ? 2U : 1U;
    if (wanted <= back) return 0;
    // What cannot be a beginning is wrong whatever follows.
    const Utf8Step step = utf8_step_at(text, text.size() - back);
    return step.length == back ? back : 0;
  }
  return 0;
}

}  // namespace

IncrementalEncoding::IncrementalEncoding(std::shared_ptr<const EncodingState> encoding)
    : encoding_(std::move(encoding)) {}

void IncrementalEncoding::append(std::string_view part) {
  if (finished_) throw InvalidStateError("append() after finish() of an IncrementalEncoder");
  if (part.empty()) return;
  pending_count_.reset();
  if (cut_.empty()) {
    add_text(part);
  } else {
    const std::string joined = std::exchange(cut_, {}) + std::string(part);
    add_text(joined);
  }
  settle();
}

void IncrementalEncoding::add_text(std::string_view part) {
  const std::size_t cut = cut_code_point(part);
  const std::string_view whole = part.substr(0, part.size() - cut);
  cut_ = part.substr(whole.size());
  if (is_utf8(whole)) {
    pending_ += whole;
  } else {
    pending_ += mend_utf8(whole);
  }
}

void IncrementalEncoding::settle() {
  const std::string_view pending = pending_;
  std::size_t end = pending.size();
  do {
    end = sure_boundary(pending.substr(0, end), tried_);
  } while (end != 0 && !encoding_->may_cut(pending, end));
  if (end != 0) {
    encoding_->encode(pending.substr(0, end), kEveryToken, ids_);
    pending_.erase(0, end);
  }
  tried_ = pending_.size();
}

void IncrementalEncoding::finish() {
  if (finished_) return;
  if (!cut_.empty()) pending_ += mend_utf8(std::exchange(cut_, {}));
  std::vector<TokenId> rest;  // a text may make a pattern too slow
  encoding_->encode(pending_, kEveryToken, rest);
  ids_.insert(ids_.end(), rest.begin(), rest.end());
  pending_.clear();
  pending_count_.reset();
  finished_ = true;
}

std::size_t IncrementalEncoding::count() {
  if (!pending_count_) {
    pending_count_ = cut_.empty() ? encoding_->count(pending_, kEveryToken)
                                  : encoding_->count(pending_ + "\uFFFD", kEveryToken);
  }
  return taken_ + ids_.size() + *pending_count_;
}

std::vector<TokenId> IncrementalEncoding::take() {
  taken_ += ids_.size();
  return std::exchange(ids_, {});
}

}  // namespace cochain::detail
