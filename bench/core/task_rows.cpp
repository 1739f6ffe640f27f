// Calls, tasks, and many tasks at once.

#include <exception>
#include <vector>

#include "rows.hpp"

namespace cochain::bench {

Coro<std::size_t> one() { co_return 1; }

Coro<std::size_t> chain(std::size_t depth) {
  if (depth <= 1) co_return 1;
  const std::size_t below = co_await chain(depth - 1);
  co_return below + 1;
}

namespace {

constexpr std::size_t kFanOut = 50;

template <std::size_t Depth>
Coro<> await_at(Meter* meter, std::size_t n) {
  std::size_t sum = 0;
  meter->start();
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t depth = co_await chain(Depth);
    sum += depth;
  }
  meter->stop();
  COCHAIN_ASSERT(sum == n * Depth);
}

Coro<> create_and_await(Meter* meter, std::size_t n) {
  meter->start();
  for (std::size_t i = 0; i < n; ++i) {
    const Task<std::size_t> task = create_task(one());
    co_await task;
  }
  meter->stop();
}

Coro<> spawn_join(Meter* meter, std::size_t n) {
  std::vector<Task<std::size_t>> tasks;
  meter->start();
  for (std::size_t i = 0; i < n; ++i) tasks.push_back(create_task(one()));
  for (const Task<std::size_t>& task : tasks) co_await task;
  meter->stop();
}

Coro<> wait_for_event(Event* event) { co_await event->wait(); }

Coro<> task_bytes(Meter* meter, std::size_t n) {
  Event event;
  std::vector<Task<>> tasks;
  const std::size_t before = resident_bytes();
  for (std::size_t i = 0; i < n; ++i) tasks.push_back(create_task(wait_for_event(&event)));
  co_await sleep(Duration::zero());
  const std::size_t after = resident_bytes();
  meter->set_bytes(static_cast<double>(after - before) / static_cast<double>(n));
  event.set();
  for (const Task<>& task : tasks) co_await task;
}

Coro<> give_way(Meter* meter, bool* running, std::size_t times) {
  if (!*running) {
    *running = true;
    meter->start();
  }
  for (std::size_t i = 0; i < times; ++i) co_await sleep(Duration::zero());
}

template <std::size_t Tasks>
Coro<> yield_with(Meter* meter, std::size_t n) {
  bool running = false;
  std::vector<Task<>> tasks;
  const std::size_t times = (n + Tasks - 1) / Tasks;
  for (std::size_t i = 0; i < Tasks; ++i) {
    tasks.push_back(create_task(give_way(meter, &running, times)));
  }
  for (const Task<>& task : tasks) co_await task;
  meter->stop();
}

Coro<> wait_at(std::size_t depth, Event* never) {
  if (depth <= 1) {
    co_await never->wait();
  } else {
    co_await wait_at(depth - 1, never);
  }
}

template <std::size_t Depth>
Coro<> cancel_at(Meter* meter, std::size_t n) {
  Event never;
  meter->start();
  for (std::size_t i = 0; i < n; ++i) {
    const Task<> task = create_task(wait_at(Depth, &never));
    co_await sleep(Duration::zero());
    task.cancel();
    try {
      co_await task;
    } catch (const CancelledError&) {
    }
  }
  meter->stop();
}

/// No peer, but a measure: the price of an exception that is caught, kept and thrown again, which
/// is what one more level costs a cancellation in C++.
void rethrow(Meter& meter, std::size_t n) {
  std::exception_ptr error = std::make_exception_ptr(CancelledError());
  meter.start();
  for (std::size_t i = 0; i < n; ++i) {
    try {
      std::rethrow_exception(std::move(error));
    } catch (...) {
      error = std::current_exception();
    }
  }
  meter.stop();
}

Coro<> gather_50(Meter* meter, std::size_t n) {
  meter->start();
  for (std::size_t i = 0; i < n; ++i) {
    std::vector<Coro<std::size_t>> coros;
    coros.reserve(kFanOut);
    for (std::size_t k = 0; k < kFanOut; ++k) coros.push_back(one());
    const std::vector<std::size_t> results = co_await gather(std::move(coros));
    COCHAIN_ASSERT(results.size() == kFanOut);
  }
  meter->stop();
}

Coro<> task_group_50(Meter* meter, std::size_t n) {
  meter->start();
  for (std::size_t i = 0; i < n; ++i) {
    TaskGroup group;
    for (std::size_t k = 0; k < kFanOut; ++k) group.create_task(one());
    co_await group.join();
  }
  meter->stop();
}

constexpr Row kRows[] = {
    Row("await_1", on_loop<await_at<1>>),
    Row("await_10", on_loop<await_at<10>>),
    Row("create_task", on_loop<create_and_await>),
    Row("spawn_join", on_loop<spawn_join>, 1'000'000),
    Row("task_bytes", on_loop<task_bytes>, 200'000),
    Row("yield_1", on_loop<yield_with<1>>),
    Row("yield_1000", on_loop<yield_with<1000>>),
    Row("cancel_1", on_loop<cancel_at<1>>),
    Row("cancel_5", on_loop<cancel_at<5>>),
    Row("cancel_20", on_loop<cancel_at<20>>),
    Row("rethrow", rethrow),
    Row("gather_50", on_loop<gather_50>),
    Row("task_group_50", on_loop<task_group_50>),
};

}  // namespace

std::span<const Row> task_rows() { return kRows; }

}  // namespace cochain::bench
