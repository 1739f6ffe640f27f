// What the tests of the ground floor share: life-counting probes and small workers.
// Every coroutine here takes its parameters by value, or by reference to what its awaiter owns.
#pragma once

#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "async_test.hpp"
#include "thrown.hpp"

namespace cochain::testing {

/// Counts how many of it are alive; one destroyed twice makes the count wrong and is seen by ASan.
class Probe {
 public:
  explicit Probe(int value = 0) : value_(value), memory_(std::make_unique<int>(value)) { ++alive; }
  Probe(const Probe& other) : Probe(other.value_) {}
  Probe(Probe&& other) noexcept : value_(other.value_), memory_(std::move(other.memory_)) {
    ++alive;
  }
  Probe& operator=(Probe other) noexcept {
    std::swap(value_, other.value_);
    std::swap(memory_, other.memory_);
    return *this;
  }
  ~Probe() { --alive; }
  [[nodiscard]] int value() const noexcept { return value_; }

  static inline int alive = 0;

 private:
  int value_;
  std::unique_ptr<int> memory_;
};

/// Appends to a log when it is destroyed: shows when, and in which order, RAII runs.
class Farewell {
 public:
  Farewell(std::vector<std::string>& log, std::string text) : log_(log), text_(std::move(text)) {}
  Farewell(const Farewell&) = delete;
  Farewell& operator=(const Farewell&) = delete;
  ~Farewell() { log_.push_back(text_); }

 private:
  std::vector<std::string>& log_;
  std::string text_;
};

using Log = std::vector<std::string>;
using Numbers = std::vector<int>;

inline Coro<int> after(Duration delay, int value) {
  co_await sleep(delay);
  co_return value;
}

inline Coro<int> at_once(int value) { co_return value; }

inline Coro<int> fail_after(Duration delay, std::string text) {
  co_await sleep(delay);
  throw std::runtime_error(text);
}

inline Coro<> append(Numbers& numbers, int number) {
  numbers.push_back(number);
  co_return;
}

/// Waits for ever, and says at its end how it came.
inline Coro<> wait_for_ever(Log& log, std::string name) {
  const Farewell farewell(log, name + " gone");
  Event never;
  try {
    co_await never.wait();
  } catch (const CancelledError&) {
    log.push_back(name + " cancelled");
    throw;
  }
}

/// Gives way so many times.
inline Coro<> passes(int count) {
  for (int i = 0; i < count; ++i) co_await sleep(0s);
}

/// Refuses to be cancelled once, then ends with `value`.
inline Coro<int> suppress_cancel(int value) {
  try {
    co_await sleep(1h);
  } catch (const CancelledError&) {
  }
  co_return value;
}

}  // namespace cochain::testing
