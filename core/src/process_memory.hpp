// Memory to read tasks from: this process's own, or another one's, which may change meanwhile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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
  /// Why a byte cannot be read, as an errno; 0 if it can.
  [[nodiscard]] int why_not(Address from) const noexcept;

 private:
  int pid_;
};

/// Where a process keeps the ELF section of some name: one address for each program or library that
/// has it, and perhaps others at which the file is mapped as well.
class SectionAddresses {
 public:
  SectionAddresses() = default;
  std::vector<Address> addresses;
  std::string doubt;  // if there are none: why that need not be so, "" or ", or ..."
};

/// Errors: Error if there is no such process, it is none of a program, or it may not be looked at.
[[nodiscard]] SectionAddresses find_section(int pid, const char* name);

/// "process 17 (cook)", fit for a terminal.
[[nodiscard]] std::string process_label(int pid);

/// Throws an Error that says what it takes to read this process.
[[noreturn]] void throw_not_permitted(int pid, int error);

}  // namespace cochain::detail
