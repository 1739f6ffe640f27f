// The life of a key: made, copied, wiped. explicit_bzero is a call that no optimiser removes.

#include "cochain/providers/secret.hpp"

#include <string.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace cochain {
namespace {

constexpr std::size_t kShowLast4BytesMin = 12;

char* copy_of(std::string_view text) {
  if (text.empty()) return nullptr;
  char* copy = new char[text.size()];
  std::memcpy(copy, text.data(), text.size());
  return copy;
}

}  // namespace

Secret::Secret(std::string text) {
  const bool fits_a_header = text.find_first_of(std::string_view("\r\n\0", 3)) == text.npos;
  if (fits_a_header) {
    text_ = copy_of(text);
    size_ = text.size();
  }
  explicit_bzero(text.data(), text.size());
  if (!fits_a_header) throw std::invalid_argument("a secret has a line break or a NUL in it");
}

Secret::Secret(const Secret& other) : text_(copy_of(other.reveal())), size_(other.size_) {}

Secret::Secret(Secret&& other) noexcept
    : text_(std::exchange(other.text_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(const Secret& other) {
  if (this != &other) *this = Secret(other);
  return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe();
    text_ = std::exchange(other.text_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

Secret::~Secret() { wipe(); }

void Secret::wipe() noexcept {
  if (text_ == nullptr) return;
  explicit_bzero(text_, size_);
  delete[] text_;
  text_ = nullptr;
  size_ = 0;
}

std::optional<Secret> Secret::from_env(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) return std::nullopt;
  // Keys come out of files and shells with a line break at the end.
  std::string_view text = value;
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return std::nullopt;
  text = text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
  return Secret(std::string(text));
}

std::string Secret::last4() const {
  std::string shown = "****";
  if (size_ >= kShowLast4BytesMin) shown.append(text_ + size_ - 4, 4);
  return shown;
}

bool Secret::equals(const Secret& other) const noexcept {
  if (size_ != other.size_) return false;
  // volatile: the compiler must not learn that the first difference settles it.
  volatile std::uint8_t difference = 0;
  for (std::size_t i = 0; i < size_; ++i) {
    difference = static_cast<std::uint8_t>(difference |
                                           static_cast<std::uint8_t>(text_[i] ^ other.text_[i]));
  }
  return difference == 0;
}

}  // namespace cochain
