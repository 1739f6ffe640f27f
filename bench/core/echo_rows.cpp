// Echo over TCP, both ends in this thread: what a message costs on its way there and back.

#include <string>
#include <vector>

#include "rows.hpp"

namespace cochain::bench {
namespace {

constexpr std::size_t kReadBytes = 65536;
constexpr std::size_t kWarmUpRounds = 10;  // buffers grow to their size

Coro<> serve_echo(StreamReader reader, StreamWriter writer) {
  for (;;) {
    const std::string data = co_await reader.read(kReadBytes);
    if (data.empty()) break;
    writer.write(data);
    co_await writer.drain();
  }
  writer.close();
}

Coro<> call_echo(const Connection* end, std::size_t message_bytes, std::size_t rounds) {
  const std::string message(message_bytes, 'x');
  for (std::size_t i = 0; i < rounds; ++i) {
    end->writer.write(message);
    co_await end->writer.drain();
    const std::string answer = co_await end->reader.readexactly(message_bytes);
    COCHAIN_ASSERT(answer.size() == message_bytes);
  }
}

Coro<> call_all(const std::vector<Connection>* ends, std::size_t message_bytes,
                std::size_t rounds) {
  TaskGroup group;
  for (const Connection& end : *ends) group.create_task(call_echo(&end, message_bytes, rounds));
  co_await group.join();
}

template <std::size_t MessageBytes, std::size_t Connections>
Coro<> echo(Meter* meter, std::size_t n) {
  const Server server = co_await start_server(serve_echo, std::string("127.0.0.1"), 0);
  std::vector<Connection> ends;
  for (std::size_t i = 0; i < Connections; ++i) {
    Connection end = co_await open_connection("127.0.0.1", server.port());
    ends.push_back(std::move(end));
  }
  co_await call_all(&ends, MessageBytes, kWarmUpRounds);
  meter->start();
  co_await call_all(&ends, MessageBytes, (n + Connections - 1) / Connections);
  meter->stop();
  for (const Connection& end : ends) end.writer.close();
  server.close();
  co_await server.wait_closed();
}

constexpr Row kRows[] = {
    Row("echo_32_1", on_loop<echo<32, 1>>),
    Row("echo_32_100", on_loop<echo<32, 100>>),
    Row("echo_64k_1", on_loop<echo<65536, 1>>),
    Row("echo_64k_100", on_loop<echo<65536, 100>>, 3000),
};

}  // namespace

std::span<const Row> echo_rows() { return kRows; }

}  // namespace cochain::bench
