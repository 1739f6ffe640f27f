// The life of a program on a loop: Ctrl-C while it runs, and nothing left when it ends.

#include "cochain/core/runners.hpp"

#include "signals.hpp"

namespace cochain {
namespace {

/// Cancels a task on Ctrl-C, for as long as it lives.
class InterruptScope {
 public:
  InterruptScope(EventLoop& loop, detail::TaskBase& main)
      : signals_(detail::SignalService::of(loop)), hears_(signals_.hear_interrupt([this, &main] {
          interrupted_ = true;
          main.cancel("interrupted by Ctrl-C");
        })) {}
  ~InterruptScope() {
    if (hears_) signals_.unhear_interrupt();
  }
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;

  [[nodiscard]] bool interrupted() const noexcept { return interrupted_; }

 private:
  detail::SignalService& signals_;
  bool interrupted_ = false;
  bool hears_;
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
