// Large pieces of a stream, which come straight into the string that readexactly() gives: they are
// whole however they are cut, and a read that ends early takes nothing.
#include <fcntl.h>

#include <array>

#include "stream_test.hpp"

namespace cochain::testing {
namespace {

constexpr std::size_t kPiece = 65536;

/// Bytes that show where they stand.
std::string pattern(std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>(i * 31 % 251);
  return text;
}

/// A reader of a pipe, and the end at which the test writes.
class PipeEnd {
 public:
  PipeEnd() : PipeEnd(new_pipe()) {}
  ~PipeEnd() { close(); }
  PipeEnd(const PipeEnd&) = delete;
  PipeEnd& operator=(const PipeEnd&) = delete;
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  void write(std::string_view text) const {
    EXPECT_EQ(::write(fd_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  [[nodiscard]] const StreamReader& reader() const { return connection_.reader; }

 private:
  explicit PipeEnd(std::array<int, 2> ends)
      : connection_(connect_descriptors(ends[0], -1)), fd_(ends[1]) {}
  static std::array<int, 2> new_pipe() {
    std::array<int, 2> ends{-1, -1};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    ::fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
    return ends;
  }

  Connection connection_;
  int fd_;
};

/// Lets the loop look at its descriptors until they have nothing more.
Coro<> settle() {
  co_await sleep(1s);  // of virtual time, which stands still while bytes move
}

Task<std::string> start_reading(const PipeEnd& pipe, std::size_t bytes) {
  return create_task(ensure_coro(pipe.reader().readexactly(bytes)));
}

ASYNC_TEST(StreamPieces, AreWholeHoweverTheyAreCut) {
  for (const std::size_t size : {1U, 4095U, 4096U, 4097U, 65535U, 65536U, 65537U, 200'000U}) {
    for (const std::size_t first : {std::size_t{1}, size / 2, size - 1}) {
      const PipeEnd pipe;
      const std::string data = pattern(size + 10);
      const Task<std::string> reading = start_reading(pipe, size);
      co_await settle();
      pipe.write(data.substr(0, first));
      co_await settle();
      pipe.write(data.substr(first));
      const std::string piece = co_await reading;
      EXPECT_TRUE(piece == data.substr(0, size)) << size << " cut after " << first;
      const std::string behind = co_await pipe.reader().readexactly(10);
      EXPECT_EQ(behind, data.substr(size)) << size << " cut after " << first;
    }
  }
}

ASYNC_TEST(StreamPieces, ComeOneAfterTheOther) {
  const PipeEnd pipe;
  const std::string data = pattern(kPiece);
  for (int i = 0; i < 20; ++i) {
    const Task<std::string> reading = start_reading(pipe, kPiece);
    co_await sleep(0s);
    pipe.write(data);
    const std::string piece = co_await reading;
    EXPECT_TRUE(piece == data) << i;
  }
}

ASYNC_TEST(StreamPieces, OfWhichAPartIsBufferedAreWhole) {
  const PipeEnd pipe;
  const std::string data = pattern(kPiece + 1);
  pipe.write(data.substr(0, 2));
  const std::string first = co_await pipe.reader().readexactly(1);
  const Task<std::string> reading = start_reading(pipe, kPiece);
  co_await settle();
  pipe.write(data.substr(2));
  const std::string piece = co_await reading;
  EXPECT_TRUE(first + piece == data);
}

ASYNC_TEST(StreamPieces, CancelledHalfWayLoseNothing) {
  const PipeEnd pipe;
  const std::string data = pattern(kPiece + 1000);
  Task<std::string> reading = start_reading(pipe, kPiece);
  co_await settle();
  pipe.write(data.substr(0, 1000));
  co_await settle();
  reading.cancel();
  const std::exception_ptr error = co_await error_of(reading);
  EXPECT_TRUE(is<CancelledError>(error));
  const std::string part = co_await pipe.reader().read(400);
  EXPECT_TRUE(part == data.substr(0, 400)) << "a read of another kind finds it";
  reading = start_reading(pipe, kPiece);
  co_await settle();
  pipe.write(data.substr(1000));
  const std::string piece = co_await reading;
  EXPECT_TRUE(piece == data.substr(400, kPiece));
}

ASYNC_TEST(StreamPieces, CancelledWhenTheyAreWholeLoseNothing) {
  const PipeEnd pipe;
  const std::string data = pattern(kPiece + 1000);
  const Task<std::string> reading = start_reading(pipe, kPiece);
  co_await settle();
  pipe.write(data);
  const auto cancel_once_it_is_woken = [](Task<std::string> task) -> Coro<> {
    while (!task.done() && !task.get()->queued()) co_await sleep(0s);
    EXPECT_FALSE(task.done());
    task.cancel();
  };
  co_await cancel_once_it_is_woken(reading);
  co_await settle();  // and what is behind comes, too
  EXPECT_TRUE(reading.cancelled());
  const std::string all = co_await pipe.reader().readexactly(data.size());
  EXPECT_TRUE(all == data);
}

ASYNC_TEST(StreamPieces, CutShortByTheEndGiveWhatCame) {
  PipeEnd pipe;
  const std::string data = pattern(1000);
  const Task<std::string> reading = start_reading(pipe, kPiece);
  co_await settle();
  pipe.write(data);
  co_await settle();
  EXPECT_FALSE(pipe.reader().at_eof());
  pipe.close();
  std::string partial;
  try {
    (void)co_await reading;
  } catch (const IncompleteReadError& error) {
    partial = error.partial();
  }
  EXPECT_EQ(partial, data);
  EXPECT_TRUE(pipe.reader().at_eof());
}

ASYNC_TEST(StreamPieces, TakeWhatIsFedByHandInItsPlace) {
  const PipeEnd pipe;
  const std::string data = pattern(kPiece);
  const Task<std::string> reading = start_reading(pipe, kPiece);
  co_await settle();
  pipe.write(data.substr(0, 1000));
  co_await settle();
  pipe.reader().feed_data(data.substr(1000, 1000));
  pipe.write(data.substr(2000));
  const std::string piece = co_await reading;
  EXPECT_TRUE(piece == data);
}

ASYNC_TEST_REAL_TIME(StreamPieces, OfABrokenConnectionThrowWhatBrokeIt) {
  RawPeer peer = co_await connect_to_raw_peer();
  const Task<std::string> reading =
      create_task(ensure_coro(peer.connection.reader.readexactly(kPiece)));
  peer.send("the beginning");
  co_await sleep(1ms);
  peer.cut();
  const std::exception_ptr error = co_await error_of(reading);
  EXPECT_TRUE(is<ConnectionError>(error));
}

TEST(StreamPieces, CancelledAtEverySuspensionLoseNothing) {
  const std::string data = pattern(kPiece);
  const int suspensions = cancel_at_every_suspension([&]() -> Coro<> {
    const PipeEnd pipe;
    pipe.write(data.substr(0, 5000));
    std::string piece = co_await pipe.reader().readexactly(1000);
    EventLoop::current().call_later(1s, [&] { pipe.write(data.substr(5000, 10'000)); });
    EventLoop::current().call_later(2s, [&] { pipe.write(data.substr(15'000)); });
    std::exception_ptr cancelled;
    try {
      piece += co_await pipe.reader().readexactly(4000);
      piece += co_await pipe.reader().readexactly(5000);
    } catch (const CancelledError&) {
      cancelled = std::current_exception();
    }
    std::string rest = co_await pipe.reader().readexactly(kPiece - piece.size());
    EXPECT_TRUE(piece + rest == data);
    if (cancelled) std::rethrow_exception(cancelled);
  });
  EXPECT_GE(suspensions, 2);
}

}  // namespace
}  // namespace cochain::testing
