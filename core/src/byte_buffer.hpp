// Bytes that come in at one end and go out at the other.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace cochain::detail {

/// Shape: `space(n)` then `commit(m <= n)`, or `append()`; `consume()` from the front.
class ByteBuffer {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return end_ - begin_; }
  [[nodiscard]] bool empty() const noexcept { return begin_ == end_; }
  [[nodiscard]] std::string_view view() const noexcept {
    return std::string_view(memory_.get() + begin_, size());
  }

  /// At least `bytes` of room behind what there is; valid until the next call.
  [[nodiscard]] std::span<char> space(std::size_t bytes) {
    if (capacity_ - end_ < bytes) make_room(bytes);
    return {memory_.get() + end_, capacity_ - end_};
  }
  void commit(std::size_t bytes) noexcept { end_ += bytes; }
  void append(std::string_view data) {
    if (data.empty()) return;
    std::memcpy(space(data.size()).data(), data.data(), data.size());
    commit(data.size());
  }
  void consume(std::size_t bytes) noexcept {
    begin_ += bytes;
    if (begin_ != end_) return;
    begin_ = end_ = 0;
    if (capacity_ > kKeptWhenEmpty) release();
  }
  void clear() noexcept { consume(size()); }

 private:
  static constexpr std::size_t kKeptWhenEmpty = std::size_t{256} * 1024;

  void release() noexcept {
    memory_.reset();
    capacity_ = 0;
  }

  // Moves what there is to the front if at least half of the memory is free then, else doubles: so
  // each byte is moved a bounded number of times.
  void make_room(std::size_t bytes) {
    const std::size_t held = size();
    if (held + bytes <= capacity_ && held <= capacity_ / 2) {
      std::memmove(memory_.get(), memory_.get() + begin_, held);
    } else {
      const std::size_t larger = std::max(held + bytes, capacity_ * 2);
      auto memory = std::make_unique_for_overwrite<char[]>(larger);
      if (held > 0) std::memcpy(memory.get(), memory_.get() + begin_, held);
      memory_ = std::move(memory);
      capacity_ = larger;
    }
    begin_ = 0;
    end_ = held;
  }

  std::unique_ptr<char[]> memory_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace cochain::detail
