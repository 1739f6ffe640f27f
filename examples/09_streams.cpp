// What you learn: a server with a task for each client, clients, back-pressure and a clean end.
// How to run:     build/release/bin/example_09_streams
// What it prints: what each client asked and was answered, then how everything ended.
#include <algorithm>
#include <cctype>
#include <iostream>

#include <cochain/core.hpp>

using namespace cochain;

// One task for each client. It ends with the client's side; then the connection closes by itself.
Coro<> shout_back(StreamReader reader, StreamWriter writer) {
  Stream<std::string> lines = reader.lines();
  while (auto line = co_await lines.next()) {
    std::transform(line->begin(), line->end(), line->begin(), ::toupper);
    writer.write(*line);
    co_await writer.drain();  // waits if the client does not read: memory stays bounded
  }
}

Coro<std::string> ask(std::uint16_t port, std::string name) {
  auto [reader, writer] = co_await open_connection("127.0.0.1", port);
  writer.write("hello from " + name + "\n");
  writer.write("and good bye\n");
  writer.write_eof();  // the server sees the end, and can still answer
  std::string answers = co_await reader.read();
  writer.close();
  co_await writer.wait_closed();
  co_return answers;
}

Coro<> serve_and_ask() {
  Server server = co_await start_server(&shout_back, "127.0.0.1", 0);  // any free port
  const std::uint16_t port = server.port();
  auto [ann, bob] = co_await gather(ask(port, "Ann"), ask(port, "Bob"));
  std::cout << ann << bob;

  server.close();  // no new clients
  co_await server.wait_closed();
  std::cout << "the last connection is closed\n";

  try {
    co_await open_connection("127.0.0.1", port);
  } catch (const OpenConnectionError& error) {
    std::cout << error.attempts().size()
              << " address tried: " << error.attempts().front().code.message() << '\n';
  }
}

int main() { run(serve_and_ask()); }
