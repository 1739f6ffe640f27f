// The rows of bench/core on Boost.Asio's awaitable<>, co_spawn and channels, one io_context in one
// thread (concurrency hint 1). Where Asio has no such thing (locks, events, gather of any number),
// the row is made of what it has, or left out.

#include <array>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "meter.hpp"

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using cochain::bench::Meter;
using cochain::bench::Random;
using cochain::bench::Row;

// The concrete executor: any_io_executor, the default, is slower.
using Executor = asio::io_context::executor_type;
template <class T = void>
using Awaitable = asio::awaitable<T, Executor>;
constexpr asio::use_awaitable_t<Executor> kAwait;
template <class T>
using Channel = asio::experimental::channel<Executor, void(error_code, T)>;
using Socket = asio::basic_stream_socket<tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;
using SteadyTimer =
    asio::basic_waitable_timer<std::chrono::steady_clock,
                               asio::wait_traits<std::chrono::steady_clock>, Executor>;

template <auto Body>
void on_context(Meter& meter, std::size_t n) {
  asio::io_context context(1);
  asio::co_spawn(context.get_executor(), Body(&meter, n), [&context](std::exception_ptr error) {
    context.stop();
    if (error) std::rethrow_exception(error);
  });
  context.run();
}

Awaitable<std::size_t> chain(std::size_t depth) {
  if (depth <= 1) co_return 1;
  const std::size_t below = co_await chain(depth - 1);
  co_return below + 1;
}

template <std::size_t Depth>
Awaitable<> await_at(Meter* meter, std::size_t n) {
  std::size_t sum = 0;
  meter->start();
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t depth = co_await chain(Depth);
    sum += depth;
  }
  meter->stop();
  if (sum != n * Depth) std::abort();
}

Awaitable<> create_task(Meter* meter, std::size_t n) {
  const Executor executor = co_await asio::this_coro::executor;
  meter->start();
  for (std::size_t i = 0; i < n; ++i) {
    co_await asio::co_spawn(executor, chain(1), kAwait);
  }
  meter->stop();
}

/// Counts down in the handlers of co_spawn; the last one wakes the waiter through a channel.
class Join {
 public:
  Join(Executor executor, std::size_t count) : done_(executor, 1), left_(count) {}
  void one_done() {
    if (--left_ == 0) done_.try_send(error_code(), 0);
  }
  auto wait() { return done_.async_receive(kAwait); }

 private:
  Channel<int> done_;
  std::size_t left_;
};

Awaitable<> spawn_join(Meter* meter, std::size_t n) {
  const Executor executor = co_await asio::this_coro::executor;
  meter->start();
  Join join(executor, n);
  for (std::size_t i = 0; i < n; ++i) {
    asio::co_spawn(executor, chain(1),
                   [&join](std::exception_ptr, std::size_t) { join.one_done(); });
  }
  (void)co_await join.wait();
  meter->stop();
}

Awaitable<> task_group_50(Meter* meter, std::size_t n) {
  constexpr std::size_t kFanOut = 50;
  const Executor executor = co_await asio::this_coro::executor;
  meter->start();
  for (std::size_t i = 0; i < n; ++i) {
    Join join(executor, kFanOut);
    std::array<std::size_t, kFanOut> results{};
    for (std::size_t k = 0; k < kFanOut; ++k) {
      asio::co_spawn(executor, chain(1),
                     [&join, &results, k](std::exception_ptr, std::size_t result) {
                       results[k] = result;
                       join.one_done();
                     });
    }
    (void)co_await join.wait();
  }
  meter->stop();
}

Awaitable<> wait_for_channel(Channel<int>* channel) {
  (void)co_await channel->async_receive(kAwait);
}

Awaitable<> task_bytes(Meter* meter, std::size_t n) {
  const Executor executor = co_await asio::this_coro::executor;
  Channel<int> never(executor);
  const std::size_t before = cochain::bench::resident_bytes();
  for (std::size_t i = 0; i < n; ++i) {
    asio::co_spawn(executor, wait_for_channel(&never), asio::detached);
  }
  co_await asio::post(executor, kAwait);
  co_await asio::post(executor, kAwait);
  const std::size_t after = cochain::bench::resident_bytes();
  meter->set_bytes(static_cast<double>(after - before) / static_cast<double>(n));
  for (std::size_t i = 0; i < n; ++i) never.try_send(error_code(), 0);
  co_await asio::post(executor, kAwait);
}

Awaitable<> give_way(Meter* meter, bool* running, std::size_t times) {
  const Executor executor = co_await asio::this_coro::executor;
  if (!*running) {
    *running = true;
    meter->start();
  }
  for (std::size_t i = 0; i < times; ++i) co_await asio::post(executor, kAwait);
}

