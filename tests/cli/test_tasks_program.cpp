// `cochain tasks`, run as a shell runs it, on programs that are stuck.

#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <chrono>
#include <csignal>
#include <map>
#include <random>
#include <source_location>
#include <sstream>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cochain/core.hpp"
#include "program.hpp"
#include "utf8.hpp"

namespace cochain::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

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

Coro<> deep(int levels, int ready) {
  if (levels == 0) {
    co_await block_in_a_system_call(ready);
  } else {
    co_await deep(levels - 1, ready);
  }
}

constexpr std::string_view kHostileName =
    "red \x1b[31m\x1b]0;title\a two\nlines\r \x7f \xc2\x9b"
    "5n \"quoted\" \\ half \xc3 \xff gr\xc3\xbc\xc3\x9f";

Coro<> with_hostile_names(int ready) {
  Event never;
  const Task<> worker = create_task(wait_for_ever(&never), kHostileName);
  const Task<> reader = create_task(join(const_cast<Task<>*>(&worker)), std::string(5000, '\xe2'));
  co_await sleep(0s);
  co_await block_in_a_system_call(ready);
}

Coro<> hostile_circle(int ready) {
  Task<> first;
  Task<> second;
  first = create_task(join(&second), "first");
  second = create_task(join(&first), "sec\x1b[31mond");
  co_await sleep(1ms);
  EXPECT_EQ(::write(ready, "r", 1), 1);
  co_await sleep(1h);
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

std::map<std::string, boost::json::object> rows_by_name(const std::string& lines) {
  std::map<std::string, boost::json::object> rows;
  for (const boost::json::object& row : output_rows(lines)) {
    rows[row.at("name").as_string().c_str()] = row;
  }
  return rows;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
  }));
}

/// Whole UTF-8 that holds nothing a terminal would obey, but the ends of lines.
void expect_harmless(const std::string& text) {
  EXPECT_EQ(cli::valid_utf8_prefix(text), text.size()) << text;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    EXPECT_TRUE(byte >= 0x20 || byte == '\n') << "byte " << i << " of " << text;
    EXPECT_NE(byte, 0x7F) << text;
    const bool c1 = byte == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    EXPECT_FALSE(c1) << text;
  }
}

