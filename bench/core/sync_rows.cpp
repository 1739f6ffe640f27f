// Queues and locks.

#include "rows.hpp"

namespace cochain::bench {
namespace {

Coro<> produce(Queue<std::size_t>* queue, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) co_await queue->put(i);
}

template <std::size_t Capacity>
Coro<> queue_of(Meter* meter, std::size_t n) {
  Queue<std::size_t> queue(Capacity);
  std::size_t sum = 0;
  meter->start();
  const Task<> producer = create_task(produce(&queue, n));
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t item = co_await queue.get();
    sum += item;
  }
  co_await producer;
  meter->stop();
  COCHAIN_ASSERT(sum == n * (n - 1) / 2);
}

Coro<> answer(Event* ping, Event* pong, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    co_await ping->wait();
    ping->clear();
    pong->set();
  }
}

Coro<> event_pingpong(Meter* meter, std::size_t n) {
  Event ping;
  Event pong;
  const Task<> other = create_task(answer(&ping, &pong, n));
  meter->start();
  for (std::size_t i = 0; i < n; ++i) {
    ping.set();
    co_await pong.wait();
    pong.clear();
  }
  meter->stop();
  co_await other;
}

Coro<> lock(Meter* meter, std::size_t n) {
  Lock lock;
  meter->start();
  for (std::size_t i = 0; i < n; ++i) {
    const auto held = co_await lock.scoped();
  }
  meter->stop();
}

Coro<> event_set(Meter* meter, std::size_t n) {
  Event event;
  event.set();
  meter->start();
  for (std::size_t i = 0; i < n; ++i) co_await event.wait();
  meter->stop();
}

Coro<> semaphore(Meter* meter, std::size_t n) {
  Semaphore permits(4);
  meter->start();
  for (std::size_t i = 0; i < n; ++i) {
    co_await permits.acquire();
    permits.release();
  }
  meter->stop();
}

constexpr Row kRows[] = {
    Row("queue_64", on_loop<queue_of<64>>),         Row("queue_1", on_loop<queue_of<1>>),
    Row("event_pingpong", on_loop<event_pingpong>), Row("lock", on_loop<lock>),
    Row("event_set", on_loop<event_set>),           Row("semaphore", on_loop<semaphore>),
};

}  // namespace

std::span<const Row> sync_rows() { return kRows; }

}  // namespace cochain::bench
