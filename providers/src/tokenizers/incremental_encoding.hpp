// Encoding a text that arrives in parts: pieces are encoded once nothing that follows can change
// where they end.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cochain/chains/model/tokenizer.hpp"

namespace cochain::detail {

class EncodingState;

class IncrementalEncoding final : public IncrementalEncoder {
 public:
  explicit IncrementalEncoding(std::shared_ptr<const EncodingState> encoding);
  ~IncrementalEncoding() override = default;

  void append(std::string_view part) override;
  void finish() override;
  [[nodiscard]] std::size_t count() override;
  [[nodiscard]] std::vector<TokenId> take() override;

 private:
  void add_text(std::string_view part);
  void settle();

  std::shared_ptr<const EncodingState> encoding_;
  std::string pending_;    // UTF-8, from the beginning of a piece
  std::string cut_;        // the first bytes of a code point, which the next part may end
  std::size_t tried_ = 0;  // so much of pending_ has been looked through for a place to settle at
  std::vector<TokenId> ids_;  // settled, and not taken yet
  std::size_t taken_ = 0;
  std::optional<std::size_t> pending_count_;  // while nothing is appended
  bool finished_ = false;
};

}  // namespace cochain::detail