TEST(TasksProgram, ShowsWhereAProgramIsBlocked) {
  const StuckProgram program([](int ready) { return stuck(block_in_a_system_call(ready)); });
  const ProgramResult table = tasks({"ps", std::to_string(program.pid())});
  EXPECT_EQ(table.code, 0) << table.err;
  EXPECT_THAT(table.out, HasSubstr("AWAITED BY"));
  EXPECT_THAT(table.out, HasSubstr("[running] block_in_a_system_call (test_tasks_program.cpp:"));
  EXPECT_THAT(table.out, HasSubstr(") <- stuck\n"));
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
  auto by_name = rows_by_name(lines.out);
  ASSERT_EQ(by_name.size(), 3U);
  EXPECT_EQ(by_name["worker"].at("awaited_by").as_array().at(0), by_name["reader"].at("id"));
  EXPECT_EQ(by_name["main"].at("running"), true);
  EXPECT_TRUE(by_name["main"].at("await_cycle").is_null());
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

TEST(TasksProgram, FitsItsTableIntoWhatThereIs) {
  const StuckProgram program([](int ready) { return stuck(deep(30, ready)); });
  const std::string pid = std::to_string(program.pid());
  const ProgramResult piped = tasks({"ps", pid});
  EXPECT_THAT(piped.out, HasSubstr("[running] block_in_a_system_call (test_tasks_program.cpp:"));
  EXPECT_THAT(piped.out, HasSubstr(" <- … <- stuck\n"));
  std::size_t longest = 0;
  for (const std::string& line : lines_of(piped.out)) {
    longest = std::max(longest, code_points(line));
  }
  EXPECT_LE(longest, 120U);
  EXPECT_GT(longest, 100U);

  const ProgramResult shown =
      run_program(ProgramSetup().arguments({"tasks", "ps", pid}).on_terminals(90));
  for (const std::string& line : lines_of(shown.out)) {
    EXPECT_LE(code_points(line), 91U) << line;  // with the terminal's '\r'
  }
  EXPECT_THAT(shown.out, HasSubstr("…"));
}

TEST(TasksProgram, WideShowsAllOfAChainAndWholePaths) {
  const StuckProgram program([](int ready) { return stuck(deep(30, ready)); });
  const std::string pid = std::to_string(program.pid());
  const ProgramResult wide = tasks({"ps", "--wide", pid});
  EXPECT_EQ(wide.code, 0) << wide.err;
  EXPECT_THAT(wide.out, Not(HasSubstr("…")));
  std::size_t levels = 0;
  for (std::size_t at = 0; (at = wide.out.find(" <- deep (", at)) != std::string::npos; ++at) {
    ++levels;
  }
  EXPECT_EQ(levels, 31U);
  // As the compiler was told: with a path or relative to where it ran.
  const std::string path = std::source_location::current().file_name();
  EXPECT_THAT(wide.out, HasSubstr(" <- stuck (" + path + ":"));
  EXPECT_EQ(tasks({"ps", "-w", pid}).code, 0);
  EXPECT_THAT(tasks({"pstree", pid}).out, HasSubstr("  stuck (" + path + ":"));
  EXPECT_EQ(tasks({"pstree", "--wide", pid}).code, 2);
}

TEST(TasksProgram, ShowsHostileNamesAsEscapes) {
  const StuckProgram program([](int ready) { return with_hostile_names(ready); });
  const std::string pid = std::to_string(program.pid());
  for (const char* view : {"ps", "pstree", "--wide", "--json"}) {
    std::vector<std::string> words{"ps", pid};
    if (view[0] == '-') words.emplace_back(view);
    if (view == std::string("pstree")) words[0] = view;
    const ProgramResult result = tasks(words);
    EXPECT_EQ(result.code, 0) << result.err;
    expect_harmless(result.out);
  }
  EXPECT_THAT(
      tasks({"pstree", pid}).out,
      HasSubstr("red \\x1b[31m\\x1b]0;title\\x07 two\\nlines\\r \\x7f \\x9b5n \"quoted\" \\ "
                "half \xEF\xBF\xBD \xEF\xBF\xBD gr\xc3\xbc\xc3\x9f"));
  // The JSON has the very characters, but those that are none.
  const auto rows = rows_by_name(tasks({"ps", "--json", pid}).out);
  EXPECT_EQ(rows.size(), 3U);
  std::string name(kHostileName);
  for (const char bad : {'\xff', '\xc3'}) {
    const std::size_t at = bad == '\xff' ? name.find(bad) : name.find("\xc3 ");
    name.replace(at, 1, "\xEF\xBF\xBD");
  }
  EXPECT_TRUE(rows.contains(name));
}

TEST(TasksProgram, DrawsAnyBytesAsText) {
  // Bytes in which lead bytes, followers and controls are frequent.
  std::minstd_rand random(7);
  const std::string_view kBytes =
      "a\x1b\n\x7f\x80\x9b\xbf\xc0\xc2\xc3\xe0\xe2\xed\xef\xf0\xf4\xf5\xff";
  for (int i = 0; i < 5000; ++i) {
    LoopInfo loop;
    TaskInfo& task = loop.tasks.emplace_back();
    for (int length = 0; length < 12; ++length) task.name += kBytes[random() % kBytes.size()];
    const std::string drawn = format_task_tree({loop});
    expect_harmless(drawn);
    const bool has_controls = drawn.find('\\') != std::string::npos;
    if (!has_controls) {
      EXPECT_THAT(drawn, HasSubstr("└── " + cli::with_valid_utf8(task.name) + "\n"));
    }
    expect_harmless(format_task_table({loop}, TaskTableOptions().columns_max(40)));
  }
}

TEST(TasksProgram, JsonTellsOfACircle) {
  const StuckProgram program([](int ready) { return hostile_circle(ready); });
  const ProgramResult result = tasks({"ps", "--json", std::to_string(program.pid())});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("these tasks await each other and can never go on: "));
  EXPECT_THAT(result.err, HasSubstr("sec\\x1b[31mond ->"));
  auto rows = rows_by_name(result.out);
  EXPECT_EQ(rows.size(), 3U);
  EXPECT_TRUE(rows["main"].at("await_cycle").is_null());
  const auto& circle = rows["first"].at("await_cycle");
  EXPECT_TRUE(circle == rows["first"].at("id") || circle == rows["sec\x1b[31mond"].at("id"));
  EXPECT_EQ(circle, rows["sec\x1b[31mond"].at("await_cycle"));
}

TEST(TasksProgram, WantsAViewAndAProcess) {
  EXPECT_EQ(tasks({}).code, 2);
  EXPECT_EQ(tasks({"ps"}).code, 2);
  EXPECT_EQ(tasks({"ps", "-3"}).code, 2);
  EXPECT_EQ(tasks({"ps", "me"}).code, 2);
  EXPECT_EQ(tasks({"top", "1"}).code, 2);
  for (const char* pid : {"0", "99999999999", "1x", "1.5", " 1", "0x1"}) {
    const ProgramResult result = tasks({"ps", pid});
    EXPECT_EQ(result.code, 2) << pid;
    EXPECT_THAT(result.err, HasSubstr(std::string("'") + pid + "' is no number of a process"));
  }
}

}  // namespace
}  // namespace cochain::testing
