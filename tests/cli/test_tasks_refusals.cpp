// `cochain tasks` on what it cannot look into, and on programs that are not as they were built:
// whatever happens, there is a clear answer.

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program.hpp"

namespace cochain::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AnyOf;
using ::testing::HasSubstr;

ProgramResult tasks(const std::string& view, pid_t pid) {
  return run_program({"tasks", view, std::to_string(pid)});
}

void expect_one_line(const ProgramResult& result) {
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err, ::testing::StartsWith("cochain: error: "));
  EXPECT_EQ(result.err.find('\n'), result.err.size() - 1) << result.err;
}

/// A `cochain batch` in the middle of its input, from a changed copy of the program's file.
class ChangedCopy {
 public:
  ChangedCopy() : path_(folder_.path("copy")) {
    fs::copy_file(COCHAIN_CLI, path_);
    fs::permissions(path_, fs::perms::owner_all);
  }
  ~ChangedCopy() {
    if (pid_ <= 0) return;
    ::close(stdin_);
    ::close(stdout_);
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  ChangedCopy(const ChangedCopy&) = delete;
  ChangedCopy& operator=(const ChangedCopy&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] std::string bytes() const { return read_file(path_); }
  void overwrite(std::size_t at, std::string_view with) const {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(at));
    file.write(with.data(), static_cast<std::streamsize>(with.size()));
  }

