// What a test can see of its own process: descriptors, memory, processor time.
// Leaks and busy loops show here and nowhere else.
#pragma once

#include <sys/resource.h>

#include <chrono>
#include <cstddef>

namespace cochain::testing {

/// How many file descriptors are open.
std::size_t open_descriptors();

/// Memory that is in use now, as the kernel counts it.
std::size_t resident_bytes();

/// Processor time of all threads so far.
std::chrono::nanoseconds processor_time();

/// Sets the soft limit of file descriptors for as long as it lives.
class DescriptorLimit {
 public:
  explicit DescriptorLimit(std::size_t descriptors);
  ~DescriptorLimit();
  DescriptorLimit(const DescriptorLimit&) = delete;
  DescriptorLimit& operator=(const DescriptorLimit&) = delete;

  /// What the kernel granted: never above the hard limit.
  std::size_t granted() const { return granted_; }

 private:
  rlimit before_{};
  std::size_t granted_ = 0;
};

/// True where a sanitizer watches: it keeps freed memory and costs time of its own.
constexpr bool sanitized() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  return true;
#else
  return false;
#endif
#else
  return false;
#endif
}

}  // namespace cochain::testing
