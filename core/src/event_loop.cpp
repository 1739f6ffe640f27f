// The pass of the loop, and what can be put on it.

#include "cochain/core/event_loop.hpp"

#include <unistd.h>
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdio>
#include <ctime>
#include <mutex>
#include <vector>

#include "callback_state.hpp"
#include "cochain/core/call_graph.hpp"
#include "cochain/core/executor.hpp"
#include "epoll_reactor.hpp"
#include "loop_debug.hpp"
#include "loop_registry.hpp"
#include "printable_text.hpp"
#include "ready_ring.hpp"
#include "timer_heap.hpp"

namespace cochain {
namespace {

// While busy, descriptors are looked at this often: an epoll_wait() costs some 100 ns, more than
// most steps do. A millisecond is what a peer on the network cannot notice.
constexpr std::size_t kStepsBetweenPolls = 61;
constexpr Duration kBusyTimeBetweenPolls = std::chrono::milliseconds(1);  // of virtual time
// Bytes may move for a while before a task can go on. A watcher that never takes what it is told of
// must not stop a virtual clock for ever.
constexpr int kLooksBeforeJump = 1000;
constexpr Duration kLongestSleep = std::chrono::hours(1);
// Tasks may start others while they are cancelled. Those that never stop doing so are destroyed.
constexpr int kShutdownRounds = 100;
// A program that does not end says why.
constexpr Duration kShutdownPatience = std::chrono::seconds(10);

thread_local EventLoop* running_loop = nullptr;

// noinline: see current_context().
[[gnu::noinline]] EventLoop*& loop_of_this_thread() noexcept { return running_loop; }

}  // namespace

void Timer::disarm() noexcept {
  if (loop_) loop_->disarm(*this);
}

/// What other threads asked the loop to run. They share it, because a thread may answer when the
/// loop is gone.
class EventLoop::Posted {
 public:
  struct Call {
    std::function<void()> callback;
    Context context;
  };

  explicit Posted(detail::Reactor& reactor) noexcept : reactor_(&reactor) {}

  void push(std::function<void()> callback) {
    Call call{std::move(callback), copy_context()};
    const std::lock_guard lock(mutex_);
    if (!reactor_) return;
    calls_.push_back(std::move(call));
    if (!waiting_.exchange(true)) reactor_->wake();
  }
  [[nodiscard]] bool any() const noexcept { return waiting_.load(std::memory_order_acquire); }
  std::vector<Call> take() {
    const std::lock_guard lock(mutex_);
    waiting_ = false;
    return std::exchange(calls_, {});
  }
  /// The loop ends: what comes from now on is dropped.
  void close() {
    const std::lock_guard lock(mutex_);
    reactor_ = nullptr;
  }

  std::atomic<std::size_t> external_work{0};

