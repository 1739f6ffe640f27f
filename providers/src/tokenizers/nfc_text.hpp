// A text in Unicode's normal form C, and the way back to the text that it was made from.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cochain::detail {

/// Shape: code points that may combine are normalised together, from one that combines with nothing
///        before it to the next such.
/// Units: takes n log n of a run of marks, and time in proportion to the text else.
/// Lives: as long as what `text` refers to, which is UTF-8. The view is of the text itself if that
///        is in normal form.
class NfcText {
 public:
  explicit NfcText(std::string_view text);
  NfcText(const NfcText&) = delete;
  NfcText& operator=(const NfcText&) = delete;
  ~NfcText() = default;

  [[nodiscard]] std::string_view view() const noexcept { return view_; }
  /// Where a place of the view is in the text. A place inside code points that were normalised
  /// together and came out otherwise is where they begin.
  [[nodiscard]] std::size_t original(std::size_t place) const noexcept;

 private:
  /// Code points that came out otherwise: where they were, and where what they became is.
  struct Change {
    std::size_t begin;
    std::size_t end;
    std::size_t view_begin;
    std::size_t view_end;
  };

  void add_together(std::string_view text, std::size_t begin, std::size_t end);

  std::string copy_;
  std::string_view view_;
  std::vector<Change> changes_;
};

}  // namespace cochain::detail