  /// Starts it and waits until it has answered a row; it then waits for more.
  pid_t start() {
    std::array<int, 2> in{};
    std::array<int, 2> out{};
    EXPECT_EQ(::pipe2(in.data(), O_CLOEXEC), 0);
    EXPECT_EQ(::pipe2(out.data(), O_CLOEXEC), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::dup2(in[0], STDIN_FILENO);
      ::dup2(out[1], STDOUT_FILENO);
      ::close(STDERR_FILENO);
      ::execl(path_.c_str(), "copy", "batch", "-m", "sim", "-", "-o", "-", nullptr);
      ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    EXPECT_EQ(::write(in[1], "hello\n", 6), 6);
    std::string said;
    char byte = 0;
    while (byte != '\n' && ::read(out[0], &byte, 1) == 1) said.push_back(byte);
    EXPECT_THAT(said, HasSubstr("\"response\""));
    stdin_ = in[1];
    stdout_ = out[0];
    return pid_;
  }

 private:
  TemporaryFolder folder_;
  std::string path_;
  pid_t pid_ = -1;
  int stdin_ = -1;
  int stdout_ = -1;
};

/// Where the root of the tasks lies in the file, whatever its version; npos if it is in a shared
/// library.
std::size_t root_in(const std::string& bytes) {
  constexpr unsigned char kVersionMax = 15;
  const std::string magic("cochain\0", 8);
  std::size_t root = std::string::npos;
  for (std::size_t at = bytes.find(magic); at != std::string::npos;
       at = bytes.find(magic, at + 1)) {
    const std::string version = bytes.substr(at + magic.size(), 4);
    const auto number = static_cast<unsigned char>(version.empty() ? '\0' : version[0]);
    if (number == 0 || number > kVersionMax || version.substr(1) != std::string(3, '\0')) continue;
    EXPECT_EQ(root, std::string::npos) << "two places look like the root";
    root = at;
  }
  return root;
}

bool run_tool(const std::string& command) { return std::system(command.c_str()) == 0; }

TEST(TasksRefusals, ReadsAStrippedProgram) {
  ChangedCopy copy;
  if (!run_tool("strip -s '" + copy.path() + "'")) GTEST_SKIP() << "there is no strip";
  const pid_t pid = copy.start();
  const ProgramResult table = tasks("ps", pid);
  EXPECT_EQ(table.code, 0) << table.err;
  EXPECT_THAT(table.out, HasSubstr("main"));
  const ProgramResult tree = tasks("pstree", pid);
  EXPECT_EQ(tree.code, 0) << tree.err;
  EXPECT_THAT(tree.out, HasSubstr("└── main"));
}

TEST(TasksRefusals, ReadsAProgramWhoseFileIsGone) {
  ChangedCopy copy;
  const pid_t pid = copy.start();
  fs::remove(copy.path());
  const ProgramResult table = tasks("ps", pid);
  EXPECT_EQ(table.code, 0) << table.err;
  EXPECT_THAT(table.out, HasSubstr("main"));
}

TEST(TasksRefusals, NamesTheLossOfSectionHeaders) {
  ChangedCopy copy;
  if (root_in(copy.bytes()) == std::string::npos) GTEST_SKIP() << "cochain is a shared library";
  copy.overwrite(0x28, std::string(8, '\0'));  // e_shoff
  const ProgramResult result = tasks("ps", copy.start());
  expect_one_line(result);
  EXPECT_THAT(result.err, HasSubstr("does not use cochain, or its file has lost its section"));
}

TEST(TasksRefusals, NamesAnotherVersion) {
  ChangedCopy copy;
  const std::size_t root = root_in(copy.bytes());
  if (root == std::string::npos) GTEST_SKIP() << "cochain is a shared library";
  copy.overwrite(root + 8, "c");
  const pid_t pid = copy.start();
  for (const char* view : {"ps", "pstree"}) {
    const ProgramResult result = tasks(view, pid);
    expect_one_line(result);
    EXPECT_THAT(result.err, HasSubstr("uses another version of cochain"));
    EXPECT_THAT(result.err, HasSubstr("layout 99"));
  }
}

TEST(TasksRefusals, TakesASectionOfOthersForWhatItIs) {
  ChangedCopy copy;
  const std::size_t root = root_in(copy.bytes());
  if (root == std::string::npos) GTEST_SKIP() << "cochain is a shared library";
  copy.overwrite(root, "another");
  const ProgramResult result = tasks("ps", copy.start());
  expect_one_line(result);
  EXPECT_THAT(result.err, HasSubstr("(copy) does not use cochain"));
}

/// Where a running copy has the byte `at` of its file, among what it may write.
std::uint64_t address_of(pid_t pid, std::size_t at) {
  std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
  for (std::string line; std::getline(maps, line);) {
    std::uint64_t start = 0;
    std::uint64_t end = 0;
    std::uint64_t offset = 0;
    char writable = '-';
    const int found = std::sscanf(line.c_str(), "%" SCNx64 "-%" SCNx64 " r%c%*c%*c %" SCNx64,
                                  &start, &end, &writable, &offset);
    if (found == 4 && writable == 'w' && line.ends_with("/copy") && at >= offset &&
        at - offset < end - start) {
      return start + (at - offset);
    }
  }
  return 0;
}

// The offsets are what the reader follows: it must come to an end with any of them.
TEST(TasksRefusals, EndsWhateverTheOffsetsAre) {
  ChangedCopy copy;
  const std::size_t root = root_in(copy.bytes());
  if (root == std::string::npos) GTEST_SKIP() << "cochain is a shared library";
  const pid_t pid = copy.start();
  const std::uint64_t address = address_of(pid, root);
  ASSERT_NE(address, 0U);
  std::fstream memory("/proc/" + std::to_string(pid) + "/mem",
                      std::ios::in | std::ios::out | std::ios::binary);
  const auto word = [&memory](std::uint64_t at) {
    std::uint32_t value = 0;
    memory.seekg(static_cast<std::streamoff>(at));
    memory.read(reinterpret_cast<char*>(&value), sizeof value);
    return value;
  };
  const auto set_word = [&memory](std::uint64_t at, std::uint32_t value) {
    memory.seekp(static_cast<std::streamoff>(at));
    memory.write(reinterpret_cast<const char*>(&value), sizeof value);
    memory.flush();
  };
  const std::uint32_t size = word(address + 12);
  ASSERT_TRUE(memory);
  ASSERT_LT(size, 400U);
  // That of the list of loops, and each of the rest: nothing, no pointer's place, one that is
  // another's, too far, and before the object.
  for (std::uint64_t at = address + 16; at < address + 20 + size; at += 4) {
    const std::uint32_t right = word(at);
    for (const std::uint32_t wrong : {0U, 3U, right + 8, right - 8, 0x7fffffffU, 0xfffffff8U}) {
      set_word(at, wrong);
      const ProgramResult result = tasks("ps", pid);
      EXPECT_THAT(result.code, AnyOf(0, 1))
          << "offset " << (at - address) << " is " << wrong << ": " << result.err;
      if (result.code == 1 && result.out.empty()) expect_one_line(result);
    }
    set_word(at, right);
  }
  const ProgramResult whole = tasks("ps", pid);
  EXPECT_EQ(whole.code, 0) << whole.err;
  EXPECT_THAT(whole.out, HasSubstr("main"));
}

TEST(TasksRefusals, SaysThatThereIsNoLoop) {
  Program sim(ProgramSetup().arguments({"sim", "--port", "0"}));  // it serves by threads of its own
  EXPECT_TRUE(sim.wait_for_stderr("Ctrl-C ends it\n"));
  const ProgramResult tree = tasks("pstree", sim.pid());
  EXPECT_EQ(tree.code, 0);
  EXPECT_EQ(tree.out, "");
  EXPECT_THAT(tree.err, HasSubstr("uses cochain, but has no event loop now"));
}

TEST(TasksRefusals, KernelThreadIsNamed) {
  if (read_file("/proc/2/comm") != "kthreadd\n") GTEST_SKIP() << "none is to be seen here";
  const ProgramResult result = tasks("ps", 2);
  expect_one_line(result);
  EXPECT_THAT(result.err, HasSubstr("process 2 (kthreadd) is a thread of the kernel"));
}

TEST(TasksRefusals, EndedProcessIsNamed) {
  const pid_t ended = ::fork();
  if (ended == 0) ::_exit(0);
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(ended), &info, WEXITED | WNOWAIT);
  const ProgramResult result = tasks("ps", ended);
  expect_one_line(result);
  EXPECT_THAT(result.err, HasSubstr("has ended; only its parent has not asked for its status"));
  ::waitpid(ended, nullptr, 0);
}

