// The walk that leads back from the mended text to the one that was given.

#include "utf8_text.hpp"

#include "utf8.hpp"

namespace cochain::detail {

Utf8Text::Utf8Text(std::string_view text) : text_(text), view_(text) {
  if (is_utf8(text)) return;
  copy_ = mend_utf8(text);
  view_ = copy_;
}

std::size_t Utf8Text::original(std::size_t place) noexcept {
  constexpr std::size_t kReplacementSize = 3;
  if (copy_.empty()) return place;
  while (at_ < text_.size()) {
    const Utf8Step step = utf8_step_at(text_, at_);
    const std::size_t size = step.is_valid ? step.length : kReplacementSize;
    if (view_at_ + size > place) return step.is_valid ? at_ + (place - view_at_) : at_;
    at_ += step.length;
    view_at_ += size;
  }
  return at_;
}

}  // namespace cochain::detail
