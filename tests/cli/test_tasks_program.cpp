// `cochain tasks`, run as a shell runs it, on programs that are stuck.

#include <sys/wait.h>
#include <unistd.h>
#include <chrono>
#include <csignal>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cochain/core.hpp"
#include "program.hpp"

namespace cochain::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

Coro<> block_in_a_system_call(int ready) {
  co_await sleep(0s);
  EXPECT_EQ(::write(ready, "r", 1), 1);
  for (;;) ::pause();
}

Coro<> spin(int ready) {
  co_await sleep(0s);
  EXPECT_EQ(::write(ready, "r", 1), 1);
  for (volatile bool on = true; on;) {
  }
}

Coro<> wait_for_ever(Event* never) { co_await never->wait(); }

Coro<> join(Task<>* other) { co_await *other; }

Coro<> stuck(Coro<> at_the_end) {
  Event never;
  const Task<> worker = create_task(wait_for_ever(&never), "worker");
  const Task<> reader = create_task(join(const_cast<Task<>*>(&worker)), "reader");
  co_await sleep(0s);
  co_await std::move(at_the_end);
}

Coro<> in_a_circle(int ready) {
  Task<> first;
  Task<> second;
  first = create_task(join(&second), "first");
  second = create_task(join(&first), "second");
  co_await sleep(1ms);
  EXPECT_EQ(::write(ready, "r", 1), 1);
  co_await first;
}

/// A child of this process that runs a coroutine, from when it has written a byte to its pipe.
class StuckProgram {
 public:
  template <class MakeMain>
  explicit StuckProgram(MakeMain make_main) {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::pipe(ends), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::alarm(60);  // whatever happens to the test
      run(make_main(ends[1]));
      ::_exit(0);
    }
    ::close(ends[1]);
    char byte = 0;
    EXPECT_EQ(::read(ends[0], &byte, 1), 1);
    ::close(ends[0]);
  }
  ~StuckProgram() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  StuckProgram(const StuckProgram&) = delete;
  StuckProgram& operator=(const StuckProgram&) = delete;
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

 private:
  pid_t pid_ = -1;
};

ProgramResult tasks(std::vector<std::string> words) {
  words.insert(words.begin(), "tasks");
  return run_program(ProgramSetup().arguments(std::move(words)));
}

TEST(TasksProgram, ShowsWhereAProgramIsBlocked) {
  const StuckProgram program([](int ready) { return stuck(block_in_a_system_call(ready)); });
  const ProgramResult table = tasks({"ps", std::to_string(program.pid())});
  EXPECT_EQ(table.code, 0) << table.err;
  EXPECT_THAT(table.out, HasSubstr("AWAITED BY"));
  EXPECT_THAT(table.out, HasSubstr("[running] block_in_a_system_call (test_tasks_program.cpp:"));
  EXPECT_THAT(table.out, HasSubstr(" <- stuck (test_tasks_program.cpp:"));
  EXPECT_THAT(table.out, HasSubstr("wait_for_ever (test_tasks_program.cpp:"));

  const ProgramResult tree = tasks({"pstree", std::to_string(program.pid())});
  EXPECT_EQ(tree.code, 0) << tree.err;
  EXPECT_THAT(tree.out, HasSubstr("3 tasks\n"));
  EXPECT_THAT(tree.out, HasSubstr("└── main  [running]"));
  EXPECT_THAT(tree.out, HasSubstr("└── reader"));
  EXPECT_THAT(tree.out, HasSubstr("    └── worker"));
}

TEST(TasksProgram, ShowsWhereAProgramSpins) {
  const StuckProgram program([](int ready) { return stuck(spin(ready)); });
  const ProgramResult table = tasks({"ps", std::to_string(program.pid())});
  EXPECT_EQ(table.code, 0) << table.err;
  EXPECT_THAT(table.out, HasSubstr("[running] spin (test_tasks_program.cpp:"));
}

TEST(TasksProgram, ShowsAProgramThatIsStopped) {
  const StuckProgram program([](int ready) { return stuck(spin(ready)); });
  ::kill(program.pid(), SIGSTOP);
  const ProgramResult tree = tasks({"pstree", std::to_string(program.pid())});
  EXPECT_EQ(tree.code, 0) << tree.err;
  EXPECT_THAT(tree.out, HasSubstr("worker"));
}

TEST(TasksProgram, NamesACircleAndFails) {
  const StuckProgram program([](int ready) { return in_a_circle(ready); });
  const ProgramResult tree = tasks({"pstree", std::to_string(program.pid())});
  EXPECT_EQ(tree.code, 1);
  EXPECT_THAT(tree.out, HasSubstr("these tasks await each other and can never go on: "));
  EXPECT_THAT(tree.out, HasSubstr("(see above)"));
}

TEST(TasksProgram, GivesOneJsonObjectForEachTask) {
  const StuckProgram program([](int ready) { return stuck(block_in_a_system_call(ready)); });
  const ProgramResult lines = tasks({"ps", "--json", std::to_string(program.pid())});
  EXPECT_EQ(lines.code, 0) << lines.err;
  std::map<std::string, boost::json::object> by_name;
  std::size_t start = 0;
  while (start < lines.out.size()) {
    const std::size_t end = lines.out.find('\n', start);
    const auto object = boost::json::parse(lines.out.substr(start, end - start)).as_object();
    by_name[object.at("name").as_string().c_str()] = object;
    start = end + 1;
  }
  ASSERT_EQ(by_name.size(), 3U);
  EXPECT_EQ(by_name["worker"].at("awaited_by").as_array().at(0), by_name["reader"].at("id"));
  EXPECT_EQ(by_name["main"].at("running"), true);
  EXPECT_GE(by_name["main"].at("age_seconds").as_double(), 0.0);
  const auto& stack = by_name["main"].at("stack").as_array();
  EXPECT_EQ(stack.at(0).as_object().at("function"), "stuck");
  EXPECT_GT(stack.at(1).as_object().at("line").to_number<int>(), 0);
}

TEST(TasksProgram, SaysWhyItCannotLookIntoAProcess) {
  const pid_t other = ::fork();
  if (other == 0) {
    ::execlp("sleep", "sleep", "60", nullptr);
    ::_exit(127);
  }
  ProgramResult result;
  for (int i = 0; i < 200; ++i) {  // until the child is another program
    result = tasks({"ps", std::to_string(other)});
    if (result.code == 1) break;
  }
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("does not use cochain"));
  ::kill(other, SIGKILL);
  ::waitpid(other, nullptr, 0);

  const ProgramResult gone = tasks({"ps", std::to_string(other)});
  EXPECT_EQ(gone.code, 1);
  EXPECT_THAT(gone.err, HasSubstr("there is no process " + std::to_string(other)));
}

TEST(TasksProgram, WantsAViewAndAProcess) {
  EXPECT_EQ(tasks({}).code, 2);
  EXPECT_EQ(tasks({"ps"}).code, 2);
  EXPECT_EQ(tasks({"ps", "-3"}).code, 2);
  EXPECT_EQ(tasks({"ps", "me"}).code, 2);
  EXPECT_EQ(tasks({"top", "1"}).code, 2);
}

}  // namespace
}  // namespace cochain::testing
