// Pipes and files on the loop: nothing blocks, nothing is lost when it is cancelled.

#include "fd_io.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>
#include <system_error>

#include "async_test.hpp"
#include "exit_code.hpp"

namespace cochain::cli {
namespace {

using namespace std::chrono_literals;

class Pipe {
 public:
  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
      throw std::system_error(errno, std::system_category());
    read = UniqueFd(ends[0]);
    write = UniqueFd(ends[1]);
  }
  UniqueFd read;
  UniqueFd write;
};

void put(int fd, std::string_view text) {
  EXPECT_EQ(::write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

bool is_nonblocking(int fd) { return (::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0; }

Coro<> write_later(int fd) {
  co_await sleep(5ms);
  put(fd, "late");
}

ASYNC_TEST_REAL_TIME(FdReader, WaitsForAPipeAndLeavesItsModeAlone) {
  Pipe pipe;
  const int fd = pipe.read.get();
  FdReader reader(std::move(pipe.read), "pipe");
  put(pipe.write.get(), "early");
  const std::string early = co_await reader.read();
  EXPECT_EQ(early, "early");
  const Task<> writer = EventLoop::current().create_task(write_later(pipe.write.get()));
  const std::string late = co_await reader.read();
  EXPECT_EQ(late, "late");
  EXPECT_FALSE(is_nonblocking(fd));
  co_await writer;
  pipe.write = UniqueFd();
  const std::string end = co_await reader.read();
  EXPECT_EQ(end, "");
}

ASYNC_TEST_REAL_TIME(FdReader, CanBeCancelledOnAPipeThatNeverEnds) {
  Pipe pipe;
  const int fd = pipe.read.get();
  FdReader reader(std::move(pipe.read), "pipe");
  bool timed_out = false;
  try {
    Coro<std::string> reading = wait_for(reader.read(), 5ms);
    co_await std::move(reading);
  } catch (const TimeoutError&) {
    timed_out = true;
  }
  EXPECT_TRUE(timed_out);
  EXPECT_FALSE(is_nonblocking(fd));
  put(pipe.write.get(), "kept");
  const std::string text = co_await reader.read();
  EXPECT_EQ(text, "kept");
}

ASYNC_TEST_REAL_TIME(FdReader, ReadsARegularFile) {
  std::FILE* file = std::tmpfile();
  put(::fileno(file), std::string(100'000, 'x'));
  ::lseek(::fileno(file), 0, SEEK_SET);
  FdReader reader(UniqueFd(::dup(::fileno(file))), "file");
  std::size_t bytes = 0;
  for (;;) {
    const std::string block = co_await reader.read();
    if (block.empty()) break;
    bytes += block.size();
  }
  EXPECT_EQ(bytes, 100'000U);
  std::fclose(file);
}

ASYNC_TEST_REAL_TIME(FdWriter, GoesOnWhereACancelledFlushStopped) {
  Pipe pipe;
  std::string text;
  for (int i = 0; i < 40'000; ++i) text += std::to_string(i) + "\n";  // more than a pipe holds
  FdWriter writer(std::move(pipe.write), "pipe");
  writer.add(text);
  bool timed_out = false;
  try {
    Coro<> flushing = wait_for(writer.flush(), 5ms);
    co_await std::move(flushing);
  } catch (const TimeoutError&) {
    timed_out = true;
  }
  EXPECT_TRUE(timed_out);
  EXPECT_GT(writer.buffered(), 0U);
  EXPECT_LT(writer.buffered(), text.size());

  FdReader reader(std::move(pipe.read), "pipe");
  std::string arrived;
  const Task<> flushing = EventLoop::current().create_task(writer.flush());
  while (arrived.size() < text.size()) {
    const std::string block = co_await reader.read();
    arrived += block;
  }
  co_await flushing;
  EXPECT_EQ(arrived, text);
}

ASYNC_TEST_REAL_TIME(FdWriter, TellsOfAReaderThatHasGone) {
  std::signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  pipe.read = UniqueFd();
  FdWriter writer(std::move(pipe.write), "pipe");
  writer.add("text");
  bool broken = false;
  try {
    co_await writer.flush();
  } catch (const BrokenPipe&) {
    broken = true;
  }
  EXPECT_TRUE(broken);
}

TEST(FdWriter, NamesTheFileThatCannotBeWritten) {
  FdWriter writer(UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)), "my file");
  writer.add("text");
  try {
    (void)writer.flush_now();
    FAIL() << "was written";
  } catch (const std::system_error& error) {
    EXPECT_NE(std::string(error.what()).find("my file"), std::string::npos);
  }
}

TEST(FdWriter, GivesUpOnAFullPipeWithoutALoop) {
  Pipe pipe;
  FdWriter writer(std::move(pipe.write), "pipe");
  writer.add(std::string(1'000'000, 'x'));
  EXPECT_FALSE(writer.flush_now());
  EXPECT_GT(writer.buffered(), 0U);
}

}  // namespace
}  // namespace cochain::cli
