// A server that is destroyed early, in every state: it stops listening, its tasks end where they
// stand, what was written arrives, and whoever waits for it goes on.
#include "stream_test.hpp"

namespace cochain::testing {
namespace {

ASYNC_TEST_REAL_TIME(ServerEnd, DestroyedStopsListeningAndFreesThePort) {
  const NoDescriptorLeft check;
  for (int i = 0; i < 2; ++i) {
    ServerOptions options;
    if (i == 1) options.without_serving();
    std::uint16_t port = 0;
    {
      const Server server = co_await start_server(&echo, "127.0.0.1", 0, options);
      port = server.port();
    }
    const std::exception_ptr refused = co_await error_of(open_connection("127.0.0.1", port));
    EXPECT_TRUE(is<OpenConnectionError>(refused));
    const Server again = co_await start_server(&echo, "127.0.0.1", port);
    EXPECT_EQ(again.port(), port);
  }
}

ASYNC_TEST_REAL_TIME(ServerEnd, DestroyedStillSendsWhatWasWritten) {
  const NoDescriptorLeft check;
  constexpr std::size_t kBytes = 4'000'000;  // more than the system takes at once
  std::optional<Server> server;
  Event written;
  ClientConnected serve = [&written](StreamReader reader, StreamWriter writer) -> Coro<> {
    writer.write(std::string(kBytes, 'x'));
    written.set();
    co_await reader.read();
  };
  Server started = co_await start_server(serve, "127.0.0.1", 0);
  server.emplace(std::move(started));
  Connection client = co_await open_connection("127.0.0.1", server->port());
  co_await written.wait();
  server.reset();
  const std::string all = co_await client.reader.read();
  EXPECT_EQ(all.size(), kBytes);
}

ASYNC_TEST_REAL_TIME(ServerEnd, DestroyedEndsServeForeverAndWaitClosed) {
  const NoDescriptorLeft check;
  std::optional<Server> server;
  Server started = co_await start_server(&swallow, "127.0.0.1", 0);
  server.emplace(std::move(started));
  Connection client = co_await open_connection("127.0.0.1", server->port());
  const Task<> serving = create_task(server->serve_forever());
  const Task<> waiting = create_task(server->wait_closed());
  co_await sleep(0s);
  server.reset();
  co_await serving;
  co_await waiting;
  const std::string nothing = co_await client.reader.read();
  EXPECT_EQ(nothing, "");
}

ASYNC_TEST_REAL_TIME(ServerEnd, DestroyedHangsUpOnClientsThatItHasNotAccepted) {
  const NoDescriptorLeft check;
  std::optional<Server> server;
  Server started = co_await start_server(&echo, "127.0.0.1", 0, ServerOptions().with_backlog(8));
  server.emplace(std::move(started));
  // A blocking socket: connecting it needs no turn of the loop, so nobody accepts it.
  const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(server->port());
  EXPECT_EQ(::connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  server.reset();
  char byte = 0;
  EXPECT_LE(::read(client, &byte, 1), 0);  // the end, or a reset
  ::close(client);
}

ASYNC_TEST_REAL_TIME(ServerEnd, AssignedOverEndsAsIfDestroyed) {
  const NoDescriptorLeft check;
  Log log;
  ClientConnected serve = [&log](StreamReader reader, StreamWriter writer) -> Coro<> {
    const Farewell farewell(log, "handler gone");
    writer.write("!");
    co_await reader.read();
  };
  Server server = co_await start_server(serve, "127.0.0.1", 0);
  Connection client = co_await open_connection("127.0.0.1", server.port());
  co_await client.reader.readexactly(1);
  Server next = co_await start_server(&echo, "127.0.0.1", 0);
  const std::uint16_t port = next.port();
  server = std::move(next);
  EXPECT_EQ(log, Log{"handler gone"});
  EXPECT_EQ(server.port(), port);
  const std::string nothing = co_await client.reader.read();
  EXPECT_EQ(nothing, "");
  Connection other = co_await open_connection("127.0.0.1", port);
  other.writer.write("still here");
  const std::string answer = co_await other.reader.readexactly(10);
  EXPECT_EQ(answer, "still here");
}

ASYNC_TEST_REAL_TIME(ServerEnd, DestroyedByAnErrorOfItsOwner) {
  const NoDescriptorLeft check;
  Log log;
  const auto serve_and_fail = [](Log& to) -> Coro<> {
    ClientConnected serve = [&to](StreamReader reader, StreamWriter) -> Coro<> {
      const Farewell farewell(to, "handler gone");
      co_await reader.read();
    };
    const Server server = co_await start_server(serve, "127.0.0.1", 0);
    const Connection client = co_await open_connection("127.0.0.1", server.port());
    co_await sleep(1ms);
    throw std::runtime_error("the owner failed");
  };
  const std::exception_ptr error = co_await error_of(serve_and_fail(log));
  EXPECT_EQ(describe(error), "the owner failed");
  EXPECT_LE(log.size(), 1U);  // the client may not have been accepted yet
}

TEST(ServerEnd, CanBeCancelledAtEverySuspensionOfItsOwner) {
  const NoDescriptorLeft check;
  const auto scenario = []() -> Coro<> {
    const Server server = co_await start_server(&echo, "127.0.0.1", 0);
    Connection client = co_await open_connection("127.0.0.1", server.port());
    client.writer.write("hello");
    const std::string hello = co_await client.reader.readexactly(5);
    EXPECT_EQ(hello, "hello");
    client.writer.close();
    co_await client.writer.wait_closed();
  };
  EXPECT_GE(cancel_at_every_suspension(scenario, TestOptions().clock(TestClock::kReal)), 2);
}

TEST(ServerEnd, MayOutliveItsLoopWithAClientConnected) {
  const NoDescriptorLeft check;
  Log log;
  {
    std::optional<Server> kept;
    const auto serve = [](std::optional<Server>& place, Log& to) -> Coro<> {
      ClientConnected wait = [&to](StreamReader reader, StreamWriter writer) -> Coro<> {
        const Farewell farewell(to, "handler gone");
        writer.write("!");
        co_await reader.read();
      };
      Server started = co_await start_server(wait, "127.0.0.1", 0);
      place.emplace(std::move(started));
      Connection client = co_await open_connection("127.0.0.1", place->port());
      co_await client.reader.readexactly(1);
    };
    {
      EventLoop loop;
      const Task<> task = loop.create_task(serve(kept, log));
      loop.run_until_done(*task.get());
      task.result();
    }
    EXPECT_EQ(log, Log{"handler gone"});
    EXPECT_FALSE(kept->is_serving());
    EXPECT_TRUE(kept->addresses().empty());
    kept->close();
    kept->close_clients();
    kept->abort_clients();
  }
}

}  // namespace
}  // namespace cochain::testing
