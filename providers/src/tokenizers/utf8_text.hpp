// A text as the encoders want it: UTF-8, copied only where it has to be mended.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cochain::detail {

/// Lives: as long as what `text` refers to. The view is of the text itself if that is UTF-8.
class Utf8Text {
 public:
  explicit Utf8Text(std::string_view text);
  Utf8Text(const Utf8Text&) = delete;
  Utf8Text& operator=(const Utf8Text&) = delete;
  ~Utf8Text() = default;

  [[nodiscard]] std::string_view view() const noexcept { return view_; }
  /// Where a place of the view is in the text. A place inside a U+FFFD that stands for wrong bytes
  /// is where they begin. Places must be asked for in ascending order.
  [[nodiscard]] std::size_t original(std::size_t place) noexcept;

 private:
  std::string_view text_;
  std::string copy_;
  std::string_view view_;
  std::size_t at_ = 0;       // of the text: the walk of original()
  std::size_t view_at_ = 0;  // the same place of the view
};

}  // namespace cochain::detail
