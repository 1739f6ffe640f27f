// The tasks of a process, read from outside of the thread that runs them, while it goes on.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <atomic>
#include <csignal>
#include <set>
#include <thread>

#include <gmock/gmock.h>

#include "core_test.hpp"

namespace cochain::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

Coro<> spice(Event* never) { co_await never->wait(); }
Coro<> stir(Event* never) { co_await spice(never); }
Coro<> cook(Event* never) { co_await stir(never); }

Coro<> short_life(int steps) { return passes(steps); }

template <std::size_t kWords>
void hold_zeros() {
  std::vector<Future<std::array<std::uint64_t, kWords>>> futures(20);
  for (auto& future : futures) future.set_result({});
}

/// Takes the memory of tasks that ended for futures, which name their loop in the same place.
void reuse_memory() {
  hold_zeros<8>();
  hold_zeros<16>();
  hold_zeros<24>();
  hold_zeros<32>();
}

/// Makes and ends tasks as fast as it can.
Coro<> bustle(const std::atomic<bool>* over) {
  while (!over->load()) {
    std::vector<Task<>> tasks;
    for (int i = 0; i < 20; ++i) {
      tasks.push_back(create_task(short_life(1 + i % 5), "short " + std::to_string(i)));
    }
    for (const Task<>& task : tasks) co_await task;
    tasks.clear();
    reuse_memory();
  }
}

/// What must be true of each record, whenever it was read. Returns how many tasks there were.
std::size_t expect_whole(const std::vector<LoopInfo>& loops) {
  static const std::set<std::string> kKnown = {"busy_program", "bustle", "short_life", "passes",
                                               "spice",        "stir",   "cook",       "join"};
  std::size_t count = 0;
  for (const LoopInfo& loop : loops) {
    std::set<std::uint64_t> ids;
    for (const TaskInfo& task : loop.tasks) {
      ++count;
      EXPECT_TRUE(ids.insert(task.id).second) << "twice: " << task.id;
      const bool named = task.name == "main" || task.name == "still" ||
                         task.name == "Task-" + std::to_string(task.id) ||
                         task.name.compare(0, 6, "short ") == 0;
      EXPECT_TRUE(named) << task.name;
      EXPECT_FALSE(task.stack.empty());
      EXPECT_LE(task.stack.size(), 4U);
      for (const StackFrame& frame : task.stack) {
        const bool known =
            kKnown.contains(frame.function) || frame.function.compare(0, 9, "lambda in") == 0;
        EXPECT_TRUE(known) << frame.function;
        EXPECT_GT(frame.line, 0U);
      }
      EXPECT_LE(task.awaited_by.size(), 1U);
    }
  }
  return count;
}

Coro<> busy_program(const std::atomic<bool>* over, Event* never, int ready) {
  const Task<> still = create_task(cook(never), "still");
  co_await passes(3);
  EXPECT_EQ(::write(ready, "r", 1), 1);
  co_await bustle(over);
  still.cancel();
  (void)co_await error_of(still);
}

/// Reads often; a reader that gives up on a busy program says so, and may not do it always.
void read_often(pid_t pid) {
  std::size_t whole = 0;
  for (int i = 0; i < 200; ++i) {
    std::vector<LoopInfo> loops;
    try {
      loops = read_process_tasks(pid);
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("change faster than they can be read"));
      continue;
    }
    EXPECT_GE(expect_whole(loops), 2U) << "main and still are always there";
    ++whole;
  }
  EXPECT_GT(whole, 100U);
}

void run_busy(const std::atomic<bool>& over, int ready) {
  const auto program = [](const std::atomic<bool>* is_over, int fd) -> Coro<> {
    Event never;
    co_await busy_program(is_over, &never, fd);
  };
  run(program(&over, ready));
}

TEST(CallGraphThread, ReadsItsOwnProcessWholeWhileALoopRuns) {
  int ends[2] = {-1, -1};
  ASSERT_EQ(::pipe(ends), 0);
  std::atomic<bool> over = false;
  std::thread other([&] { run_busy(over, ends[1]); });
  char byte = 0;
  EXPECT_EQ(::read(ends[0], &byte, 1), 1);
  read_often(::getpid());
  over = true;
  other.join();
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(CallGraphThread, ReadsAnotherProcessWholeWhileItsLoopRuns) {
  int ends[2] = {-1, -1};
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(60);  // whatever happens to the test
    const std::atomic<bool> never_over = false;
    run_busy(never_over, ends[1]);
    ::_exit(0);
  }
  char byte = 0;
  EXPECT_EQ(::read(ends[0], &byte, 1), 1);
  read_often(child);
  ::kill(child, SIGSTOP);
  const std::vector<LoopInfo> stopped = read_process_tasks(child);
  EXPECT_EQ(stopped.size(), 1U);
  EXPECT_GE(expect_whole(stopped), 2U);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ends[0]);
  ::close(ends[1]);
}

std::string error_of_reading(pid_t pid) {
  try {
    (void)read_process_tasks(pid);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(CallGraphProcess, WithoutCochainIsAnError) {
  int ends[2] = {-1, -1};
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::execlp("sleep", "sleep", "60", nullptr);
    ::_exit(127);
  }
  ::close(ends[1]);
  char byte = 0;
  EXPECT_EQ(::read(ends[0], &byte, 1), 0) << "closed by exec";
  ::close(ends[0]);
  EXPECT_EQ(error_of_reading(child),
            "process " + std::to_string(child) + " (sleep) does not use cochain");
  ::kill(child, SIGKILL);
  siginfo_t ended{};
  ::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT);
  EXPECT_THAT(error_of_reading(child), HasSubstr("(sleep) has ended; only its parent"));
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(error_of_reading(child), "there is no process " + std::to_string(child));
}

TEST(CallGraphProcess, OfNoSenseIsAnError) {
  EXPECT_EQ(error_of_reading(-1), "there is no process -1");
  EXPECT_EQ(error_of_reading(0), "there is no process 0");
  EXPECT_EQ(error_of_reading(INT32_MAX), "there is no process 2147483647");
}

TEST(CallGraphProcess, WithoutAnyLoopHasNone) {
  EXPECT_THAT(read_process_tasks(::getpid()), IsEmpty());
  const EventLoop idle;
  const std::vector<LoopInfo> loops = read_process_tasks(::getpid());
  EXPECT_EQ(loops.size(), 1U);
  EXPECT_EQ(loops[0].thread_id, 0);
  EXPECT_EQ(format_task_tree(loops), "loop that does not run, 0 tasks\n");
}

}  // namespace
}  // namespace cochain::testing
