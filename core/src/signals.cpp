// From a signal to a callback of the loop: a set of bits, and an eventfd that wakes.
//
// Not signalfd, for which every thread of the program would have to block the signals.

#include "signals.hpp"

#include <sched.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <mutex>
#include <system_error>

namespace cochain {
namespace {

constexpr int kSignals = 64;

// What on_signal() touches: it may interrupt any thread at any place.
std::atomic<int> wake_fd{-1};  // the eventfd of the loop that has signals
std::atomic<int> handlers_running{0};
std::atomic<std::uint64_t> raised{0};  // bit n-1: signal n came

std::mutex owner_mutex;
detail::SignalService* holder = nullptr;

extern "C" void on_signal(int signal) {
  const int saved_errno = errno;
  ++handlers_running;
  const int fd = wake_fd.load();
  if (fd >= 0) {
    raised.fetch_or(std::uint64_t{1} << static_cast<unsigned>(signal - 1));
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(fd, &one, sizeof one);
  }
  --handlers_running;
  errno = saved_errno;
}

struct sigaction our_action(int flags) noexcept {
  struct sigaction action{};
  action.sa_handler = &on_signal;
  action.sa_flags = flags;
  return action;
}

struct sigaction action_of(int signal) noexcept {
  struct sigaction current{};
  ::sigaction(signal, nullptr, &current);
  return current;
}

bool is_ours(const struct sigaction& action) noexcept {
  return (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == &on_signal;
}

void require_catchable(int signal) {
  const std::string name = "signal " + std::to_string(signal);
  if (signal < 1 || signal > kSignals) throw InvalidStateError(name + " does not exist");
  switch (signal) {
    case SIGKILL:
    case SIGSTOP: throw InvalidStateError(name + " cannot be caught");
    case SIGSEGV:
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
      // The kernel would repeat it for ever: the thread comes back to the instruction that failed.
      throw InvalidStateError(name + " tells of a fault and cannot wait for the loop");
    default: break;
  }
}

}  // namespace

void EventLoop::add_signal_handler(int signal, std::function<void()> callback) {
  detail::SignalService::of(*this).add(signal, std::move(callback));
}

bool EventLoop::remove_signal_handler(int signal) {
  return detail::SignalService::of(*this).remove(signal);
}

namespace detail {

SignalService& SignalService::of(EventLoop& loop) {
  static const std::uint64_t key = EventLoop::new_service_key();
  if (EventLoop::Service* found = loop.find_service(key)) {
    return static_cast<SignalService&>(*found);
  }
  auto made = std::make_unique<SignalService>(loop);
  SignalService& service = *made;
  loop.add_service(key, std::move(made));
  return service;
}

SignalService::~SignalService() {
  while (!entries_.empty()) remove(entries_.begin()->first);
  unhear_interrupt();
}

bool SignalService::acquire() {
  if (watcher_) return true;
  const std::lock_guard lock(owner_mutex);
  if (holder) return false;
  fd_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  try {
    watcher_ = std::make_unique<FdWatcher>(loop_, fd_, [this](Readiness) { on_wake(); });
    watcher_->watch(Readiness(true, false));
  } catch (...) {
    watcher_.reset();
    ::close(std::exchange(fd_, -1));
    throw;
  }
  raised = 0;
  wake_fd = fd_;
  holder = this;
  return true;
}

void SignalService::release_if_unused() noexcept {
  if (!watcher_ || !entries_.empty() || interrupt_) return;
  const std::lock_guard lock(owner_mutex);
  wake_fd = -1;
  while (handlers_running != 0) ::sched_yield();  // on another thread: it may hold the descriptor
  watcher_.reset();
  ::close(std::exchange(fd_, -1));
  holder = nullptr;
}

void SignalService::add(int signal, std::function<void()> callback) {
  require_catchable(signal);
  if (!callback) throw InvalidStateError("add_signal_handler() was given an empty function");
  if (!acquire()) {
    throw InvalidStateError("another event loop of this process handles its signals");
  }
  const auto found = entries_.find(signal);
  Entry& entry = found != entries_.end() ? found->second : entries_[signal];
  entry.callback = std::move(callback);
  entry.context = copy_context();
  const struct sigaction ours = our_action(SA_RESTART);
  struct sigaction before{};
  if (::sigaction(signal, &ours, &before) != 0) {  // the C library keeps some for itself
    entries_.erase(signal);
    release_if_unused();
    throw InvalidStateError("signal " + std::to_string(signal) + " cannot be caught");
  }
  if (found == entries_.end()) entry.before = before;
}

bool SignalService::remove(int signal) {
  const auto found = entries_.find(signal);
  if (found == entries_.end()) return false;
  // The program may have set an action of its own meanwhile: that one stays.
  if (is_ours(action_of(signal))) ::sigaction(signal, &found->second.before, nullptr);
  entries_.erase(found);
  release_if_unused();
  return true;
}

bool SignalService::hear_interrupt(std::function<void()> callback) {
  // Whatever its flags are: a handler that ran once (SA_RESETHAND) leaves them behind.
  const bool is_default = action_of(SIGINT).sa_handler == SIG_DFL;
  if (!is_default || !acquire()) return false;
  interrupt_ = std::move(callback);
  const struct sigaction ours = our_action(static_cast<int>(SA_RESETHAND));
  ::sigaction(SIGINT, &ours, nullptr);
  return true;
}

void SignalService::unhear_interrupt() noexcept {
  if (!interrupt_) return;
  interrupt_ = nullptr;
  struct sigaction plain{};
  plain.sa_handler = SIG_DFL;
  const auto handled = entries_.find(SIGINT);
  if (handled == entries_.end()) {
    if (is_ours(action_of(SIGINT))) ::sigaction(SIGINT, &plain, nullptr);
  } else if (is_ours(handled->second.before)) {
    handled->second.before = plain;
  }
  release_if_unused();
}

void SignalService::on_wake() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = ::read(fd_, &count, sizeof count);
  const std::uint64_t came = raised.exchange(0);
  for (int signal = 1; signal <= kSignals; ++signal) {
    if ((came >> static_cast<unsigned>(signal - 1) & 1U) == 0) continue;
    const auto found = entries_.find(signal);
    if (found != entries_.end()) {
      found->second.context.run([&] { loop_.call_soon([this, signal] { call(signal); }); });
    } else if (signal == SIGINT && interrupt_) {
      interrupt_();
    }
  }
}

void SignalService::call(int signal) {
  const auto found = entries_.find(signal);
  if (found == entries_.end()) return;                            // removed meanwhile
  const std::function<void()> callback = found->second.callback;  // it may remove itself
  callback();
}

}  // namespace detail
}  // namespace cochain
