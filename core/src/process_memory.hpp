// Memory to read tasks from: this process's own, or another one's, which may change meanwhile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace cochain::detail {

/// An address in the process that is looked at.
using Address = std::uint64_t;

/// Copies bytes out of a process.
class ProcessMemory {
 public:
  virtual ~ProcessMemory() = default;
  /// False if not all of it can be read.
  [[nodiscard]] virtual bool read(Address from, void* to, std::size_t bytes) const noexcept = 0;

  template <class T>
  [[nodiscard]] std::optional<T> get(Address from) const noexcept {
    T value;
    if (!read(from, &value, sizeof value)) return std::nullopt;
    return value;
  }
  /// A text that ends with a zero, cut at some length; nothing if it cannot be read.
  [[nodiscard]] virtual std::optional<std::string> text(Address from) const;
};

/// What this thread can read by itself.
class OwnMemory final : public ProcessMemory {
 public:
  /// Reads no byte behind the zero.
  [[nodiscard]] std::optional<std::string> text(Address from) const override;
  [[nodiscard]] bool read(Address from, void* to, std::size_t bytes) const noexcept override;
};

/// What the kernel copies out of a process. It never faults, whatever the address; so it also
/// serves to look at this process from another thread than the one that changes it.
class KernelCopiedMemory final : public ProcessMemory {
 public:
  explicit KernelCopiedMemory(int pid) noexcept : pid_(pid) {}
  [[nodiscard]] bool read(Address from, void* to, std::size_t bytes) const noexcept override;

 private:
  int pid_;
};

/// Where a program or library that `pid` has mapped keeps the ELF section `name`; nothing if none
/// has such a section.
/// Errors: Error if there is no such process, or its maps cannot be read.
[[nodiscard]] std::optional<Address> find_section(int pid, const char* name);

}  // namespace cochain::detail