 private:
  std::mutex mutex_;
  detail::Reactor* reactor_;  // null once the loop is gone
  std::vector<Call> calls_;
  std::atomic<bool> waiting_{false};
};

EventLoop::ExternalWork::ExternalWork(EventLoop& loop) noexcept : counted_by_(loop.posted_) {
  ++counted_by_->external_work;
}
EventLoop::ExternalWork::~ExternalWork() {
  if (counted_by_) --counted_by_->external_work;
}

void EventLoop::Remote::call_soon(std::function<void()> callback) const {
  posted_->push(std::move(callback));
}

void default_exception_handler(const ExceptionContext& context) noexcept {
  try {
    const std::string detail = context.exception ? ": " + describe(context.exception) : "";
    std::fprintf(stderr, "cochain: %s%s%s\n", context.message.c_str(), detail.c_str(),
                 context.source_traceback.c_str());
  } catch (...) {
    std::fputs("cochain: an error could not be reported (out of memory)\n", stderr);
  }
}

EventLoop::EventLoop(std::shared_ptr<Clock> clock)
    : clock_(std::move(clock)),
      ready_(std::make_unique<detail::ReadyRing>()),
      timers_(std::make_unique<detail::TimerHeap>()),
      reactor_(std::make_unique<detail::Reactor>()) {
  posted_ = std::make_shared<Posted>(*reactor_);
  last_poll_ = time();
  virtual_time_ = clock_->is_virtual();
  detail::register_loop(registry_);
  if (detail::debug_in_environment()) set_debug(DebugOptions());
}

EventLoop::~EventLoop() {
  posted_->close();
  if (debug_) debug_->report_pending();
  while (tasks_.linked()) {
    static_cast<detail::TaskBase&>(static_cast<detail::RegistryLink&>(*tasks_.next())).kill();
  }
  while (!services_.empty()) services_.pop_back();
  while (!timers_->empty()) {
    Timer& timer = timers_->pop();
    timer.loop_ = nullptr;
    if (auto* callback = dynamic_cast<detail::CallbackState*>(&timer)) callback->cancel();
  }
  while (!ready_->empty()) {
    detail::ReadyItem* item = ready_->pop();
    if (auto* callback = dynamic_cast<detail::CallbackState*>(item)) callback->cancel();
  }
  posted_->take();  // and what they hold is released while the loop is still here
  debug_.reset();
  detail::unregister_loop(registry_);
}

EventLoop& EventLoop::current() {
  if (EventLoop* loop = current_or_null()) return *loop;
  throw InvalidStateError("no event loop runs on this thread; start one with cochain::run()");
}

EventLoop* EventLoop::current_or_null() noexcept { return loop_of_this_thread(); }

Handle EventLoop::call_soon(std::function<void()> callback) {
  return schedule(std::move(callback), copy_context());
}

Handle EventLoop::schedule(std::function<void()> callback, Context context) {
  require_own_thread("call_soon()");
  auto state =
      std::allocate_shared<detail::CallbackState>(detail::FrameAllocator<detail::CallbackState>(),
                                                  *this, std::move(callback), std::move(context));
  state->keep(state);
  make_ready(*state);
  return Handle(std::move(state));
}

Handle EventLoop::call_later(Duration delay, std::function<void()> callback) {
  return call_at(deadline_after(time(), delay), std::move(callback));
}

Handle EventLoop::call_at(TimePoint when, std::function<void()> callback) {
  require_own_thread("call_at()");
  auto state = std::allocate_shared<detail::CallbackState>(
      detail::FrameAllocator<detail::CallbackState>(), *this, std::move(callback), copy_context());
  state->keep(state);
  arm(*state, when);
  return Handle(std::move(state));
}

void EventLoop::call_soon_threadsafe(std::function<void()> callback) {
  posted_->push(std::move(callback));
}

void EventLoop::set_exception_handler(std::function<void(const ExceptionContext&)> handler) {
  exception_handler_ = std::move(handler);
}

void EventLoop::call_exception_handler(const ExceptionContext& context) noexcept {
  if (!exception_handler_) return default_exception_handler(context);
  try {
    exception_handler_(context);
  } catch (...) {
    default_exception_handler(context);
    ExceptionContext failure;
    failure.message = "the exception handler itself failed";
    failure.exception = std::current_exception();
    default_exception_handler(failure);
  }
}

std::uint64_t EventLoop::new_service_key() noexcept {
  static std::atomic<std::uint64_t> next{1};
  return next.fetch_add(1, std::memory_order_relaxed);
}

EventLoop::Service* EventLoop::find_service(std::uint64_t key) const noexcept {
  for (const auto& [service_key, service] : services_) {
    if (service_key == key) return service.get();
  }
  return nullptr;
}

void EventLoop::add_service(std::uint64_t key, std::unique_ptr<Service> service) {
  services_.emplace_back(key, std::move(service));
}

void EventLoop::remove_service(std::uint64_t key) noexcept {
  for (auto& [service_key, service] : services_) {
    if (service_key != key) continue;
    const std::unique_ptr<Service> removed = std::move(service);
    std::erase_if(services_, [key](const auto& each) { return each.first == key; });
    return;
  }
}

void EventLoop::make_ready(detail::ReadyItem& item) noexcept {
  if (get_debug()) [[unlikely]]
    debug_->abort_if_on_wrong_thread(item);
  ready_->push(item);
}
void EventLoop::forget_ready(detail::ReadyItem& item) noexcept { ready_->remove(item); }

void EventLoop::arm(Timer& timer, TimePoint deadline) {
  timer.disarm();
  timers_->insert(timer, deadline);
  timer.loop_ = this;
}

void EventLoop::disarm(Timer& timer) noexcept {
  timers_->remove(timer);
  timer.loop_ = nullptr;
}

void EventLoop::require_startable(bool valid) const {
  if (!valid) throw InvalidStateError("create_task() was given an empty Coro");
  require_own_thread("create_task()");
}

void EventLoop::require_own_thread(const char* what) const {
  if (get_debug()) [[unlikely]]
    debug_->require_own_thread(what);
}

void EventLoop::adopt_task(detail::TaskBase& task, TaskStart start) {
  task.RegistryLink::link_before(tasks_);
  ++task_count_;
  if (get_debug()) [[unlikely]]
    debug_->on_task_created(task_count_);
  if (start == TaskStart::kEager && current_or_null() == this) {
    task.run();
  } else {
    make_ready(task);
  }
}

void EventLoop::run_until(const std::function<bool()>& ended,
                          const std::function<void()>& after_pass) {
  if (current_or_null()) {
    throw InvalidStateError("an event loop runs on this thread already; await instead of run()");
  }
  class Entered {
   public:
    explicit Entered(EventLoop& loop) : loop_(loop) {
      loop_of_this_thread() = &loop;
      loop.thread_id_ = static_cast<std::int32_t>(::gettid());
    }
    ~Entered() {
      loop_.thread_id_ = 0;
      loop_of_this_thread() = nullptr;
    }

   private:
    EventLoop& loop_;
  };
  const Entered entered(*this);
  last_poll_ = time();
  while (!ended()) {
    run_pass();
    if (after_pass) after_pass();
  }
}

void EventLoop::run_until_done(detail::TaskBase& task, const std::function<void()>& after_pass) {
  run_until([&task] { return task.done(); }, after_pass);
}

void EventLoop::run_forever() {
  run_until([this] { return std::exchange(stopping_, false); }, nullptr);
}

void EventLoop::set_debug(const DebugOptions& options) {
  debug_.reset();
#ifndef COCHAIN_NO_DEBUG
  if (options.enabled) debug_ = std::make_shared<detail::LoopDebug>(*this, options);
#else
  (void)options;
#endif
}

void EventLoop::shuffle_ready(std::uint64_t seed) { ready_->shuffle(seed); }

std::optional<TimePoint> EventLoop::next_deadline() const noexcept {
  if (timers_->empty()) return std::nullopt;
  return timers_->next_deadline();
}

void EventLoop::run_pass() {
  if (posted_->any()) run_posted();
  if (ready_->empty()) {
    wait_while_idle();
  } else if (steps_since_poll_ >= kStepsBetweenPolls || busy_for_long()) {
    poll();
  }
  if (!timers_->empty()) {
    const TimePoint now = clock_->now();
    while (!timers_->empty() && timers_->next_deadline() <= now) {
      Timer& due = timers_->pop();
      due.loop_ = nullptr;
      due.fire();
    }
  }
  run_ready(ready_->size());
}

void EventLoop::run_ready(std::size_t count) {
  steps_since_poll_ += count;
  ready_->shuffle_first(count);
  if (get_debug()) [[unlikely]] {
    for (std::size_t i = 0; i < count; ++i) {
      detail::ReadyItem* item = ready_->pop();
      if (!item) continue;
      const std::shared_ptr<detail::LoopDebug> debug = debug_;  // the step may set another one
      if (debug) {
        debug->run(*item);
      } else {
        item->run();
      }
    }
    return;
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (detail::ReadyItem* item = ready_->pop()) item->run();
  }
}

bool EventLoop::busy_for_long() noexcept {
  if (virtual_time_) return clock_->now() - last_poll_ >= kBusyTimeBetweenPolls;
  // The kernel's coarse clock moves every few milliseconds, and is read in a fifth of the time.
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  const std::int64_t tick = now.tv_sec * std::int64_t{1'000'000'000} + now.tv_nsec;
  return std::exchange(coarse_tick_, tick) != tick;
}

void EventLoop::poll() {
  reactor_->poll();
  steps_since_poll_ = 0;
  last_poll_ = clock_->now();
}

void EventLoop::wait_while_idle() {
  if (clock_->is_virtual() && posted_->external_work == 0) {
    bool anyone = true;
    for (int looks = 0; anyone && looks < kLooksBeforeJump; ++looks) {
      anyone = reactor_->poll();
      if (!ready_->empty() || posted_->any()) break;
    }
    steps_since_poll_ = 0;
    last_poll_ = clock_->now();
    if (!ready_->empty() || posted_->any()) return;
    if (!timers_->empty() && timers_->next_deadline() <= clock_->now()) return;  // they fire now
    if (idle_waiters_.linked()) return static_cast<Waiter&>(*idle_waiters_.next()).wake();
    if (timers_->empty() || !clock_->jumps_when_idle()) report_deadlock();
    clock_->advance_to(timers_->next_deadline());
    return;
  }
  // Capped, because "never" would overflow.
  const Duration until_next =
      timers_->empty() ? kLongestSleep : timers_->next_deadline() - clock_->now();
  if (until_next <= Duration::zero()) {
    reactor_->poll();
  } else if (timers_->empty() || clock_->is_virtual()) {
    reactor_->wait();
  } else {
    reactor_->wait_for(std::min<Duration>(until_next, kLongestSleep));
  }
  steps_since_poll_ = 0;
  last_poll_ = clock_->now();
}

void EventLoop::run_posted() noexcept {
  for (Posted::Call& call : posted_->take()) {
    schedule(std::move(call.callback), std::move(call.context));
  }
}

ThreadPoolExecutor& EventLoop::default_executor() {
  if (!default_executor_) default_executor_ = std::make_shared<ThreadPoolExecutor>();
  return *default_executor_;
}

/// Tells, again and again, which tasks do not end although they were cancelled.
class EventLoop::PatienceReport final : private Timer {
 public:
  explicit PatienceReport(EventLoop& loop) : loop_(loop) { wait(); }

 private:
  void wait() {
    if (!loop_.clock().is_virtual()) loop_.arm(*this, loop_.time() + kShutdownPatience);
  }
  void fire() noexcept override {
    waited_ += kShutdownPatience;
    ExceptionContext report;
    report.message = "run() has cancelled all tasks and waited " +
                     std::to_string(waited_ / std::chrono::seconds(1)) +
                     " s for these to end; do they swallow CancelledError?";
    loop_.for_each_task([&report](const detail::TaskBase& task) {
      report.message += "\n  " + task.label() + ' ' + task.where();
    });
    loop_.call_exception_handler(report);
    wait();
  }

  EventLoop& loop_;
  Duration waited_{};
};

void EventLoop::set_default_executor(std::shared_ptr<ThreadPoolExecutor> executor) noexcept {
  default_executor_ = std::move(executor);
}

void EventLoop::shutdown() {
  for (int round = 0; task_count_ > 0 && round < kShutdownRounds; ++round) cancel_all_tasks();
  if (const std::shared_ptr<ThreadPoolExecutor> executor = default_executor_) {
    detail::end_executor(*this, *executor, executor_join_timeout_);
  }
}

void EventLoop::cancel_all_tasks() {
  std::vector<AnyTask> left;
  for_each_task([&left](detail::TaskBase& task) { left.emplace_back(task); });
  for (const AnyTask& task : left) task.cancel();
  PatienceReport patience(*this);
  for (const AnyTask& task : left) {
    run_until_done(*task.get());
    if (task.cancelled()) continue;
    if (const std::exception_ptr error = task.exception()) {
      ExceptionContext report;
      report.message = "unhandled exception while run() was cancelling " + task.get()->label();
      report.exception = error;
      call_exception_handler(report);
    }
  }
}

void EventLoop::report_deadlock() const {
  std::string text = "deadlock: nothing can run any more, and these tasks wait:";
  for_each_task([&text](const detail::TaskBase& task) {
    text += "\n  '" + detail::printable(task.name()) + "' " + task.where();
  });
  throw DeadlockError(text + '\n' + format_task_tree({capture_call_graph()}));
}

}  // namespace cochain
