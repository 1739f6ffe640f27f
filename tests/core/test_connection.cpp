// open_connection(): names, addresses, refusals, the race of addresses, cancellation.
#include "stream_test.hpp"

namespace cochain::testing {
namespace {

std::vector<ConnectAttempt> attempts_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const OpenConnectionError& failure) {
    return failure.attempts();
  } catch (...) {
  }
  return {};
}

ASYNC_TEST_REAL_TIME(OpenConnection, GivesBothEnds) {
  Server server = co_await start_server(&echo, "127.0.0.1", 0);
  auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
  writer.write("hello\n");
  const std::string line = co_await reader.readline();
  EXPECT_EQ(line, "hello\n");
  writer.close();
  co_await writer.wait_closed();
  co_await end(server);
}

ASYNC_TEST_REAL_TIME(OpenConnection, KnowsTheAddressesOfBothEnds) {
  SocketAddress seen;
  auto note = [&seen](StreamReader, StreamWriter writer) -> Coro<> {
    seen = writer.peername();
    co_return;
  };
  ClientConnected serve = note;
  Server server = co_await start_server(serve, "127.0.0.1", 0);
  auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
  const std::string end_of_it = co_await reader.read();
  EXPECT_EQ(end_of_it, "");
  EXPECT_EQ(writer.peername(), server.addresses().front());
  EXPECT_EQ(writer.peername().to_string(), "127.0.0.1:" + std::to_string(server.port()));
  EXPECT_EQ(writer.sockname(), seen);
  EXPECT_FALSE(writer.tls_info());
  co_await end(server);
}

ASYNC_TEST_REAL_TIME(OpenConnection, FindsANameOnAThreadOfTheExecutor) {
  Server server = co_await start_server(&echo, "localhost", 0);
  auto [reader, writer] = co_await open_connection("localhost", server.port());
  writer.write("x");
  const std::string data = co_await reader.read(1);
  EXPECT_EQ(data, "x");
  co_await end(server);
}

ASYNC_TEST_REAL_TIME(OpenConnection, OverIpv6HasBracketsInItsAddress) {
  const std::exception_ptr refused = co_await error_of(open_connection("::1", 1));
  EXPECT_THAT(describe(refused), HasSubstr("[::1]:1"));
}

ASYNC_TEST_REAL_TIME(OpenConnection, RefusedNamesTheAddressAndTheReason) {
  const RawListener nobody_listens;
  const std::uint16_t port = nobody_listens.port();
  const std::exception_ptr error = co_await error_of(open_connection("127.0.0.1", port));
  EXPECT_TRUE(is<OpenConnectionError>(error));
  EXPECT_TRUE(is<ConnectionError>(error));
  EXPECT_EQ(describe(error),
            "cannot connect to 127.0.0.1:" + std::to_string(port) + ": Connection refused");
}

ASYNC_TEST_REAL_TIME(OpenConnection, RefusedOnAllAddressesNamesEach) {
  const NoDescriptorLeft check;
  const RawListener first;
  const RawListener second;
  ConnectOptions options;
  options.with_addresses({first.address(), second.address()});
  const std::exception_ptr error = co_await error_of(open_connection("example.test", 7, options));
  EXPECT_EQ(describe(error), "cannot connect to example.test:7\n  - " +
                                 first.address().to_string() + ": Connection refused\n  - " +
                                 second.address().to_string() + ": Connection refused");
  const std::vector<ConnectAttempt> attempts = attempts_of(error);
  EXPECT_EQ(attempts.size(), 2U);
  EXPECT_EQ(attempts.back().code, std::errc::connection_refused);
}

ASYNC_TEST_REAL_TIME(OpenConnection, OfAnUnknownNameSaysThatItIsUnknown) {
  const std::string name(70, 'a');  // longer than a label can be, so no server is asked
  const std::exception_ptr error = co_await error_of(open_connection(name, 80));
  EXPECT_TRUE(is<OpenConnectionError>(error));
  EXPECT_THAT(describe(error), HasSubstr("cannot find an address of '" + name + "'"));
  const std::exception_ptr empty = co_await error_of(open_connection("", 80));
  EXPECT_TRUE(is<OpenConnectionError>(empty));
}

ASYNC_TEST_REAL_TIME(OpenConnection, GoesOnToTheNextAddressAtOnceWhenOneRefuses) {
  const RawListener refuses;
  RawListener listens;
  listens.listen();
  ConnectOptions options;
  options.with_addresses({refuses.address(), listens.address()}).with_happy_eyeballs_delay(1h);
  Connection connection = co_await open_connection("example.test", 80, options);
  EXPECT_EQ(connection.writer.peername(), listens.address());
}

ASYNC_TEST_REAL_TIME(OpenConnection, TriesTheNextAddressBesideOneThatIsSilent) {
  const NoDescriptorLeft check;
  RawListener silent;
  silent.become_a_black_hole();
  RawListener listens;
  listens.listen();
  ConnectOptions options;
  options.with_addresses({silent.address(), listens.address()}).with_happy_eyeballs_delay(5ms);
  Connection connection = co_await open_connection("example.test", 80, options);
  EXPECT_EQ(connection.writer.peername(), listens.address());
}

