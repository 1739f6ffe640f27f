// The pass of the loop, and what can be put on it.

#include "cochain/core/event_loop.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdio>
#include <mutex>
#include <vector>

#include "asio_reactor.hpp"
#include "cochain/core/executor.hpp"
#include "ready_ring.hpp"
#include "timer_heap.hpp"

namespace cochain {
namespace {

// While busy, descriptors are looked at this often: an epoll_wait() costs some 100 ns, more than
// most steps do. A millisecond is what a peer on the network cannot notice.
constexpr std::size_t kStepsBetweenPolls = 61;
constexpr Duration kBusyTimeBetweenPolls = std::chrono::milliseconds(1);
constexpr Duration kLongestSleep = std::chrono::hours(1);
// Tasks may start others while they are cancelled. Those that never stop doing so are destroyed.
constexpr int kShutdownRounds = 100;

thread_local EventLoop* running_loop = nullptr;

// noinline: see current_context().
[[gnu::noinline]] EventLoop*& loop_of_this_thread() noexcept { return running_loop; }

}  // namespace

namespace detail {

/// A callback on the loop; it keeps itself alive until it ran or was cancelled.
class CallbackState final : public ReadyItem, public Timer {
 public:
  CallbackState(EventLoop& loop, std::function<void()> callback, Context context)
      : loop_(loop), callback_(std::move(callback)), context_(std::move(context)) {}

  void keep(std::shared_ptr<CallbackState> self) noexcept { self_ = std::move(self); }
  [[nodiscard]] bool cancelled() const noexcept { return cancelled_; }

  void fire() noexcept override { loop_.make_ready(*this); }

  void run() noexcept override {
    const std::shared_ptr<CallbackState> self = std::move(self_);
    const std::function<void()> callback = std::move(callback_);
    callback_ = nullptr;
    const Context::Entered entered(context_);
    try {
      callback();
    } catch (...) {
      ExceptionContext report;
      report.message = "exception in a callback of the event loop";
      report.exception = std::current_exception();
      loop_.call_exception_handler(report);
    }
  }

  void cancel() noexcept {
    if (!self_) return;  // it ran, or was cancelled
    cancelled_ = true;
    disarm();
    loop_.forget_ready(*this);
    callback_ = nullptr;
    const std::shared_ptr<CallbackState> self = std::move(self_);
  }

 private:
  EventLoop& loop_;
  std::function<void()> callback_;
  Context context_;
  std::shared_ptr<CallbackState> self_;
  bool cancelled_ = false;
};

}  // namespace detail

void Timer::disarm() noexcept {
  if (loop_) loop_->disarm(*this);
}

Handle::Handle(std::shared_ptr<detail::CallbackState> state) noexcept : state_(std::move(state)) {}
void Handle::cancel() noexcept {
  if (state_) state_->cancel();
}
bool Handle::cancelled() const noexcept { return state_ && state_->cancelled(); }

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
    std::fprintf(stderr, "cochain: %s%s\n", context.message.c_str(), detail.c_str());
  } catch (...) {
    std::fputs("cochain: an error could not be reported (out of memory)\n", stderr);
  }
}

EventLoop::EventLoop(std::unique_ptr<Clock> clock)
    : clock_(std::move(clock)),
      ready_(std::make_unique<detail::ReadyRing>()),
      timers_(std::make_unique<detail::TimerHeap>()),
      reactor_(std::make_unique<detail::Reactor>()) {
  posted_ = std::make_shared<Posted>(*reactor_);
}

EventLoop::~EventLoop() {
  posted_->close();
  while (tasks_.linked()) task_of(*tasks_.next()).kill();
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
  auto state =
      std::make_shared<detail::CallbackState>(*this, std::move(callback), std::move(context));
  state->keep(state);
  make_ready(*state);
  return Handle(std::move(state));
}

Handle EventLoop::call_later(Duration delay, std::function<void()> callback) {
  return call_at(deadline_after(time(), delay), std::move(callback));
}

Handle EventLoop::call_at(TimePoint when, std::function<void()> callback) {
  auto state = std::make_shared<detail::CallbackState>(*this, std::move(callback), copy_context());
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

void EventLoop::make_ready(detail::ReadyItem& item) noexcept { ready_->push(item); }
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

void EventLoop::adopt(detail::TaskBase& task) noexcept {
  task.registry_link.link_before(tasks_);
  ++task_count_;
  ready_->push(task);
}

detail::TaskBase& EventLoop::task_of(detail::ListNode& registry_link) noexcept {
  return static_cast<detail::RegistryLink&>(registry_link).task;
}

void EventLoop::run_until_done(detail::TaskBase& task, const std::function<void()>& after_pass) {
  if (current_or_null()) {
    throw InvalidStateError("an event loop runs on this thread already; await instead of run()");
  }
  class Entered {
   public:
    explicit Entered(EventLoop& loop) { loop_of_this_thread() = &loop; }
    ~Entered() { loop_of_this_thread() = nullptr; }
  };
  const Entered entered(*this);
  last_poll_ = time();
  while (!task.done()) {
    run_pass();
    if (after_pass) after_pass();
  }
}

void EventLoop::run_pass() {
  if (posted_->any()) run_posted();
  if (ready_->empty()) {
    wait_while_idle();
  } else if (steps_since_poll_ >= kStepsBetweenPolls ||
             clock_->now() - last_poll_ >= kBusyTimeBetweenPolls) {
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
  const std::size_t count = ready_->size();
  steps_since_poll_ += count;
  for (std::size_t i = 0; i < count; ++i) {
    if (detail::ReadyItem* item = ready_->pop()) item->run();
  }
}

void EventLoop::poll() {
  reactor_->poll();
  steps_since_poll_ = 0;
  last_poll_ = clock_->now();
}

void EventLoop::wait_while_idle() {
  if (clock_->is_virtual() && posted_->external_work == 0) {
    poll();
    if (!ready_->empty() || posted_->any()) return;
    if (timers_->empty()) report_deadlock();
    clock_->advance_to(timers_->next_deadline());
    return;
  }
  // Capped, because Asio adds it to its own clock, and "never" would overflow.
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
  if (!default_executor_) default_executor_ = std::make_unique<ThreadPoolExecutor>();
  return *default_executor_;
}

void EventLoop::shutdown() {
  for (int round = 0; task_count_ > 0 && round < kShutdownRounds; ++round) cancel_all_tasks();
  if (default_executor_) default_executor_->shutdown();
}

void EventLoop::cancel_all_tasks() {
  std::vector<AnyTask> left;
  for_each_task([&left](detail::TaskBase& task) { left.emplace_back(task); });
  for (const AnyTask& task : left) task.cancel();
  for (const AnyTask& task : left) {
    run_until_done(*task.get());
    if (task.cancelled()) continue;
    if (const std::exception_ptr error = task.exception()) {
      ExceptionContext report;
      report.message = "unhandled exception while run() was cancelling task '" + task.name() + "'";
      report.exception = error;
      call_exception_handler(report);
    }
  }
}

void EventLoop::report_deadlock() const {
  std::string text = "deadlock: nothing can run any more, and these tasks wait:";
  for_each_task([&text](const detail::TaskBase& task) {
    text += "\n  '" + task.name() + "' " + task.where();
  });
  throw DeadlockError(text);
}

}  // namespace cochain
