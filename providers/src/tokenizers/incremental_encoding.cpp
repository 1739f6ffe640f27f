// What may still change is the last piece, and pieces whose end was found by looking at what is
// behind it. How far patterns look is told in settled_end().

#include "incremental_encoding.hpp"

#include "cochain/core/error.hpp"
#include "encoding_state.hpp"
#include "utf8.hpp"

namespace cochain::detail {
namespace {

constexpr std::size_t kShortWord = 64;

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
  if (pending_.size() >= try_at_) settle();
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

/// Behind a front only whole lines are settled, if it can be cut there: a token that is looked for
/// in the text, or marks that combine, may go on over the end of a word.
void IncrementalEncoding::settle_lines() {
  std::size_t end = 0;
  if (encoding_->front()->cuts_at_lines()) {
    for (std::size_t at = pending_.size(); end == 0 && at >= 2 && at > tried_;) {
      --at;
      const char letter = static_cast<char>(pending_[at] | 0x20);
      if (pending_[at - 1] == '\n' && letter >= 'a' && letter <= 'z') end = at;
    }
  }
  encoding_->encode(std::string_view(pending_).substr(0, end), kEveryToken, ids_);
  pending_.erase(0, end);
  tried_ = pending_.size();
}

void IncrementalEncoding::settle() {
  if (encoding_->front() != nullptr) return settle_lines();
  const char* const begin = pending_.data();
  const char* const end = begin + pending_.size();
  const char* const settled = settled_end(begin, begin + tried_, end);
  const std::size_t done =
      encoding_->encode_settled(pending_, static_cast<std::size_t>(settled - begin), ids_);
  pending_.erase(0, done);
  tried_ = pending_.size();
  const bool is_long = done == 0 && pending_.size() > kShortWord;
  try_at_ = is_long ? 2 * pending_.size() : 0;
}

void IncrementalEncoding::finish() {
  if (finished_) return;
  finished_ = true;
  if (!cut_.empty()) pending_ += mend_utf8(std::exchange(cut_, {}));
  encoding_->encode(pending_, kEveryToken, ids_);
  pending_.clear();
  pending_count_.reset();
}

std::size_t IncrementalEncoding::count() {
  if (!pending_count_) {
    const std::string_view tail = cut_.empty() ? std::string_view() : std::string_view("\uFFFD");
    if (tail.empty()) {
      pending_count_ = encoding_->count(pending_, kEveryToken);
    } else {
      pending_ += tail;
      pending_count_ = encoding_->count(pending_, kEveryToken);
      pending_.resize(pending_.size() - tail.size());
    }
  }
  return taken_ + ids_.size() + *pending_count_;
}

std::vector<TokenId> IncrementalEncoding::take() {
  taken_ += ids_.size();
  return std::exchange(ids_, {});
}

}  // namespace cochain::detail