ASYNC_TEST_REAL_TIME(OpenConnection, WithoutHappyEyeballsWaitsForTheFirstAddress) {
  const NoDescriptorLeft check;
  RawListener silent;
  silent.become_a_black_hole();
  RawListener listens;
  listens.listen();
  ConnectOptions options;
  options.with_addresses({silent.address(), listens.address()}).without_happy_eyeballs();
  const std::exception_ptr error =
      co_await error_of(wait_for(open_connection("example.test", 80, options), 30ms));
  EXPECT_TRUE(is<TimeoutError>(error));
}

ASYNC_TEST_REAL_TIME(OpenConnection, TriesTheFamiliesInTurn) {
  // Each refuses at once, so the order of the failures is that of the attempts.
  using Family = SocketAddress::Family;
  ConnectOptions options;
  options.with_addresses(
      {SocketAddress(Family::kIpv6, "::1", 1), SocketAddress(Family::kIpv6, "::1", 2),
       SocketAddress(Family::kIpv4, "127.0.0.1", 1), SocketAddress(Family::kIpv4, "127.0.0.1", 2)});
  const std::exception_ptr error = co_await error_of(open_connection("example.test", 1, options));
  Log order;
  for (const ConnectAttempt& attempt : attempts_of(error)) {
    order.push_back(attempt.address.to_string());
  }
  EXPECT_EQ(order, (Log{"[::1]:1", "127.0.0.1:1", "[::1]:2", "127.0.0.1:2"}));
}

ASYNC_TEST_REAL_TIME(OpenConnection, MayComeFromAChosenAddress) {
  Server server = co_await start_server(&hang_up, "127.0.0.1", 0);
  ConnectOptions options;
  options.with_local_address("127.0.0.7");
  Connection connection = co_await open_connection("127.0.0.1", server.port(), options);
  EXPECT_EQ(connection.writer.sockname().host(), "127.0.0.7");
  co_await connection.reader.read();
  co_await end(server);
}

ASYNC_TEST_REAL_TIME(OpenConnection, CancelledLeavesNoSocket) {
  const NoDescriptorLeft check;
  RawListener silent;
  silent.become_a_black_hole();
  RawListener silent_too;
  silent_too.become_a_black_hole();
  ConnectOptions options;
  options.with_addresses({silent.address(), silent_too.address()}).with_happy_eyeballs_delay(1ms);
  const Task<Connection> connecting = create_task(open_connection("example.test", 80, options));
  co_await sleep(10ms);  // so both are being tried
  connecting.cancel();
  const std::exception_ptr error = co_await error_of(connecting);
  EXPECT_TRUE(is<CancelledError>(error));
}

Coro<> connect_and_talk() {
  const EventLoop::ExternalWork sockets(EventLoop::current());  // the kernel takes its time
  RawListener refuses;
  Server server = co_await start_server(&echo, "127.0.0.1", 0);
  ConnectOptions options;
  options.with_addresses({refuses.address(), server.addresses().front()});
  Connection connection = co_await open_connection("example.test", 80, options);
  connection.writer.write("hello");
  co_await connection.writer.drain();
  connection.writer.write_eof();
  const std::string all = co_await connection.reader.read();
  EXPECT_EQ(all, "hello");
  connection.writer.close();
  co_await connection.writer.wait_closed();
  co_await end(server);
}

TEST(OpenConnection, CanBeCancelledAtEverySuspension) {
  const NoDescriptorLeft check;
  EXPECT_GE(cancel_at_every_suspension(connect_and_talk), 3);
}

ASYNC_TEST_REAL_TIME(OpenUnixConnection, TalksOverAPathAndOverAnAbstractName) {
  const std::string path = socket_path("talk");
  const std::vector<std::string> paths{path, std::string(1, '\0') + "cochain-test-" + path};
  for (const std::string& each : paths) {
    Server server = co_await start_unix_server(&echo, each);
    auto [reader, writer] = co_await open_unix_connection(each);
    writer.write("over a path");
    writer.write_eof();
    const std::string all = co_await reader.read();
    EXPECT_EQ(all, "over a path");
    EXPECT_EQ(writer.peername().path(), each);
    co_await end(server);
  }
  EXPECT_NE(::access(path.c_str(), F_OK), 0) << "the server left its socket there";
}

ASYNC_TEST_REAL_TIME(OpenUnixConnection, RefusedNamesThePath) {
  const std::string path = socket_path("nobody");
  const std::exception_ptr error = co_await error_of(open_unix_connection(path));
  EXPECT_EQ(describe(error), "cannot connect to " + path + ": No such file or directory");
  const std::exception_ptr too_long =
      co_await error_of(open_unix_connection(std::string(200, 'x')));
  EXPECT_TRUE(is<InvalidStateError>(too_long));
}

ASYNC_TEST_REAL_TIME(OpenUnixConnection, WaitsWhileTheBacklogOfItsServerIsFull) {
  const std::string path = socket_path("full");
  ServerOptions options;
  options.with_backlog(1);
  Server server = co_await start_unix_server(&echo, path, options);
  TaskGroup group;
  std::vector<Task<Connection>> connecting;
  for (int i = 0; i < 20; ++i) connecting.push_back(group.create_task(open_unix_connection(path)));
  co_await group.join();
  EXPECT_EQ(connecting.size(), 20U);
  for (const Task<Connection>& each : connecting) EXPECT_EQ(each.exception(), nullptr);
  connecting.clear();
  co_await end(server);
}

}  // namespace
}  // namespace cochain::testing