template <std::size_t Tasks>
Awaitable<> yield_with(Meter* meter, std::size_t n) {
  const Executor executor = co_await asio::this_coro::executor;
  bool running = false;
  Join join(executor, Tasks);
  const std::size_t times = (n + Tasks - 1) / Tasks;
  for (std::size_t i = 0; i < Tasks; ++i) {
    asio::co_spawn(executor, give_way(meter, &running, times),
                   [&join](std::exception_ptr) { join.one_done(); });
  }
  (void)co_await join.wait();
  meter->stop();
}

Awaitable<> produce(Channel<std::size_t>* channel, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) co_await channel->async_send(error_code(), i, kAwait);
}

template <std::size_t Capacity>
Awaitable<> queue_of(Meter* meter, std::size_t n) {
  const Executor executor = co_await asio::this_coro::executor;
  Channel<std::size_t> channel(executor, Capacity);
  std::size_t sum = 0;
  meter->start();
  asio::co_spawn(executor, produce(&channel, n), asio::detached);
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t item = co_await channel.async_receive(kAwait);
    sum += item;
  }
  meter->stop();
  if (sum != n * (n - 1) / 2) std::abort();
}

Awaitable<> timers_100k(Meter* meter, std::size_t n) {
  constexpr std::size_t kLive = 100'000;
  const Executor executor = co_await asio::this_coro::executor;
  Random random;
  std::vector<std::unique_ptr<SteadyTimer>> live(kLive);
  const auto insert = [&random, &executor](std::unique_ptr<SteadyTimer>& place) {
    place = std::make_unique<SteadyTimer>(executor);  // the one that was there is cancelled
    place->expires_after(std::chrono::hours(1) +
                         std::chrono::milliseconds(random.below(1'000'000)));
    place->async_wait([](error_code) {});
  };
  for (auto& place : live) insert(place);
  meter->start();
  for (std::size_t i = 0; i < n; ++i) {
    insert(live[random.below(kLive)]);
    if (i % 64 == 0) co_await asio::post(executor, kAwait);  // runs the cancelled handlers
  }
  meter->stop();
}

Awaitable<> serve_echo(Socket socket) {
  std::vector<char> buffer(65536);
  for (;;) {
    error_code error;
    auto token = asio::redirect_error(kAwait, error);
    const std::size_t got = co_await socket.async_read_some(asio::buffer(buffer), std::move(token));
    if (error) co_return;
    co_await asio::async_write(socket, asio::buffer(buffer.data(), got), kAwait);
  }
}

Awaitable<> call_echo(Socket* socket, std::size_t bytes, std::size_t rounds) {
  const std::string message(bytes, 'x');
  std::string answer(bytes, ' ');
  for (std::size_t i = 0; i < rounds; ++i) {
    co_await asio::async_write(*socket, asio::buffer(message), kAwait);
    co_await asio::async_read(*socket, asio::buffer(answer), kAwait);
  }
}

Awaitable<> call_all(std::vector<Socket>* ends, std::size_t bytes, std::size_t rounds) {
  const Executor executor = co_await asio::this_coro::executor;
  Join join(executor, ends->size());
  for (Socket& end : *ends) {
    asio::co_spawn(executor, call_echo(&end, bytes, rounds),
                   [&join](std::exception_ptr) { join.one_done(); });
  }
  (void)co_await join.wait();
}

template <std::size_t MessageBytes, std::size_t Connections>
Awaitable<> echo(Meter* meter, std::size_t n) {
  const Executor executor = co_await asio::this_coro::executor;
  Acceptor acceptor(executor, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  std::vector<Socket> ends;
  for (std::size_t i = 0; i < Connections; ++i) {
    ends.emplace_back(executor);
    ends.back().connect(acceptor.local_endpoint());
    ends.back().set_option(tcp::no_delay(true));
    Socket accepted = acceptor.accept();
    accepted.set_option(tcp::no_delay(true));
    asio::co_spawn(executor, serve_echo(std::move(accepted)), asio::detached);
  }
  co_await call_all(&ends, MessageBytes, 10);
  meter->start();
  co_await call_all(&ends, MessageBytes, (n + Connections - 1) / Connections);
  meter->stop();
}

constexpr Row kRows[] = {
    Row("await_1", on_context<await_at<1>>),
    Row("await_10", on_context<await_at<10>>),
    Row("create_task", on_context<create_task>),
    Row("spawn_join", on_context<spawn_join>, 1'000'000),
    Row("task_bytes", on_context<task_bytes>, 200'000),
    Row("yield_1", on_context<yield_with<1>>),
    Row("yield_1000", on_context<yield_with<1000>>),
    Row("task_group_50", on_context<task_group_50>),
    Row("queue_64", on_context<queue_of<64>>),
    Row("queue_1", on_context<queue_of<1>>),
    Row("timers_100k", on_context<timers_100k>),
    Row("echo_32_1", on_context<echo<32, 1>>),
    Row("echo_32_100", on_context<echo<32, 100>>),
    Row("echo_64k_1", on_context<echo<65536, 1>>),
    Row("echo_64k_100", on_context<echo<65536, 100>>, 3000),
};

}  // namespace

int main(int argc, char** argv) { return cochain::bench::run_rows(argc, argv, "asio", kRows); }