TEST(TasksRefusals, NameOfAProcessIsShownAsEscapes) {
  TemporaryFolder folder;
  const std::string path = folder.path("a\x1b[31m)\nb");
  fs::copy_file("/bin/sleep", path);
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl(path.c_str(), "x", "60", nullptr);
    ::_exit(127);
  }
  ProgramResult result;
  for (int i = 0; i < 200; ++i) {  // until the child is another program
    result = tasks("ps", child);
    if (result.code == 1) break;
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  expect_one_line(result);
  EXPECT_THAT(result.err, HasSubstr("(a\\x1b[31m)\\nb) does not use cochain"));
}

/// Runs `cochain tasks ps PID` as a user who may do nothing.
ProgramResult as_nobody(pid_t pid) {
  TemporaryFolder folder;
  fs::permissions(fs::path(folder.path("x")).parent_path(), fs::perms(0755));
  const std::string program = folder.path("cochain");
  fs::copy_file(COCHAIN_CLI, program);
  fs::permissions(program, fs::perms(0755));
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const std::string number = std::to_string(pid);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDERR_FILENO);
    if (::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(126);
    ::execl(program.c_str(), "cochain", "tasks", "ps", number.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(ends[1]);
  ProgramResult result;
  char byte = 0;
  while (::read(ends[0], &byte, 1) == 1) result.err.push_back(byte);
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  result.code = WEXITSTATUS(status);
  return result;
}

TEST(TasksRefusals, WhatMayNotBeReadSaysWhatItTakes) {
  const bool root = ::geteuid() == 0;
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const pid_t other = ::fork();
  if (other == 0) {
    ::alarm(60);
    ::prctl(PR_SET_DUMPABLE, 0);  // not even by other programs of its user
    EXPECT_EQ(::write(ends[1], "r", 1), 1);
    for (;;) ::pause();
  }
  char byte = 0;
  EXPECT_EQ(::read(ends[0], &byte, 1), 1);
  const ProgramResult result = root ? as_nobody(other) : tasks("ps", other);
  ::kill(other, SIGKILL);
  ::waitpid(other, nullptr, 0);
  for (const int end : ends) ::close(end);
  expect_one_line(result);
  EXPECT_THAT(result.err, HasSubstr("process " + std::to_string(other) + " ("));
  EXPECT_THAT(result.err, HasSubstr(" may not be read ("));
  EXPECT_THAT(result.err, HasSubstr("CAP_SYS_PTRACE"));
  if (root) {
    EXPECT_THAT(result.err, HasSubstr("run this as the same user"));
  }
}

}  // namespace
}  // namespace cochain::testing
