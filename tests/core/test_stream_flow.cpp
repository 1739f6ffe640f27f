// What flows through a connection: back-pressure both ways, half-close, resets, ends.
#include <fcntl.h>

#include "stream_test.hpp"

namespace cochain::testing {
namespace {

constexpr std::size_t kMiB = std::size_t{1024} * 1024;

/// Writes without looking back until the kernel takes no more for a while; how much it took.
std::size_t fill(int socket) {
  const std::string block(65536, 'x');
  std::size_t total = 0;
  for (;;) {
    const ssize_t sent = ::send(socket, block.data(), block.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) return total;
    total += static_cast<std::size_t>(sent);
  }
}

ASYNC_TEST_REAL_TIME(StreamFlow, ReaderThatNobodyReadsHoldsThePeerBack) {
  RawPeer peer = co_await connect_to_raw_peer(ConnectOptions().with_limit(16384));
  const std::size_t before = resident_bytes();
  std::size_t sent = 0;
  for (int round = 0; round < 50; ++round) {
    sent += fill(peer.socket);
    co_await sleep(1ms);
  }
  const std::size_t more = fill(peer.socket);
  EXPECT_EQ(more, 0U) << "the reader still takes what nobody reads";
  if (!sanitized()) {
    EXPECT_LT(resident_bytes(), before + 8 * kMiB);
  }
  ::shutdown(peer.socket, SHUT_WR);
  const std::string all = co_await peer.connection.reader.read();
  EXPECT_EQ(all.size(), sent) << "and what it took is all there";
}

ASYNC_TEST_REAL_TIME(StreamFlow, DrainWaitsForAPeerThatReadsSlowly) {
  RawPeer peer = co_await connect_to_raw_peer();
  StreamWriter& writer = peer.connection.writer;
  const std::string block(kMiB, 'x');
  std::size_t written = 0;
  while (writer.write_buffer_size() == 0) {
    writer.write(block);
    written += block.size();
  }
  const std::exception_ptr full = co_await error_of(wait_for(writer.drain(), 10ms));
  EXPECT_TRUE(is<TimeoutError>(full));
  TaskGroup group;
  const Task<> one = group.create_task(ensure_coro(writer.drain()));
  const Task<> another = group.create_task(ensure_coro(writer.drain()));
  std::size_t received = 0;
  while (!one.done()) {
    received += peer.receive().size();
    co_await sleep(0s);
  }
  EXPECT_LE(writer.write_buffer_size(), 16U * 1024);
  co_await group.join();
  writer.close();
  while (received < written) {
    const std::string some = peer.receive();
    received += some.size();
    if (some.empty()) co_await sleep(1ms);
  }
  EXPECT_EQ(received, written) << "closing flushes what was buffered";
  co_await writer.wait_closed();
}

ASYNC_TEST_REAL_TIME(StreamFlow, WaterMarksCanBeSet) {
  RawPeer peer = co_await connect_to_raw_peer();
  StreamWriter& writer = peer.connection.writer;
  EXPECT_TRUE(is<InvalidStateError>(error_of_call([&] { writer.set_write_buffer_limits(1, 2); })));
  writer.set_write_buffer_limits(0, 0);
  while (writer.write_buffer_size() == 0) writer.write(std::string(kMiB, 'x'));
  const std::exception_ptr full = co_await error_of(wait_for(writer.drain(), 1ms));
  EXPECT_TRUE(is<TimeoutError>(full));
  writer.set_write_buffer_limits(100 * kMiB, 100 * kMiB);
  co_await wait_for(writer.drain(), 10s);
  writer.abort();
}

ASYNC_TEST_REAL_TIME(StreamFlow, EachDirectionEndsByItself) {
  RawPeer peer = co_await connect_to_raw_peer();
  auto& [reader, writer] = peer.connection;
  writer.write("question");
  writer.write_eof();
  EXPECT_EQ(peer.receive(), "question");
  EXPECT_EQ(peer.receive(), "");
  EXPECT_TRUE(is<InvalidStateError>(error_of_call([&w = writer] { w.write("more"); })));
  peer.send("answer");
  const std::string answer = co_await reader.read(100);
  EXPECT_EQ(answer, "answer");
  peer.close();
  const std::string rest = co_await reader.read();
  EXPECT_EQ(rest, "");
  EXPECT_FALSE(writer.is_closing());
}

ASYNC_TEST_REAL_TIME(StreamFlow, CanBeWrittenToAfterThePeerHasEndedItsSide) {
  RawPeer peer = co_await connect_to_raw_peer();
  auto& [reader, writer] = peer.connection;
  ::shutdown(peer.socket, SHUT_WR);
  const std::string nothing = co_await reader.read();
  EXPECT_EQ(nothing, "");
  writer.write("still here");
  co_await writer.drain();
  EXPECT_EQ(peer.receive(), "still here");
}

ASYNC_TEST_REAL_TIME(StreamFlow, ResetIsAnErrorForReaderDrainAndWaitClosed) {
  RawPeer peer = co_await connect_to_raw_peer();
  auto& [reader, writer] = peer.connection;
  const Task<std::string> reading = create_task(ensure_coro(reader.read()));
  peer.send("the beginning of some");
  co_await sleep(1ms);
  peer.cut();
  const std::exception_ptr at_read = co_await error_of(reading);
  const std::exception_ptr at_drain = co_await error_of(writer.drain());
  const std::exception_ptr at_end = co_await error_of(writer.wait_closed());
  EXPECT_TRUE(is<ConnectionError>(at_read));
  EXPECT_THAT(describe(at_read), HasSubstr("Connection reset by peer"));
  EXPECT_EQ(describe(at_drain), describe(at_read));
  EXPECT_EQ(describe(at_end), describe(at_read));
  EXPECT_TRUE(writer.is_closing());
}

ASYNC_TEST_REAL_TIME(StreamFlow, DrainSeesAPeerThatHasGone) {
  RawPeer peer = co_await connect_to_raw_peer();
  peer.cut();
  std::exception_ptr error;
  while (!error) {
    peer.connection.writer.write("x");  // no SIGPIPE either
    error = co_await error_of(peer.connection.writer.drain());
    if (!error) co_await sleep(1ms);
  }
  EXPECT_TRUE(is<ConnectionError>(error));
}

ASYNC_TEST_REAL_TIME(StreamFlow, ResetAfterTheEndIsSeenByWaitClosed) {
  RawPeer peer = co_await connect_to_raw_peer();
  ::shutdown(peer.socket, SHUT_WR);
  co_await peer.connection.reader.read();
  peer.cut();
  const std::exception_ptr error = co_await error_of(peer.connection.writer.wait_closed());
  EXPECT_TRUE(is<ConnectionError>(error));
}

ASYNC_TEST_REAL_TIME(StreamFlow, AfterCloseDrainThrowsAndWritesAreDropped) {
  RawPeer peer = co_await connect_to_raw_peer();
  auto& [reader, writer] = peer.connection;
  writer.close();
  writer.write("into the void");
  EXPECT_TRUE(writer.is_closing());
  const std::exception_ptr error = co_await error_of(writer.drain());
  EXPECT_TRUE(is<ConnectionError>(error));
  co_await writer.wait_closed();
  EXPECT_TRUE(reader.at_eof());
}

ASYNC_TEST_REAL_TIME(StreamFlow, AbortDropsWhatWasNotSent) {
  RawPeer peer = co_await connect_to_raw_peer();
  StreamWriter& writer = peer.connection.writer;
  while (writer.write_buffer_size() == 0) writer.write(std::string(kMiB, 'x'));
  const Task<> draining = create_task(ensure_coro(writer.drain()));
  co_await sleep(0s);
  writer.abort();
  const std::exception_ptr error = co_await error_of(draining);
  EXPECT_TRUE(is<ConnectionError>(error));
  co_await writer.wait_closed();
}

ASYNC_TEST_REAL_TIME(StreamFlow, LastWriterThatGoesClosesTheConnectionAfterWhatWasWritten) {
  const NoDescriptorLeft check;
  RawListener listener;
  listener.listen();
  std::optional<Connection> connection;
  connection.emplace(co_await open_connection("127.0.0.1", listener.port()));
  const RawPeer holder(std::move(*connection), listener.accept());
  connection.reset();
  int socket = -1;
  {
    RawPeer peer = co_await connect_to_raw_peer();
    StreamWriter copy = peer.connection.writer;
    copy.write(std::string(3 * kMiB, 'x'));
    socket = std::exchange(peer.socket, -1);
  }
  std::size_t received = 0;
  std::string block(65536, '\0');
  for (;;) {
    const ssize_t got = ::recv(socket, block.data(), block.size(), MSG_DONTWAIT);
    if (got == 0) break;
    if (got > 0) received += static_cast<std::size_t>(got);
    if (got < 0) co_await sleep(1ms);
  }
  EXPECT_EQ(received, 3 * kMiB);
  ::close(socket);
}

ASYNC_TEST_REAL_TIME(StreamFlow, WritesPartsInOnePiece) {
  RawPeer peer = co_await connect_to_raw_peer();
  const Log parts{"one ", "two ", "three"};
  peer.connection.writer.writelines(parts);
  EXPECT_EQ(peer.receive(), "one two three");
}

ASYNC_TEST_REAL_TIME(StreamFlow, ManyMegabytesComeThroughUnharmed) {
  Server server = co_await start_server(&echo, "127.0.0.1", 0);
  auto [reader, writer] = co_await open_connection("127.0.0.1", server.port());
  std::string message(8 * kMiB, '\0');
  for (std::size_t i = 0; i < message.size(); ++i) message[i] = static_cast<char>(i * 31 + i / 997);
  writer.write(message);
  const std::string answer = co_await reader.readexactly(message.size());
  EXPECT_TRUE(answer == message);
  co_await end(server);
}

TEST(StreamFlow, WriterMayOutliveItsLoop) {
  std::optional<Connection> kept;
  auto keep = [](std::optional<Connection>* place) -> Coro<> {
    RawPeer peer = co_await connect_to_raw_peer();
    place->emplace(std::move(peer.connection));
  };
  {
    EventLoop loop;
    const Task<> task = loop.create_task(keep(&kept));
    loop.run_until_done(*task.get());
  }
  kept->writer.write("nowhere to go");
  EXPECT_TRUE(kept->writer.is_closing());
  EXPECT_THAT(describe(kept->reader.exception()), HasSubstr("event loop"));
  kept->writer.close();
}

}  // namespace
}  // namespace cochain::testing
