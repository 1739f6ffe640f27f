// What a test can see of its own process: descriptors, memory, processor time.
// Leaks and busy loops show here and nowhere else.
#pragma once

#include <sys/resource.h>

#include <chrono>
#include <cstddef>
#include <cstdint>

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

#if defined(__has_feature)
#define COCHAIN_TEST_HAS_FEATURE(feature) __has_feature(feature)
#else
#define COCHAIN_TEST_HAS_FEATURE(feature) 0
#endif

enum class Sanitizer : std::uint8_t { kAddress, kThread, kUndefined };

/// True where that sanitizer watches. Of kUndefined only clang tells.
constexpr bool sanitized_by(Sanitizer which) noexcept {
#if defined(__SANITIZE_ADDRESS__) || COCHAIN_TEST_HAS_FEATURE(address_sanitizer)
  if (which == Sanitizer::kAddress) return true;
#endif
#if defined(__SANITIZE_THREAD__) || COCHAIN_TEST_HAS_FEATURE(thread_sanitizer)
  if (which == Sanitizer::kThread) return true;
#endif
#if COCHAIN_TEST_HAS_FEATURE(undefined_behavior_sanitizer)
  if (which == Sanitizer::kUndefined) return true;
#endif
  (void)which;
  return false;
}

#undef COCHAIN_TEST_HAS_FEATURE

/// True where a sanitizer watches that keeps freed memory and costs time of its own.
constexpr bool sanitized() noexcept {
  return sanitized_by(Sanitizer::kAddress) || sanitized_by(Sanitizer::kThread);
}

/// True where a sanitizer checks the types of objects: to see whether an address can be read it
/// opens a pipe, and takes a failure for a wrong type. So it needs the very descriptors that a test
/// of their exhaustion takes away.
constexpr bool type_checks_need_descriptors() noexcept {
  return sanitized_by(Sanitizer::kUndefined);
}

/// Skips, and says why: `if (type_checks_need_descriptors()) GTEST_SKIP() << kNeedsDescriptors;`
inline constexpr const char* kNeedsDescriptors =
    "SKIPPED HERE: the undefined-behaviour sanitizer itself needs the descriptors that this test "
    "takes away; it runs in all builds without that sanitizer";

}  // namespace cochain::testing
