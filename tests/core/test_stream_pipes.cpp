// Streams over descriptors that the caller has: pipes, and one end of a pair of sockets.
#include <fcntl.h>

#include <array>

#include "stream_test.hpp"

namespace cochain::testing {
namespace {

/// The ends of a pipe, read end first.
std::array<int, 2> new_pipe() {
  std::array<int, 2> ends{-1, -1};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  return ends;
}

ASYNC_TEST(StreamPipes, CarryBothDirections) {
  const NoDescriptorLeft check;
  const std::array<int, 2> there = new_pipe();
  const std::array<int, 2> back = new_pipe();
  Connection one = connect_descriptors(back[0], there[1]);
  Connection other = connect_descriptors(there[0], back[1]);
  one.writer.write("question\n");
  const std::string question = co_await other.reader.readline();
  other.writer.write("answer\n");
  const std::string answer = co_await one.reader.readline();
  EXPECT_EQ(question, "question\n");
  EXPECT_EQ(answer, "answer\n");
}

ASYNC_TEST(StreamPipes, ThatCanOnlyBeReadCloseAtTheirEnd) {
  const NoDescriptorLeft check;
  const std::array<int, 2> pipe = new_pipe();
  Connection connection = connect_descriptors(pipe[0], -1);
  EXPECT_EQ(::write(pipe[1], "some", 4), 4);
  ::close(pipe[1]);
  const std::string all = co_await connection.reader.read();
  EXPECT_EQ(all, "some");
  co_await connection.writer.wait_closed();
}

ASYNC_TEST(StreamPipes, ThatCanOnlyBeReadRefuseAWrite) {
  const std::array<int, 2> pipe = new_pipe();
  Connection connection = connect_descriptors(pipe[0], -1);
  EXPECT_TRUE(is<InvalidStateError>(error_of_call([&] { connection.writer.write("x"); })));
  ::close(pipe[1]);
  co_return;
}

ASYNC_TEST(StreamPipes, EndOneDirectionByClosingItsPipe) {
  const std::array<int, 2> pipe = new_pipe();
  Connection in = connect_descriptors(pipe[0], -1);
  Connection out = connect_descriptors(-1, pipe[1]);
  out.writer.write("all of it");
  out.writer.write_eof();
  const std::string all = co_await in.reader.read();
  EXPECT_EQ(all, "all of it");
  co_await out.writer.wait_closed();
}

ASYNC_TEST(StreamPipes, WithoutAReaderAreAnErrorAndNoSignal) {
  const std::array<int, 2> pipe = new_pipe();
  ::close(pipe[0]);
  Connection connection = connect_descriptors(-1, pipe[1]);
  connection.writer.write("x");  // SIGPIPE would end the test
  const std::exception_ptr error = co_await error_of(connection.writer.drain());
  EXPECT_TRUE(is<ConnectionError>(error));
  EXPECT_THAT(describe(error), HasSubstr("Broken pipe"));
}

ASYNC_TEST_REAL_TIME(StreamPipes, SeeThatTheirReaderHasGoneWhileTheyAreIdle) {
  const std::array<int, 2> pipe = new_pipe();
  Connection connection = connect_descriptors(-1, pipe[1]);
  const Task<> waiting = create_task(ensure_coro(connection.writer.wait_closed()));
  co_await sleep(1ms);
  ::close(pipe[0]);
  const std::exception_ptr error = co_await error_of(waiting);
  EXPECT_THAT(describe(error), HasSubstr("Broken pipe"));
}

ASYNC_TEST(StreamPipes, HoldAWriterBackUntilTheyAreRead) {
  const std::array<int, 2> pipe = new_pipe();
  Connection out = connect_descriptors(-1, pipe[1]);
  out.writer.write(std::string(1'000'000, 'x'));
  const std::exception_ptr full = co_await error_of(wait_for(out.writer.drain(), 1s));
  EXPECT_TRUE(is<TimeoutError>(full));
  Connection in = connect_descriptors(pipe[0], -1);
  const std::string all = co_await in.reader.readexactly(1'000'000);
  EXPECT_EQ(all.size(), 1'000'000U);
  co_await out.writer.drain();
}

ASYNC_TEST(StreamPipes, MayBeOneEndOfAPairOfSockets) {
  const NoDescriptorLeft check;
  std::array<int, 2> ends{-1, -1};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  Connection one = connect_descriptors(ends[0], ends[0]);
  Connection other = connect_descriptors(ends[1], ends[1]);
  one.writer.write("to the other end");
  one.writer.write_eof();
  const std::string all = co_await other.reader.read();
  EXPECT_EQ(all, "to the other end");
}

ASYNC_TEST(StreamPipes, CannotBePlainFiles) {
  const NoDescriptorLeft check;
  const int file = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  const std::exception_ptr error = error_of_call([&] { (void)connect_descriptors(file, -1); });
  EXPECT_TRUE(is<std::system_error>(error));
  co_return;
}

Coro<> talk_over_pipes() {
  const std::array<int, 2> pipe = new_pipe();
  Connection in = connect_descriptors(pipe[0], -1);
  Connection out = connect_descriptors(-1, pipe[1]);
  TaskGroup group;
  group.create_task(ensure_coro(in.reader.readexactly(500'000)));
  out.writer.write(std::string(500'000, 'x'));
  co_await out.writer.drain();
  co_await group.join();
  out.writer.close();
  co_await out.writer.wait_closed();
  const std::string nothing = co_await in.reader.read();
  EXPECT_EQ(nothing, "");
}

TEST(StreamPipes, CanBeCancelledAtEverySuspension) {
  const NoDescriptorLeft check;
  EXPECT_GE(cancel_at_every_suspension(talk_over_pipes), 2);
}

}  // namespace
}  // namespace cochain::testing
