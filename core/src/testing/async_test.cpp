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

/// What is left on the running loop, drawn; empty if nothing is.
std::string left_over_tasks() {
  if (EventLoop::current().task_count() == 0) return "";
  return "tasks are left over:\n" + format_task_tree({capture_call_graph()});
}

void run_to_end(EventLoop& loop, const Task<>& main, const std::function<void()>& after_pass) {
  std::exception_ptr error;
  std::string left_over;
  try {
    loop.run_until_done(*main.get(), [&] {
      if (after_pass) after_pass();
      if (main.done()) left_over = left_over_tasks();
    });
    main.result();
    if (!left_over.empty()) throw Error(left_over);
  } catch (const CancelledError&) {  // no excuse for tasks that are left over
    error =
        left_over.empty() ? std::current_exception() : std::make_exception_ptr(Error(left_over));
  } catch (...) {
    error = std::current_exception();
  }
  try {
    loop.shutdown();
  } catch (...) {  // tasks that cannot even be cancelled matter less than what came before
    if (!error) error = std::current_exception();
  }
  if (error) std::rethrow_exception(error);
}

/// Runs `run()`; puts `where()` before what it throws.
template <class Where, class F>
void told_with(Where&& where, F&& run) {
  try {
    run();
  } catch (const std::exception& error) {
    throw Error(where() + ": " + error.what());
  } catch (const CancelledError&) {
    throw Error(where() + ": it was cancelled by itself");
  }
}

/// Whether the cancellation of a scenario has happened yet.
enum class Injection : std::uint8_t { kWaits, kDone };

void run_and_cancel(Coro<> scenario, std::uint32_t suspension, const TestOptions& options,
                    Injection& injection) {
  const std::unique_ptr<EventLoop> loop = options.make_loop();
  const Task<> task = loop->create_task(std::move(scenario), "scenario");
  try {
    run_to_end(*loop, task, [&] {
      if (injection == Injection::kDone || task.get()->steps() != suspension) return;
      if (task.cancel("injected")) injection = Injection::kDone;
    });
  } catch (const CancelledError&) {
    if (injection == Injection::kWaits) throw;
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
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> frame) {
    link_before(loop_.idle_waiters());
    suspend(frame);
  }
  void await_resume() { throw_if_cancelled(); }

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
  Injection injection = Injection::kWaits;
  run_and_cancel(std::move(scenario), suspension, options, injection);
  return injection == Injection::kDone;
}

int cancel_at_every_suspension(const std::function<Coro<>()>& scenario,
                               const TestOptions& options) {
  const std::string order =
      options.seed() ? " in the order of seed " + std::to_string(*options.seed()) : "";
  for (std::uint32_t suspension = 1; suspension < kSuspensionsMax; ++suspension) {
    Injection injection = Injection::kWaits;
    const auto where = [&] {
      const bool injected = injection == Injection::kDone;
      return (injected ? "cancelled at suspension " : "left alone, after suspension ") +
             std::to_string(injected ? suspension : suspension - 1) + order;
    };
    told_with(where, [&] { run_and_cancel(scenario(), suspension, options, injection); });
    if (injection == Injection::kWaits) return static_cast<int>(suspension) - 1;
  }
  throw Error("the scenario did not end within " + std::to_string(kSuspensionsMax) +
              " suspensions");
}

void run_in_shuffled_orders(const std::function<Coro<>()>& scenario, int runs,
                            std::uint64_t first_seed) {
  for (int run = 0; run < runs; ++run) {
    const std::uint64_t seed = first_seed + static_cast<std::uint64_t>(run);
    told_with([&] { return "in the order of seed " + std::to_string(seed); },
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
