// The errors of the ground floor, and the two signals that are no errors.
// Everything above derives its own errors from Error; nothing derives from CancelledError.
//
//   std::runtime_error
//     Error                      whatever cochain throws on purpose
//       TimeoutError             a deadline of ours passed (never a peer's)
//       InvalidStateError        an operation that the object's state forbids
//       QueueEmpty               get_nowait() on an empty queue
//       QueueFull                put_nowait() on a full queue
//       QueueShutDown            the queue takes or gives no more items
//       BrokenBarrierError       the barrier was reset or aborted while, or before, one waited
//       IncompleteReadError      a stream ended before all that was asked for had come
//       LimitOverrunError        no separator within the limit of a stream; the data stays
//       LineTooLongError         a line beyond the limit of a stream; it was dropped
//       ConnectionError          a connection was not made, or broke
//         OpenConnectionError    no address of a host could be connected to
//         TlsError               the handshake, a certificate, or a connection that was cut short
//       ExceptionGroup           several errors of one task group
//       DeadlockError            nothing can ever run again (virtual clock only)
//   CancelledError               a request to stop, thrown at a suspension; outside std::exception
//   KeyboardInterrupt            Ctrl-C reached run(); outside std::exception
#pragma once

#include <cstddef>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace cochain {

/// The base of every error that cochain throws.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A deadline set by `timeout()` or `wait_for()` passed.
class TimeoutError : public Error {
 public:
  TimeoutError() : Error("the operation timed out") {}
  using Error::Error;
};

/// The object is in no state for this operation: a programmer's error, told as an exception.
class InvalidStateError : public Error {
 public:
  using Error::Error;
};

/// `Queue::get_nowait()` found nothing to take.
class QueueEmpty : public Error {
 public:
  QueueEmpty() : Error("the queue is empty") {}
};

/// `Queue::put_nowait()` found no room, or `submit()` of an executor.
class QueueFull : public Error {
 public:
  QueueFull() : Error("the queue is full") {}
  using Error::Error;
};

/// The queue was shut down: it accepts nothing, and has nothing left to give.
class QueueShutDown : public Error {
 public:
  QueueShutDown() : Error("the queue is shut down") {}
};

/// `Barrier::wait()` cannot be met: the barrier was reset while one waited, or is aborted.
class BrokenBarrierError : public Error {
 public:
  using Error::Error;
};

/// Every task waits, no timer is set, and nothing outside can wake anyone.
/// Errors: thrown by `run()` under a virtual clock only; in real time the loop waits for signals.
class DeadlockError : public Error {
 public:
  using Error::Error;
};

/// A stream ended before all that was asked for had come.
/// Shape: `partial()` is what did come; `expected()` how much was asked for, if that is a number.
class IncompleteReadError : public Error {
 public:
  explicit IncompleteReadError(std::string partial, std::optional<std::size_t> expected = {});
  [[nodiscard]] const std::string& partial() const noexcept { return partial_; }
  [[nodiscard]] std::optional<std::size_t> expected() const noexcept { return expected_; }

 private:
  std::string partial_;
  std::optional<std::size_t> expected_;
};

/// `readuntil()` found no separator within the limit of the stream, or found it behind that.
/// Shape: `consumed()` bytes can be read before the place where a separator is, or may begin.
///        Nothing was taken: `readexactly(consumed())` goes on.
class LimitOverrunError : public Error {
 public:
  LimitOverrunError(const std::string& message, std::size_t consumed)
      : Error(message), consumed_(consumed) {}
  [[nodiscard]] std::size_t consumed() const noexcept { return consumed_; }

 private:
  std::size_t consumed_;
};

/// `readline()` met a line beyond the limit of the stream. What had come of it was dropped.
class LineTooLongError : public Error {
 public:
  using Error::Error;
};

/// A connection was not made, or it broke.
/// Shape: `code()` is what the system said, where it said something: `std::errc::…` compares.
class ConnectionError : public Error {
 public:
  explicit ConnectionError(const std::string& message, std::error_code code = {})
      : Error(message), code_(code) {}
  [[nodiscard]] std::error_code code() const noexcept { return code_; }

 private:
  std::error_code code_;
};

/// TLS went wrong: the handshake, a certificate, or a peer that left without saying that it ends.
class TlsError : public ConnectionError {
 public:
  using ConnectionError::ConnectionError;
};

/// The errors of all children of one task group, none of them lost.
/// Shape: `what()` lists every message; `exceptions()` keeps the order in which they came.
class ExceptionGroup : public Error {
 public:
  ExceptionGroup(std::string message, std::vector<std::exception_ptr> exceptions);
  [[nodiscard]] const std::vector<std::exception_ptr>& exceptions() const noexcept {
    return exceptions_;
  }
  /// True if some member (members of nested groups included) is an `E`.
  template <class E>
  [[nodiscard]] bool contains() const {
    for (const std::exception_ptr& each : exceptions_) {
      try {
        std::rethrow_exception(each);
      } catch (const E&) {
        return true;
      } catch (...) {
        if (contains_in_nested<E>(each)) return true;
      }
    }
    return false;
  }

 private:
  template <class E>
  static bool contains_in_nested(const std::exception_ptr& exception) {
    try {
      std::rethrow_exception(exception);
    } catch (const ExceptionGroup& group) {
      return group.contains<E>();
    } catch (...) {
      return false;
    }
  }

  std::vector<std::exception_ptr> exceptions_;
};

/// A request to stop, delivered at a suspension.
/// Not a std::exception, so that `catch (const std::exception&)` in a retry loop lets it pass:
/// swallowing it turns a request to stop into a hang.
class CancelledError final {
 public:
  CancelledError() = default;
  explicit CancelledError(std::string message) : message_(std::move(message)) {}
  /// What was given to `cancel(message)`; empty if nothing was.
  [[nodiscard]] const std::string& message() const noexcept { return message_; }

 private:
  std::string message_;
};

/// Ctrl-C ended the program: `run()` throws it after everything was cancelled and waited for.
class KeyboardInterrupt {};

/// One line that says what an exception is: its `what()`, or the name of the two signals.
/// Suspends: never.
[[nodiscard]] std::string describe(const std::exception_ptr& exception);

namespace detail {
[[nodiscard]] bool is_cancelled_error(const std::exception_ptr& exception) noexcept;
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);
}  // namespace detail

/// A condition that only a bug in cochain, or a broken rule of use, can make false.
/// On in every build: the price is one predictable branch.
#define COCHAIN_ASSERT(condition) \
  ((condition) ? void(0) : ::cochain::detail::assertion_failed(#condition, __FILE__, __LINE__))

}  // namespace cochain
