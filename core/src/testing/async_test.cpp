// How a test is run, cancelled at every point, and moved through time.

#include "cochain/testing/async_test.hpp"

#include <string>

#include "cochain/core/call_graph.hpp"
#include "cochain/core/locks.hpp"
#include "cochain/core/timeouts.hpp"

namespace cochain::testing {
namespace {

// A scenario with more suspensions than this is not meant to end.
constexpr std::uint32_t kSuspensionsMax = 100'000;

void run_to_end(EventLoop& loop, const Task<>& main, const std::function<void()>& after_pass) {
  std::exception_ptr error;
  try {
    loop.run_until_done(*main.get(), after_pass);
    main.result();
  } catch (...) {
    error = std::current_exception();
  }
  std::string left_over;
  if (loop.task_count() > 0 && !error) {
    left_over = "tasks are left over:\n";
    const auto tree = [&left_over]() -> Coro<> {
      left_over += format_task_tree({capture_call_graph()});
      co_return;
    };
    const Task<> drawing = loop.create_task(tree(), "(draws this)");
    loop.run_until_done(*drawing.get());
  }
  loop.shutdown();
  if (error) std::rethrow_exception(error);
  if (!left_over.empty()) throw Error(left_over);
}

/// Runs `run()`; puts `where` before what it throws.
template <class F>
auto told_with(const std::string& where, F&& run) {
  try {
    return run();
  } catch (const std::exception& error) {
    throw Error(where + ": " + error.what());
  } catch (const CancelledError&) {
    throw Error(where + ": it was cancelled by itself");
  }
}

EventLoop& virtual_loop(const char* who) {
  EventLoop& loop = EventLoop::current();
  if (!loop.clock().is_virtual()) {
    throw InvalidStateError(std::string(who) + " needs a virtual or manual clock");
  }
  return loop;
}

/// Woken when the loop has nothing to run.
class Idle final : public Waiter {
 public:
  explicit Idle(EventLoop& loop) noexcept : loop_(loop) {}
  Idle(Idle&&) = delete;
  ~Idle() override { loop_.set_idle_hook(nullptr); }
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> frame) {
    loop_.set_idle_hook([this] {
      wake();
      loop_.set_idle_hook(nullptr);  // last: it destroys this lambda, and `this` with it
      return true;
    });
    suspend(frame);
  }
  void await_resume() {
    loop_.set_idle_hook(nullptr);
    throw_if_cancelled();
  }

 private:
  EventLoop& loop_;
};

}  // namespace

std::unique_ptr<EventLoop> TestOptions::make_loop() const {
  std::unique_ptr<Clock> clock;
  switch (clock_) {
    case TestClock::kReal: clock = std::make_unique<SteadyClock>(); break;
    case TestClock::kManual: clock = std::make_unique<VirtualClock>(ClockJump::kByHand); break;
    case TestClock::kVirtual: clock = std::make_unique<VirtualClock>(); break;
  }
  auto loop = std::make_unique<EventLoop>(std::move(clock));
  if (seed_) loop->shuffle_ready(*seed_);
  if (debug_) loop->set_debug(*debug_);
  return loop;
}

void run_test(Coro<> body, const TestOptions& options) {
  const std::unique_ptr<EventLoop> loop = options.make_loop();
  const Task<> main = loop->create_task(std::move(body), "test body");
  run_to_end(*loop, main, nullptr);
}

bool cancel_at_suspension(Coro<> scenario, std::uint32_t suspension, const TestOptions& options) {
  const std::unique_ptr<EventLoop> loop = options.make_loop();
  const Task<> task = loop->create_task(std::move(scenario), "scenario");
  bool injected = false;
  try {
    run_to_end(*loop, task, [&] {
      if (!injected && task.get()->steps() == suspension) injected = task.cancel("injected");
    });
  } catch (const CancelledError&) {
  }
  return injected;
}

int cancel_at_every_suspension(const std::function<Coro<>()>& scenario,
                               const TestOptions& options) {
  for (std::uint32_t suspension = 1; suspension < kSuspensionsMax; ++suspension) {
    const bool injected = told_with("cancelled at suspension " + std::to_string(suspension), [&] {
      return cancel_at_suspension(scenario(), suspension, options);
    });
    if (!injected) return static_cast<int>(suspension) - 1;
  }
  throw Error("the scenario did not end within " + std::to_string(kSuspensionsMax) +
              " suspensions");
}

void run_in_shuffled_orders(const std::function<Coro<>()>& scenario, int runs,
                            std::uint64_t first_seed) {
  for (int run = 0; run < runs; ++run) {
    const std::uint64_t seed = first_seed + static_cast<std::uint64_t>(run);
    told_with("in the order of seed " + std::to_string(seed),
              [&] { run_test(scenario(), TestOptions().shuffled(seed)); });
  }
}

Coro<> wait_all_tasks_blocked() {
  Idle idle(virtual_loop("wait_all_tasks_blocked()"));
  co_await idle;
}

Coro<> advance(Duration delay) {
  EventLoop& loop = virtual_loop("advance()");
  const TimePoint target = deadline_after(loop.time(), delay);
  for (;;) {
    co_await wait_all_tasks_blocked();
    const std::optional<TimePoint> next = loop.next_deadline();
    if (!next || *next > target) break;
    loop.clock().advance_to(*next);
  }
  loop.clock().advance_to(target);
}

}  // namespace cochain::testing
