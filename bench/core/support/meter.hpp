// How the C++ programs of run_core.py and run_chains.py measure a row and tell the result.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace cochain::bench {

/// The CPU time of the process between start() and stop(), over all threads.
class Meter {
 public:
  void start() noexcept;
  void stop() noexcept;
  /// For rows about memory: bytes for each of the n objects, in place of a time.
  void set_bytes(double each) noexcept { bytes_ = each; }
  /// For rows whose operations are many equal ones, as the tokens of a stream are: how many.
  void set_parts(std::size_t each) noexcept { parts_ = each; }
  [[nodiscard]] std::size_t parts() const noexcept { return parts_; }
  [[nodiscard]] double seconds() const noexcept { return seconds_; }
  [[nodiscard]] double bytes() const noexcept { return bytes_; }

 private:
  double started_ = 0;
  double seconds_ = 0;
  double bytes_ = 0;
  std::size_t parts_ = 1;
};

/// One row of the table: `body` does its setup, then n operations between start() and stop().
class Row {
 public:
  constexpr Row(std::string_view row_name, void (*row_body)(Meter&, std::size_t),
                std::size_t fixed_n = 0) noexcept
      : name(row_name), body(row_body), n_fixed(fixed_n) {}
  std::string_view name;
  void (*body)(Meter& meter, std::size_t n);
  std::size_t n_fixed;  // 0: as many as fill a sample
};

/// The memory of this process that is in RAM, in bytes.
[[nodiscard]] std::size_t resident_bytes();

/// Random numbers that every peer computes alike.
class Random {
 public:
  [[nodiscard]] std::size_t below(std::size_t end) noexcept {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<std::size_t>(state_ >> 33) % end;
  }

 private:
  unsigned long long state_ = 1;
};

/// main() of such a program: `<program> [--list] <row>...`. For each row that it knows it prints
/// one line of JSON: the median of three samples, each of 30 ms or more, after a warm-up.
int run_rows(int argc, char** argv, const char* peer, std::span<const Row> rows);

}  // namespace cochain::bench
