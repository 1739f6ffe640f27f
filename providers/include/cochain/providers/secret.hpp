// A key that cannot be printed by accident. Keys enter the library here and leave it in the
// transport, at the moment in which the request's headers are written.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace cochain {

/// A key, password or token.
/// Shape:    cannot be streamed, formatted, compared with == or converted; `reveal()` is the one
///           way to the text, and is easy to search for.
/// Lives:    in memory of its own, which is overwritten before it is given back; so is the string
///           that it was made from. A copy is another secret of the same kind.
/// Errors:   std::invalid_argument if the text has a line break or a NUL: no header can carry it.
class Secret {
 public:
  Secret() noexcept = default;
  explicit Secret(std::string text);
  Secret(const Secret& other);
  Secret(Secret&& other) noexcept;
  Secret& operator=(const Secret& other);
  Secret& operator=(Secret&& other) noexcept;
  ~Secret();

  /// The variable's value without the white space around it; nullopt if unset or blank.
  [[nodiscard]] static std::optional<Secret> from_env(const char* name);

  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  /// The text itself. Do not keep it, log it, or put it in a URL, a file or an error.
  [[nodiscard]] std::string_view reveal() const noexcept { return {text_, size_}; }
  /// "****" and the last four characters, or no more than "****" if the secret is short.
  [[nodiscard]] std::string last4() const;
  /// Equality in a time that depends on the lengths only.
  [[nodiscard]] bool equals(const Secret& other) const noexcept;

  bool operator==(const Secret&) const = delete;
  template <class Stream>
  friend Stream& operator<<(Stream&, const Secret&) = delete;

 private:
  void wipe() noexcept;
  // Not a std::string: a short one lies inside the object, and moving it leaves a copy behind.
  char* text_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace cochain
