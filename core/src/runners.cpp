// The life of a program on a loop: Ctrl-C while it runs, and nothing left when it ends.

#include "cochain/core/runners.hpp"

#include <sys/eventfd.h>
#include <unistd.h>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <system_error>

#include "cochain/core/reactor.hpp"

namespace cochain {
namespace {

std::atomic<int> interrupt_fd{-1};  // the eventfd of the loop that hears Ctrl-C

// The first Ctrl-C only stores and wakes. It also restores the default action, so the second one
// ends the process even if the program is stuck and never comes back to its loop.
extern "C" void on_interrupt(int) {
  const int saved_errno = errno;
  const std::uint64_t one = 1;
  const int fd = interrupt_fd.load();
  if (fd >= 0) {
    [[maybe_unused]] const ssize_t written = ::write(fd, &one, sizeof one);
  }
  errno = saved_errno;
}

/// Cancels a task on Ctrl-C, for as long as it lives.
class InterruptScope {
 public:
  InterruptScope(EventLoop& loop, detail::TaskBase& main) : main_(main) {
    struct sigaction current{};
    ::sigaction(SIGINT, nullptr, &current);
    if (current.sa_handler != SIG_DFL) return;  // the program, or another loop, hears it
    fd_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
    try {
      watcher_ = std::make_unique<FdWatcher>(loop, fd_, [this](Readiness) { interrupt(); });
    } catch (...) {
      ::close(fd_);
      throw;
    }
    int none = -1;
    if (!interrupt_fd.compare_exchange_strong(none, fd_)) return;
    listening_ = true;
    watcher_->watch(Readiness(true, false));
    struct sigaction ours{};
    ours.sa_handler = &on_interrupt;
    ours.sa_flags = static_cast<int>(SA_RESETHAND);
    ::sigaction(SIGINT, &ours, nullptr);
  }
  ~InterruptScope() {
    if (listening_) {
      struct sigaction current{};
      ::sigaction(SIGINT, nullptr, &current);
      // The program may have set a handler of its own meanwhile: that one stays.
      if (current.sa_handler == &on_interrupt) std::signal(SIGINT, SIG_DFL);
      interrupt_fd = -1;
    }
    watcher_.reset();
    if (fd_ >= 0) ::close(fd_);
  }
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;

  [[nodiscard]] bool interrupted() const noexcept { return interrupted_; }

 private:
  void interrupt() {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = ::read(fd_, &count, sizeof count);
    interrupted_ = true;
    main_.cancel("interrupted by Ctrl-C");
  }

  detail::TaskBase& main_;
  int fd_ = -1;
  bool listening_ = false;
  bool interrupted_ = false;
  std::unique_ptr<FdWatcher> watcher_;
};

}  // namespace

Runner::Runner(RunOptions options) : options_(std::move(options)) {}

Runner::~Runner() {
  try {
    close();
  } catch (...) {
    ExceptionContext report;
    report.message = "a Runner could not end its tasks";
    report.exception = std::current_exception();
    default_exception_handler(report);
  }
}

EventLoop& Runner::get_loop() {
  if (closed_) throw InvalidStateError("this Runner is closed");
  if (!loop_) {
    loop_ = std::make_unique<EventLoop>(options_.clock);
    loop_->set_exception_handler(options_.exception_handler);
    loop_->set_task_start(options_.task_start);
    loop_->set_executor_join_timeout(options_.executor_join_timeout);
    if (options_.debug) loop_->set_debug(*options_.debug);
    context_ = std::make_shared<Context>(copy_context());
  }
  return *loop_;
}

TaskOptions Runner::main_options(std::shared_ptr<Context> context) const {
  TaskOptions options;
  options.name("main").start(TaskStart::kNextPass);
  options.context(context ? std::move(context) : context_);
  return options;
}

void Runner::run_main(detail::TaskBase& main) {
  bool interrupted = false;
  {
    const InterruptScope scope(*loop_, main);
    loop_->run_until_done(main);
    interrupted = scope.interrupted() && main.cancelled() && main.uncancel() == 0;
  }
  if (interrupted) throw KeyboardInterrupt();
}

void Runner::close() {
  if (std::exchange(closed_, true) || !loop_) return;
  const std::unique_ptr<EventLoop> loop = std::move(loop_);
  loop->shutdown();
}

}  // namespace cochain
