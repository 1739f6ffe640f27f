// Sizing a row, and the median of its samples. The peers in other languages do the same.

#include "meter.hpp"

#include <unistd.h>
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <string>

namespace cochain::bench {
namespace {

constexpr double kSampleSeconds = 0.030;
constexpr std::size_t kSamples = 3;
constexpr std::size_t kFirstN = 100;

double cpu_seconds() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

Meter sample(const Row& row, std::size_t n) {
  Meter meter;
  row.body(meter, n);
  return meter;
}

/// How many operations fill a sample. Finding it warms up the allocator and the caches.
std::size_t size_of_sample(const Row& row) {
  std::size_t n = kFirstN;
  for (;;) {
    const double seconds = sample(row, n).seconds();
    if (seconds >= kSampleSeconds) return n;
    const double factor = std::clamp(1.2 * kSampleSeconds / std::max(seconds, 1e-9), 2.0, 100.0);
    n = static_cast<std::size_t>(static_cast<double>(n) * factor);
    const std::size_t step = n >= 1000 ? 1000 : 100;  // rows share n among up to 1,000 tasks
    n = (n + step - 1) / step * step;
  }
}

void report(const char* peer, const Row& row) {
  std::size_t n = row.n_fixed;
  std::array<Meter, kSamples> samples;
  if (n == 0) {
    n = size_of_sample(row);
  } else {
    (void)sample(row, std::max<std::size_t>(n / 100, 1));
  }
  std::size_t taken = 0;
  while (taken < kSamples) {
    samples[taken++] = sample(row, n);
    if (samples[0].bytes() > 0) break;  // memory that was freed stays resident: the first counts
  }
  std::sort(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(taken),
            [](const Meter& a, const Meter& b) { return a.seconds() < b.seconds(); });
  const Meter& median = samples[taken / 2];
  const std::string name(row.name);
  if (median.bytes() > 0) {
    std::printf("{\"row\": \"%s\", \"peer\": \"%s\", \"bytes\": %.1f, \"n\": %zu}\n", name.c_str(),
                peer, median.bytes(), n);
  } else {
    std::printf("{\"row\": \"%s\", \"peer\": \"%s\", \"ns\": %.2f, \"n\": %zu}\n", name.c_str(),
                peer, median.seconds() * 1e9 / static_cast<double>(n * median.parts()), n);
  }
  std::fflush(stdout);
}

}  // namespace

void Meter::start() noexcept { started_ = cpu_seconds(); }
void Meter::stop() noexcept { seconds_ = cpu_seconds() - started_; }

std::size_t resident_bytes() {
  std::size_t total = 0;
  std::size_t resident = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%zu %zu", &total, &resident) != 2) resident = 0;
    std::fclose(file);
  }
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

int run_rows(int argc, char** argv, const char* peer, std::span<const Row> rows) {
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--list") == 0) {
      for (const Row& row : rows) std::printf("%s\n", std::string(row.name).c_str());
      return 0;
    }
    for (const Row& row : rows) {
      if (row.name == argv[i]) report(peer, row);
    }
  }
  return 0;
}

}  // namespace cochain::bench
