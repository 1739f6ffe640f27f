// start_server(): many clients, failing handlers, addresses, and every way in which a server ends.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <array>

#include "stream_test.hpp"

namespace cochain::testing {
namespace {

Coro<> talk(std::uint16_t port, int number) {
  auto [reader, writer] = co_await open_connection("127.0.0.1", port);
  const std::string message = "client " + std::to_string(number) + "\n";
  for (int i = 0; i < 5; ++i) {
    writer.write(message);
    co_await writer.drain();
    const std::string answer = co_await reader.readline();
    EXPECT_EQ(answer, message);
  }
  writer.close();
  co_await writer.wait_closed();
}

ASYNC_TEST_REAL_TIME(Server, ServesTwoHundredClientsAtOnce) {
  const NoDescriptorLeft check;
  Server server = co_await start_server(&echo, "127.0.0.1", 0, ServerOptions().with_backlog(200));
  {
    TaskGroup group;
    for (int i = 0; i < 200; ++i) group.create_task(talk(server.port(), i));
    co_await group.join();
  }
  server.close();
  co_await server.wait_closed();
}

ASYNC_TEST_REAL_TIME(Server, ListensOnAllInterfacesWithOnePort) {
  Server server = co_await start_server(&echo, "", 0);
  const std::vector<SocketAddress> addresses = server.addresses();
  EXPECT_EQ(server.sockets().size(), addresses.size());
  for (const SocketAddress& each : addresses) EXPECT_EQ(each.port(), server.port());
  Coro<> over_ipv4 = talk(server.port(), 4);
  co_await std::move(over_ipv4);
  if (addresses.size() == 2) {  // where there is IPv6
    auto [reader, writer] = co_await open_connection("::1", server.port());
    writer.write("six\n");
    const std::string six = co_await reader.readline();
    EXPECT_EQ(six, "six\n");
    EXPECT_EQ(writer.peername().family(), SocketAddress::Family::kIpv6);
  }
  co_await end(server);
}

ASYNC_TEST_REAL_TIME(Server, ListensOnSeveralHosts) {
  const Log hosts{"127.0.0.1", "127.0.0.2", "127.0.0.1"};
  Server server = co_await start_server(&echo, hosts, 0);
  EXPECT_EQ(server.addresses().size(), 2U);
  auto [reader, writer] = co_await open_connection("127.0.0.2", server.port());
  writer.write("x");
  const std::string x = co_await reader.read(1);
  EXPECT_EQ(x, "x");
  co_await end(server);
}

Coro<> say_goodbye(StreamReader, StreamWriter writer) {
  writer.write("goodbye\n");
  writer.close();
  co_return;
}

ASYNC_TEST_REAL_TIME(Server, HearsOfAHandlerThatEndsInAnEagerStart) {
  EventLoop& loop = EventLoop::current();
  loop.set_task_start(TaskStart::kEager);
  Server server = co_await start_server(&say_goodbye, "127.0.0.1", 0);
  {
    auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
    const std::string line = co_await reader.readline();
    EXPECT_EQ(line, "goodbye\n");
  }
  co_await end(server);  // waits for the connection
  loop.set_task_start(TaskStart::kNextPass);
}

ASYNC_TEST_REAL_TIME(Server, OnATakenPortSaysSo) {
  RawListener taken;
  taken.listen();
  const std::exception_ptr error =
      co_await error_of(start_server(&echo, "127.0.0.1", taken.port()));
  EXPECT_TRUE(is<ConnectionError>(error));
  EXPECT_EQ(describe(error),
            "cannot listen on " + taken.address().to_string() + ": Address already in use");
}

ASYNC_TEST_REAL_TIME(Server, SharesAPortIfBothAskForIt) {
  ServerOptions options;
  options.with_reuse_port();
  Server one = co_await start_server(&echo, "127.0.0.1", 0, options);
  Server other = co_await start_server(&echo, "127.0.0.1", one.port(), options);
  EXPECT_EQ(one.port(), other.port());
  co_await end(one);
  co_await end(other);
}

ASYNC_TEST_REAL_TIME(Server, ReportsWhatAHandlerThrowsAndClosesItsConnection) {
  EventLoop& loop = EventLoop::current();
  Log reports;
  loop.set_exception_handler([&](const ExceptionContext& context) {
    reports.push_back(context.message + ": " + describe(context.exception));
  });
  std::optional<StreamWriter> kept;
  ClientConnected fail = [&kept](StreamReader reader, StreamWriter writer) -> Coro<> {
    kept = writer;
    co_await reader.readline();
    throw std::runtime_error("a bug");
  };
  Server server = co_await start_server(fail, "127.0.0.1", 0);
  auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
  writer.write("\n");
  const std::string nothing = co_await reader.read();
  EXPECT_EQ(nothing, "");
  EXPECT_EQ(reports, (Log{"Unhandled exception in client_connected_cb: a bug"}));
  EXPECT_TRUE(kept->is_closing());
  co_await end(server);
  loop.set_exception_handler(nullptr);
}

ASYNC_TEST_REAL_TIME(Server, StartsServingWhenToldTo) {
  Server server = co_await start_server(&echo, "127.0.0.1", 0, ServerOptions().without_serving());
  EXPECT_FALSE(server.is_serving());
  const std::exception_ptr refused = co_await error_of(open_connection("127.0.0.1", server.port()));
  EXPECT_TRUE(is<OpenConnectionError>(refused));
  server.start_serving();
  EXPECT_TRUE(server.is_serving());
  Coro<> talking = talk(server.port(), 1);
  co_await std::move(talking);
  co_await end(server);
  EXPECT_FALSE(server.is_serving());
  EXPECT_TRUE(server.addresses().empty());
  EXPECT_TRUE(is<InvalidStateError>(error_of_call([&] { server.start_serving(); })));
}

ASYNC_TEST_REAL_TIME(Server, CloseStopsAcceptingAndLetsConnectionsGoOn) {
  Server server = co_await start_server(&echo, "127.0.0.1", 0);
  const std::uint16_t port = server.port();
  auto [reader, writer] = co_await open_connection("127.0.0.1", port);
  writer.write("a");
  co_await reader.readexactly(1);
  server.close();
  const std::exception_ptr refused = co_await error_of(open_connection("127.0.0.1", port));
  EXPECT_TRUE(is<OpenConnectionError>(refused));
  const Task<> closing = create_task(server.wait_closed());
  writer.write("b");
  const std::string b = co_await reader.readexactly(1);
  EXPECT_EQ(b, "b");
  EXPECT_FALSE(closing.done());
  writer.close();
  co_await closing;
}

ASYNC_TEST_REAL_TIME(Server, WaitClosedWaitsForCloseFirst) {
  Server server = co_await start_server(&echo, "127.0.0.1", 0);
  const std::exception_ptr error = co_await error_of(wait_for(server.wait_closed(), 5ms));
  EXPECT_TRUE(is<TimeoutError>(error));
  server.close();
  co_await server.wait_closed();
}

ASYNC_TEST_REAL_TIME(Server, CloseClientsSendsWhatWasWritten) {
  ClientConnected serve = [](StreamReader reader, StreamWriter writer) -> Coro<> {
    writer.write(std::string(2'000'000, 'x'));
    co_await reader.read();  // ends when the connection is closed
  };
  Server server = co_await start_server(serve, "127.0.0.1", 0);
  auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
  co_await reader.readexactly(1);
  server.close();
  server.close_clients();
  const std::string rest = co_await reader.read();
  EXPECT_EQ(rest.size(), 1'999'999U);
  co_await server.wait_closed();
}

ASYNC_TEST_REAL_TIME(Server, AbortClientsWaitsForNobody) {
  ClientConnected serve = [](StreamReader reader, StreamWriter writer) -> Coro<> {
    writer.write(std::string(20'000'000, 'x'));
    co_await reader.read();
  };
  Server server = co_await start_server(serve, "127.0.0.1", 0);
  auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
  co_await reader.readexactly(1);
  server.close();
  server.abort_clients();
  co_await server.wait_closed();
  writer.abort();
}

ASYNC_TEST_REAL_TIME(Server, HandlerMayEndItsServerAndWait) {
  std::optional<Server> server;
  Event over;
  ClientConnected serve = [&](StreamReader, StreamWriter) -> Coro<> {
    server->close();
    co_await server->wait_closed();  // its own connection does not count
    over.set();
  };
  Server started = co_await start_server(serve, "127.0.0.1", 0);
  server.emplace(std::move(started));
  auto [reader, writer] = co_await open_connection("127.0.0.1", server->port());
  co_await over.wait();
  co_await reader.read();
  writer.close();
  co_await server->wait_closed();
}

ASYNC_TEST_REAL_TIME(Server, DestroyedEndsItsTasksWhereTheyStand) {
  const NoDescriptorLeft check;
  Log log;
  std::optional<Connection> client;
  {
    ClientConnected serve = [&log](StreamReader reader, StreamWriter writer) -> Coro<> {
      const Farewell farewell(log, "handler gone");
      writer.write("hello");
      co_await reader.read();
      log.push_back("not reached");
    };
    Server server = co_await start_server(serve, "127.0.0.1", 0);
    Connection made = co_await open_connection("127.0.0.1", server.port());
    client.emplace(std::move(made));
    co_await client->reader.readexactly(5);
  }
  EXPECT_EQ(log, Log{"handler gone"});
  const std::string nothing = co_await client->reader.read();
  EXPECT_EQ(nothing, "");
  client.reset();
}

ASYNC_TEST_REAL_TIME(Server, DestroyedByItsOwnHandlerCancelsThatOne) {
  std::optional<Server> server;
  Log log;
  ClientConnected serve = [&](StreamReader reader, StreamWriter) -> Coro<> {
    server.reset();
    try {
      co_await reader.read();
    } catch (const CancelledError&) {
      log.push_back("cancelled");
      throw;
    }
  };
  Server started = co_await start_server(serve, "127.0.0.1", 0);
  server.emplace(std::move(started));
  Connection client = co_await open_connection("127.0.0.1", server->port());
  co_await client.reader.read();
  EXPECT_EQ(log, Log{"cancelled"});
  EXPECT_FALSE(server);
}

ASYNC_TEST_REAL_TIME(Server, ServesForEverUntilItIsCancelled) {
  Server server = co_await start_server(&echo, "127.0.0.1", 0, ServerOptions().without_serving());
  const Task<> serving = create_task(server.serve_forever());
  co_await sleep(0s);
  auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
  writer.write("x");
  co_await reader.readexactly(1);
  const std::exception_ptr twice = co_await error_of(server.serve_forever());
  EXPECT_TRUE(is<InvalidStateError>(twice));
  serving.cancel();
  const std::exception_ptr error = co_await error_of(serving);
  EXPECT_TRUE(is<CancelledError>(error));
  const std::string nothing = co_await reader.read();
  EXPECT_EQ(nothing, "") << "its connections are closed";
  EXPECT_FALSE(server.is_serving());
}

ASYNC_TEST_REAL_TIME(Server, ServesForEverUntilItIsClosed) {
  Server server = co_await start_server(&echo, "127.0.0.1", 0);
  const Task<> serving = create_task(server.serve_forever());
  co_await sleep(0s);
  server.close();
  co_await serving;
}

int connect_to(int socket, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

TEST(Server, WithoutDescriptorsTriesAgainAfterASecond) {
  if (type_checks_need_descriptors()) GTEST_SKIP() << kNeedsDescriptors;
  auto body = []() -> Coro<> {
    EventLoop& loop = EventLoop::current();
    Log reports;
    loop.set_exception_handler([&](const ExceptionContext& context) {
      reports.push_back(context.message + ": " + describe(context.exception));
    });
    Server server = co_await start_server(&echo, "127.0.0.1", 0);
    const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    std::vector<int> taken;
    {
      const DescriptorLimit limit(open_descriptors() + 3);
      for (;;) {
        const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (fd < 0) break;
        taken.push_back(fd);
      }
      EXPECT_EQ(connect_to(client, server.port()), 0);
      while (reports.empty()) co_await sleep(1ms);
      for (const int fd : taken) ::close(fd);
    }
    EXPECT_THAT(reports.front(), HasSubstr("accept() failed"));
    EXPECT_THAT(reports.front(), HasSubstr("Too many open files"));
    EXPECT_TRUE(server.is_serving());
    EXPECT_EQ(::send(client, "at last", 7, MSG_NOSIGNAL), 7);
    std::array<char, 16> answer{};
    ssize_t got = -1;
    while (got < 0) {
      co_await sleep(10ms);
      got = ::recv(client, answer.data(), answer.size(), MSG_DONTWAIT);
    }
    EXPECT_EQ(std::string_view(answer.data(), 7), "at last");
    ::close(client);
    EXPECT_EQ(reports.size(), 1U);
    co_await end(server);
    loop.set_exception_handler(nullptr);
  };
  run_test(body(), TestOptions().clock(TestClock::kReal));
}

ASYNC_TEST_REAL_TIME(UnixServer, ReplacesAStaleSocketButNoFile) {
  const std::string path = socket_path("stale");
  {
    Server left = co_await start_unix_server(&echo, path);
    const std::string moved = path + ".moved";
    EXPECT_EQ(::rename(path.c_str(), moved.c_str()), 0);
    EXPECT_EQ(::link(moved.c_str(), path.c_str()), 0);
    EXPECT_EQ(::unlink(moved.c_str()), 0);
    EXPECT_EQ(::rename(path.c_str(), moved.c_str()), 0);
    left.close();
    EXPECT_EQ(::rename(moved.c_str(), path.c_str()), 0);
  }
  Server server = co_await start_unix_server(&echo, path);
  Connection connection = co_await open_unix_connection(path);
  connection.writer.write("x");
  const std::string x = co_await connection.reader.read(1);
  EXPECT_EQ(x, "x");
  co_await end(server);

  const int file = ::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  const std::exception_ptr error = co_await error_of(start_unix_server(&echo, path));
  EXPECT_EQ(describe(error), "cannot listen on " + path + ": Address already in use");
  ::close(file);
  EXPECT_EQ(::unlink(path.c_str()), 0) << "somebody's file is still there";
}

ASYNC_TEST_REAL_TIME(UnixServer, LeavesTheSocketOfItsSuccessorAlone) {
  const std::string path = socket_path("successor");
  Server first = co_await start_unix_server(&echo, path);
  Server second = co_await start_unix_server(&hang_up, path);
  first.close();
  Connection connection = co_await open_unix_connection(path);
  const std::string nothing = co_await connection.reader.read();
  EXPECT_EQ(nothing, "");
  co_await end(second);
}

TEST(Server, MayOutliveItsLoop) {
  std::optional<Server> kept;
  auto keep = [](std::optional<Server>* place) -> Coro<> {
    Server started = co_await start_server(&echo, "127.0.0.1", 0);
    place->emplace(std::move(started));
  };
  {
    EventLoop loop;
    const Task<> task = loop.create_task(keep(&kept));
    loop.run_until_done(*task.get());
  }
  EXPECT_FALSE(kept->is_serving());
  kept.reset();
}

}  // namespace
}  // namespace cochain::testing
