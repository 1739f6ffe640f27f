// Debug mode: timing steps, remembering where things were made, and the watchdog.

#include "loop_debug.hpp"

#include <unistd.h>
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <unordered_map>
#include <vector>

#include "call_trace.hpp"
#include "printable_text.hpp"
#include "task_layout.hpp"

namespace cochain {
namespace detail {
namespace {

/// The traces of what is alive, by address.
class Traces {
 public:
  void add(const void* object) {
    const CallTrace trace;
    const std::lock_guard lock(mutex_);
    traces_.insert_or_assign(object, trace);
  }
  void remove(const void* object) noexcept {
    const std::lock_guard lock(mutex_);
    traces_.erase(object);
  }
  std::optional<CallTrace> find(const void* object) {
    const std::lock_guard lock(mutex_);
    const auto found = traces_.find(object);
    if (found == traces_.end()) return std::nullopt;
    return found->second;
  }

 private:
  std::mutex mutex_;
  std::unordered_map<const void*, CallTrace> traces_;
};

// Never destroyed: coroutines may be, at exit, after everything else.
Traces& traces() {
  static Traces& traces = *new Traces;
  return traces;
}

class Handler {
 public:
  using Function = std::function<void(const Diagnostic&)>;

  void set(Function handler) {
    auto kept = handler ? std::make_shared<const Function>(std::move(handler)) : nullptr;
    const std::lock_guard lock(mutex_);
    handler_.swap(kept);
  }
  void tell(const Diagnostic& diagnostic) {
    const std::lock_guard lock(mutex_);
    if (!handler_) return write(diagnostic);
    const std::shared_ptr<const Function> handler = handler_;  // it may set another one
    try {
      (*handler)(diagnostic);
    } catch (...) {
      write(diagnostic);
      std::fputs("cochain: the diagnostic handler itself failed\n", stderr);
    }
  }

 private:
  static void write(const Diagnostic& diagnostic) {
    std::fprintf(stderr, "cochain: %s\n", diagnostic.message.c_str());
  }

  std::recursive_mutex mutex_;  // a handler may do what is worth a diagnostic
  std::shared_ptr<const Function> handler_;
};

Handler& diagnostic_handler() {
  static Handler& handler = *new Handler;
  return handler;
}

/// Takes the time that a report takes out of the step in which it is made: finding the names of
/// functions may start a process.
class TellingTime {
 public:
  TellingTime() {
    EventLoop* loop = EventLoop::current_or_null();
    if (loop && loop->get_debug()) loop_ = &LoopDebug::of(*loop);
    if (loop_) step_started_ = loop_->pause_step();
  }
  TellingTime(const TellingTime&) = delete;
  TellingTime& operator=(const TellingTime&) = delete;
  ~TellingTime() {
    if (loop_) loop_->resume_step(step_started_, SteadyClock().now() - begun_);
  }

 private:
  LoopDebug* loop_ = nullptr;
  TimePoint begun_ = SteadyClock().now();
  std::int64_t step_started_ = 0;
};

std::int64_t steady_now() noexcept { return SteadyClock().now().time_since_epoch().count(); }

std::string seconds(std::int64_t nanoseconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f s", static_cast<double>(nanoseconds) / 1e9);
  return text;
}

std::string place(const std::source_location& site) {
  return short_function_name(site.function_name()) + " at " + site.file_name() + ":" +
         std::to_string(site.line());
}

/// Looks at the loops in debug mode, and tells of those that are held up.
class Watchdog {
 public:
  void watch(LoopDebug& loop) {
    const std::lock_guard lock(mutex_);
    loops_.push_back(&loop);
    if (!thread_.joinable()) {
      thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
    }
    changed_.notify_all();
  }
  void forget(LoopDebug& loop) {
    std::jthread ended;
    {
      const std::lock_guard lock(mutex_);
      std::erase(loops_, &loop);
      if (!loops_.empty()) return;
      ended = std::move(thread_);
      ended.request_stop();  // a loop that comes meanwhile gets a thread of its own
      changed_.notify_all();
    }
    // A handler that hears of a held loop may itself run the last loop that is left.
    if (ended.get_id() == std::this_thread::get_id()) ended.detach();
  }

