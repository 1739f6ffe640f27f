// FdWatcher: level-triggered, safe to destroy anywhere, and never starved by busy tasks.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <system_error>

#include "core_test.hpp"
#include "process_state.hpp"

namespace cochain::testing {
namespace {

class Pipe {
 public:
  Pipe() { EXPECT_EQ(::pipe2(ends_.data(), O_NONBLOCK | O_CLOEXEC), 0); }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    close_read();
    close_write();
  }
  [[nodiscard]] int read_end() const { return ends_[0]; }
  [[nodiscard]] int write_end() const { return ends_[1]; }
  void send(char byte) const { EXPECT_EQ(::write(ends_[1], &byte, 1), 1); }
  [[nodiscard]] char receive() const {
    char byte = 0;
    return ::read(ends_[0], &byte, 1) == 1 ? byte : '\0';
  }
  void close_read() { close(ends_[0]); }
  void close_write() { close(ends_[1]); }

 private:
  static void close(int& end) {
    if (end >= 0) ::close(end);
    end = -1;
  }
  std::array<int, 2> ends_{-1, -1};
};

constexpr Readiness kRead(true, false);
constexpr Readiness kWrite(false, true);

ASYNC_TEST_REAL_TIME(FdWatcher, TellsWhenThereIsSomethingToRead) {
  const Pipe pipe;
  Event readable;
  Readiness seen;
  FdWatcher watcher(EventLoop::current(), pipe.read_end(), [&](Readiness ready) {
    seen = ready;
    EXPECT_EQ(pipe.receive(), 'x');
    readable.set();
  });
  watcher.watch(kRead);
  EventLoop::current().call_soon([&] { pipe.send('x'); });
  co_await readable.wait();
  EXPECT_EQ(seen, kRead);
}

ASYNC_TEST_REAL_TIME(FdWatcher, TellsWhenThereIsRoomToWrite) {
  const Pipe pipe;
  Event writable;
  std::optional<FdWatcher> watcher;
  watcher.emplace(EventLoop::current(), pipe.write_end(), [&](Readiness ready) {
    EXPECT_EQ(ready, kWrite);
    watcher->watch(Readiness());
    writable.set();
  });
  watcher->watch(kWrite);
  co_await writable.wait();
}

ASYNC_TEST_REAL_TIME(FdWatcher, ComesAgainWhileTheDescriptorStaysReady) {
  const Pipe pipe;
  Event enough;
  int calls = 0;
  FdWatcher watcher(EventLoop::current(), pipe.read_end(), [&](Readiness) {
    if (++calls == 3) enough.set();  // nothing is read
  });
  watcher.watch(kRead);
  pipe.send('x');
  co_await enough.wait();
  EXPECT_GE(calls, 3);
}

ASYNC_TEST_REAL_TIME(FdWatcher, KeepsQuietWhenNothingIsWatched) {
  const Pipe pipe;
  int calls = 0;
  FdWatcher watcher(EventLoop::current(), pipe.read_end(), [&](Readiness) { ++calls; });
  pipe.send('x');
  co_await passes(200);
  EXPECT_EQ(calls, 0);
  watcher.watch(kRead);
  co_await passes(200);
  EXPECT_GT(calls, 0);
  watcher.watch(Readiness());
  const int before = calls;
  co_await passes(200);
  EXPECT_EQ(calls, before);
}

ASYNC_TEST_REAL_TIME(FdWatcher, OfBothDirectionsTellsThemApart) {
  const Pipe pipe;
  int reads = 0;
  int writes = 0;
  FdWatcher watcher(EventLoop::current(), pipe.write_end(), [&](Readiness ready) {
    if (ready.read) ++reads;
    if (ready.write) ++writes;
  });
  watcher.watch(Readiness(true, true));
  co_await passes(200);
  EXPECT_EQ(reads, 0);
  EXPECT_GT(writes, 0);
}

ASYNC_TEST_REAL_TIME(FdWatcher, SeesTheEndOfAPipe) {
  Pipe pipe;
  Event ended;
  FdWatcher watcher(EventLoop::current(), pipe.read_end(), [&](Readiness) { ended.set(); });
  watcher.watch(kRead);
  pipe.close_write();
  co_await ended.wait();
}

ASYNC_TEST_REAL_TIME(FdWatcher, MayBeDestroyedByItsOwnCallback) {
  const Pipe pipe;
  Event called;
  const auto held = std::make_shared<int>(1);
  std::optional<FdWatcher> watcher;
  watcher.emplace(EventLoop::current(), pipe.read_end(), [&, held](Readiness) {
    watcher.reset();
    *held = 2;  // what it captured is alive until it returns
    called.set();
  });
  watcher->watch(kRead);
  pipe.send('x');
  co_await called.wait();
  co_await passes(200);
  EXPECT_EQ(*held, 2);
  EXPECT_EQ(held.use_count(), 1);
}

ASYNC_TEST_REAL_TIME(FdWatcher, DestroyedBeforeItsTurnIsNotCalled) {
  const Pipe pipe;
  int calls = 0;
  {
    FdWatcher watcher(EventLoop::current(), pipe.read_end(), [&](Readiness) { ++calls; });
    watcher.watch(kRead);
    pipe.send('x');
  }
  co_await passes(200);
  EXPECT_EQ(calls, 0);
}

ASYNC_TEST_REAL_TIME(FdWatcher, OutlivesTheDescriptorOfItsOwner) {
  Pipe pipe;
  Event readable;
  FdWatcher watcher(EventLoop::current(), pipe.read_end(), [&](Readiness) { readable.set(); });
  watcher.watch(kRead);
  pipe.send('x');
  pipe.close_read();
  const Pipe same_numbers;  // takes the number that was closed, and must not be met
  co_await readable.wait();
  watcher.watch(Readiness());
}

ASYNC_TEST_REAL_TIME(FdWatcher, TwoMayWatchTheSameDescriptor) {
  const Pipe pipe;
  Event first;
  Event second;
  FdWatcher a(EventLoop::current(), pipe.read_end(), [&](Readiness) { first.set(); });
  FdWatcher b(EventLoop::current(), pipe.read_end(), [&](Readiness) { second.set(); });
  a.watch(kRead);
  b.watch(kRead);
  pipe.send('x');
  co_await first.wait();
  co_await second.wait();
}

ASYNC_TEST_REAL_TIME(FdWatcher, ExceptionOfItsCallbackGoesToTheHandlerAndTheLoopGoesOn) {
  EventLoop& loop = EventLoop::current();
  const Pipe pipe;
  Event told;
  Log reports;
  loop.set_exception_handler([&](const ExceptionContext& context) {
    reports.push_back(describe(context.exception));
    told.set();
  });
  FdWatcher watcher(loop, pipe.read_end(), [&](Readiness) {
    (void)pipe.receive();
    throw std::runtime_error("in the callback");
  });
  watcher.watch(kRead);
  pipe.send('x');
  co_await told.wait();
  EXPECT_EQ(reports, (Log{"in the callback"}));
  loop.set_exception_handler(nullptr);
}

// Each pass runs exactly what was ready when it began, so callbacks that schedule callbacks for
// ever cannot keep the loop from its descriptors.
ASYNC_TEST_REAL_TIME(FdWatcher, IsNotStarvedByCallbacksThatScheduleCallbacks) {
  EventLoop& loop = EventLoop::current();
  const Pipe pipe;
  bool over = false;
  std::function<void()> again = [&] {
    if (!over) loop.call_soon(again);
  };
  for (int i = 0; i < 10; ++i) loop.call_soon(again);
  Event readable;
  FdWatcher watcher(loop, pipe.read_end(), [&](Readiness) {
    (void)pipe.receive();
    readable.set();
  });
  watcher.watch(kRead);
  pipe.send('x');
  co_await readable.wait();
  over = true;
  co_await sleep(0s);
}

ASYNC_TEST(FdWatcher, IsNotStarvedUnderAVirtualClockEither) {
  const Pipe pipe;
  Event readable;
  FdWatcher watcher(EventLoop::current(), pipe.read_end(), [&](Readiness) {
    (void)pipe.receive();
    readable.set();
  });
  watcher.watch(kRead);
  pipe.send('x');
  co_await passes(200);
  EXPECT_TRUE(readable.is_set());
}

ASYNC_TEST(FdWatcher, IsHeardBeforeAVirtualClockJumps) {
  const Pipe pipe;
  EventLoop& loop = EventLoop::current();
  const TimePoint before = loop.time();
  Event readable;
  FdWatcher watcher(loop, pipe.read_end(), [&](Readiness) {
    (void)pipe.receive();
    readable.set();
  });
  watcher.watch(kRead);
  pipe.send('x');
  co_await wait_for(readable.wait(), 1h);
  EXPECT_EQ(loop.time(), before);
}

/// What making a watcher throws in a process that may open no more descriptors.
std::exception_ptr error_without_free_descriptors(EventLoop& loop) {
  const Pipe pipe;
  // The sanitizer opens a pipe of its own when it meets a type for the first time, so: meet them.
  EventLoop elsewhere;
  (void)error_of_call([&] { const FdWatcher that_works(elsewhere, pipe.read_end(), nullptr); });
  (void)error_of_call([&] { const FdWatcher that_fails(elsewhere, -1, nullptr); });
  rlimit before{};
  EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit tight = before;
  tight.rlim_cur = 3;
  EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  std::exception_ptr error =
      error_of_call([&] { const FdWatcher watcher(loop, pipe.read_end(), nullptr); });
  EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  return error;
}

TEST(FdWatcher, WithoutFreeDescriptorsNamesTheLimit) {
  const Pipe pipe;
  EventLoop loop;
  const FdWatcher watcher(loop, pipe.read_end(), nullptr);
  const std::exception_ptr error = error_without_free_descriptors(loop);
  EXPECT_TRUE(is<std::system_error>(error));
  EXPECT_THAT(describe(error), ::testing::HasSubstr("ulimit -n"));
  EXPECT_THAT(describe(error), ::testing::HasSubstr("Too many open files"));
}

TEST(FdWatcher, WithoutADescriptorForTheLoopItselfNamesTheLimitToo) {
  if (type_checks_need_descriptors()) GTEST_SKIP() << kNeedsDescriptors;
  EventLoop loop;
  const std::exception_ptr error = error_without_free_descriptors(loop);
  EXPECT_TRUE(is<std::system_error>(error));
  EXPECT_THAT(describe(error), ::testing::HasSubstr("ulimit -n"));
}

TEST(FdWatcher, OfADescriptorThatIsNotOpenIsRefused) {
  EventLoop loop;
  const std::exception_ptr error =
      error_of_call([&] { const FdWatcher watcher(loop, -1, nullptr); });
  EXPECT_TRUE(is<std::system_error>(error));
}

TEST(FdWatcher, OfAPlainFileIsRefused) {
  EventLoop loop;
  const int file = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  const std::exception_ptr error =
      error_of_call([&] { const FdWatcher watcher(loop, file, nullptr); });
  ::close(file);
  EXPECT_TRUE(is<std::system_error>(error));
}

}  // namespace
}  // namespace cochain::testing