 private:
  void run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      Duration shortest = std::chrono::seconds(1);
      std::vector<std::string> findings;
      for (LoopDebug* loop : loops_) {
        shortest = std::min(shortest, loop->options().blocked_loop / 4);
        if (auto finding = look_at(*loop)) findings.push_back(std::move(*finding));
      }
      if (!findings.empty()) {
        lock.unlock();  // the handler may begin and end loops
        for (std::string& finding : findings) {
          tell(DiagnosticKind::kBlockedLoop, std::move(finding));
        }
        lock.lock();
        continue;
      }
      changed_.wait_for(lock, std::max<Duration>(shortest, std::chrono::milliseconds(1)));
    }
  }

  /// What is to be told of the loop; nothing if it goes on, or was told of already.
  static std::optional<std::string> look_at(LoopDebug& loop) {
    const std::uint64_t step = loop.step();
    const std::int64_t started = loop.step_started();
    if (started == 0 || step == loop.last_told_step) return std::nullopt;
    const std::int64_t held = steady_now() - started;
    if (held < loop.options().blocked_loop.count()) return std::nullopt;
    loop.last_told_step = step;
    return describe(loop, held);
  }

  static std::string describe(LoopDebug& loop, std::int64_t held) {
    std::string who = "a callback";
    std::string stack;
    // The thread of the loop may go on at any moment.
    const auto info = read_own_loop(loop.loop(), Standing::kGoesOn);
    if (info) {
      for (const TaskInfo& task : info->tasks) {
        if (!task.running) continue;
        who = "task '" + printable(task.name) + "'";
        for (auto frame = task.stack.rbegin(); frame != task.stack.rend(); ++frame) {
          stack += stack.empty() ? "\n  in " : "\n  awaited by ";
          stack += frame->function + " at " + frame->file + ":" + std::to_string(frame->line);
          if (frame == task.stack.rbegin()) stack += ", or in what runs behind that line";
        }
      }
    }
    return who + " has held the loop for " + seconds(held) + " and still does" + stack;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<LoopDebug*> loops_;
  std::jthread thread_;
};

Watchdog& watchdog() {
  static Watchdog& watchdog = *new Watchdog;
  return watchdog;
}

std::atomic<int> loops_in_debug_mode{0};

}  // namespace

#ifndef COCHAIN_NO_DEBUG
// From the start where the environment says so: the coroutine given to run() is made before it.
std::atomic<bool> coroutine_tracking{debug_in_environment()};

void note_coroutine_made(const PromiseBase& promise) noexcept { note_made(&promise); }

void note_coroutine_destroyed(const PromiseBase& promise) noexcept {
  if (promise.execution == nullptr) {
    const std::string name = short_function_name(promise.await_site.function_name());
    tell(DiagnosticKind::kNeverAwaited,
         "coroutine " + name + " was never awaited" + made_at(&promise, name));
  }
  forget_made(&promise);
}
#endif

bool debug_in_environment() noexcept {
  const char* value = std::getenv("COCHAIN_DEBUG");
  return value != nullptr && *value != '\0' && std::string_view(value) != "0";
}

void note_made(const void* object) noexcept {
  try {
    traces().add(object);
  } catch (...) {  // out of memory: a trace less
  }
}

void forget_made(const void* object) noexcept { traces().remove(object); }

std::string made_at(const void* object, std::string_view itself) {
#ifdef COCHAIN_NO_DEBUG
  (void)object;
  (void)itself;
  return "";
#else
  if (!tracks_coroutines()) return "";
  const TellingTime telling;
  const std::optional<CallTrace> trace = traces().find(object);
  return trace ? trace->str(TraceOf::kMaking, itself) : "";
#endif
}

void tell(DiagnosticKind kind, std::string message) noexcept {
  try {
    diagnostic_handler().tell(Diagnostic(kind, std::move(message)));
  } catch (...) {
    std::fputs("cochain: a finding could not be told (out of memory)\n", stderr);
  }
}

void report_swallowed_cancellation(const TaskBase& task) noexcept {
  tell(DiagnosticKind::kSwallowedCancellation,
       task.label() +
           " was cancelled and ended as if it had not been: something in it caught "
           "CancelledError and did not rethrow it" +
           made_at(static_cast<const FutureBase*>(&task)));
}

LoopDebug::LoopDebug(EventLoop& loop, const DebugOptions& options)
    : loop_(loop), options_(options) {
#ifndef COCHAIN_NO_DEBUG
  if (loops_in_debug_mode.fetch_add(1) == 0) coroutine_tracking = true;
#endif
  watchdog().watch(*this);
}

LoopDebug& LoopDebug::of(EventLoop& loop) noexcept { return *loop.debug_; }

std::int64_t LoopDebug::pause_step() noexcept { return step_started_.exchange(0); }

void LoopDebug::resume_step(std::int64_t started, Duration paused) noexcept {
  if (started != 0) step_started_ = started + paused.count();
}

LoopDebug::~LoopDebug() {
  watchdog().forget(*this);
#ifndef COCHAIN_NO_DEBUG
  if (loops_in_debug_mode.fetch_sub(1) == 1) coroutine_tracking = debug_in_environment();
#endif
}

void LoopDebug::run(ReadyItem& item) noexcept {
  auto* task = dynamic_cast<TaskBase*>(&item);
  const AnyTask kept = task ? AnyTask(*task) : AnyTask();
  const std::optional<CallTrace> made = task ? std::nullopt : traces().find(&item);
  const std::source_location from = task ? task->innermost->await_site : std::source_location();

  ++step_;
  step_started_ = steady_now();
  item.run();
  const std::int64_t held = steady_now() - step_started_.exchange(0);
  if (held < options_.slow_callback.count()) return;

  std::string message = task ? task->label() : "a callback";
  message += " held the loop for " + seconds(held);
  if (task) {
    message += "\n  from " + place(from);
    message += task->done() ? "\n  to its end" : "\n  to " + place(task->innermost->await_site);
  } else if (made) {
    message += made->str(TraceOf::kMaking);
  }
  tell(DiagnosticKind::kSlowCallback, std::move(message));
}

void LoopDebug::on_task_created(std::size_t tasks) {
  if (many_tasks_told_ || tasks < options_.tasks_max) return;
  many_tasks_told_ = true;
  std::map<std::string, std::size_t> counts;
  loop_.for_each_task([&counts](const TaskBase& task) {
    const std::vector<StackFrame> stack = task.stack();
    if (!stack.empty()) ++counts[stack.front().function];
  });
  std::vector<std::pair<std::size_t, std::string>> most;
  for (const auto& [function, count] : counts) most.emplace_back(count, function);
  std::sort(most.rbegin(), most.rend());
  std::string message = std::to_string(tasks) +
                        " tasks live on one loop; is something started without a bound? "
                        "(map() takes a concurrency, Queue and Semaphore hold producers back)";
  for (std::size_t i = 0; i < most.size() && i < 3; ++i) {
    message += "\n  " + std::to_string(most[i].first) + " of " + most[i].second;
  }
  tell(DiagnosticKind::kManyTasks, std::move(message));
}

void LoopDebug::report_pending() const noexcept {
  loop_.for_each_task([](const TaskBase& task) {
    tell(DiagnosticKind::kDestroyedPending,
         task.label() + " was destroyed while it was pending; it " + task.where() +
             made_at(static_cast<const FutureBase*>(&task)));
  });
}

void LoopDebug::require_own_thread(const char* what) const {
  const EventLoop* here = EventLoop::current_or_null();
  if (here == &loop_ || !loop_.is_running_somewhere()) return;
  throw InvalidStateError(std::string(what) +
                          " was called from another thread than the loop's; use "
                          "call_soon_threadsafe() or run_coroutine_threadsafe()");
}

void LoopDebug::abort_if_on_wrong_thread(const ReadyItem& item) const noexcept {
  const EventLoop* here = EventLoop::current_or_null();
  if (here == &loop_ || !loop_.is_running_somewhere()) return;
  const auto* task = dynamic_cast<const TaskBase*>(&item);
  tell(DiagnosticKind::kWrongThread,
       item.what() +
           " was woken from another thread than its loop's; what wakes it (an Event, a "
           "Queue, a Future) belongs to the loop: use call_soon_threadsafe()" +
           CallTrace().str(TraceOf::kCalling) +
           made_at(task ? static_cast<const void*>(static_cast<const FutureBase*>(task)) : &item));
  std::abort();
}

}  // namespace detail

void set_diagnostic_handler(std::function<void(const Diagnostic&)> handler) {
  detail::diagnostic_handler().set(std::move(handler));
}

}  // namespace cochain
