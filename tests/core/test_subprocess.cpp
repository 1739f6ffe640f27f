// Other programs: what goes in, what comes out, how they end, and that none is left behind.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <string>
#include <system_error>

#include <gmock/gmock.h>

#include "core_test.hpp"
#include "environment_variable.hpp"
#include "process_state.hpp"

namespace cochain::testing {
namespace {

SubprocessOptions piped() {
  return SubprocessOptions()
      .with_stdin(Stdio::pipe())
      .with_stdout(Stdio::pipe())
      .with_stderr(Stdio::pipe());
}
SubprocessOptions reading() { return SubprocessOptions().with_stdout(Stdio::pipe()); }
SubprocessOptions quiet() { return SubprocessOptions().with_stdin(Stdio::devnull()); }

bool no_child_is_left() {
  errno = 0;
  return ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD;
}

bool exists(int pid) { return ::kill(pid, 0) == 0; }

Coro<std::string> output_of(std::string line, SubprocessOptions options = reading()) {
  const Process process = co_await create_subprocess_shell(std::move(line), std::move(options));
  ProcessOutput output = co_await process.communicate();
  co_return output.out;
}

ASYNC_TEST_REAL_TIME(SubprocessTransport, GivesWhatTheProgramWrites) {
  const Process process = co_await create_subprocess_exec("echo", "hello", "world", reading());
  EXPECT_GT(process.pid(), 0);
  const std::string line = co_await process.stdout().readline();
  EXPECT_EQ(line, "hello world\n");
  const int code = co_await process.wait();
  EXPECT_EQ(code, 0);
  EXPECT_TRUE(no_child_is_left());
}

ASYNC_TEST_REAL_TIME(SubprocessTransport, TakesItsWordsAsAList) {
  std::vector<std::string> words{"printf", "%s|", "a b", "$c"};
  const Process process = co_await create_subprocess_exec(std::move(words), reading());
  const ProcessOutput output = co_await process.communicate();
  EXPECT_EQ(output.out, "a b|$c|") << "no shell looks at them";
}

ASYNC_TEST_REAL_TIME(SubprocessTransport, CommunicateMovesMuchBothWays) {
  std::string much(10'000'000, 'x');
  for (std::size_t i = 0; i < much.size(); i += 1000) much[i] = static_cast<char>('a' + i % 26);
  const Process process = co_await create_subprocess_exec("cat", piped());
  const ProcessOutput output = co_await process.communicate(much);
  EXPECT_TRUE(output.out == much);
  EXPECT_EQ(output.err, "");
  EXPECT_EQ(process.returncode(), 0);
}

ASYNC_TEST_REAL_TIME(SubprocessTransport, CommunicateReadsBothOutputsAtOnce) {
  const Process process = co_await create_subprocess_shell(
      "head -c 1000000 /dev/zero >&2; head -c 1000000 /dev/zero", piped());
  const ProcessOutput output = co_await process.communicate();
  EXPECT_EQ(output.out.size(), 1'000'000U);
  EXPECT_EQ(output.err.size(), 1'000'000U);
}

ASYNC_TEST_REAL_TIME(SubprocessTransport, CommunicateWithOneThatDoesNotReadIsNoError) {
  const Process process = co_await create_subprocess_shell("exec 0<&-; echo done", piped());
  const ProcessOutput output = co_await process.communicate(std::string(3'000'000, 'x'));
  EXPECT_EQ(output.out, "done\n");
  EXPECT_EQ(process.returncode(), 0);
}

ASYNC_TEST_REAL_TIME(SubprocessTransport, InputWithoutAPipeIsRefused) {
  const Process process = co_await create_subprocess_exec("true", quiet());
  const std::exception_ptr error = co_await error_of(process.communicate("input"));
  EXPECT_TRUE(is<InvalidStateError>(error));
  EXPECT_THROW((void)process.stdin(), InvalidStateError);
  EXPECT_THROW((void)process.stdout(), InvalidStateError);
  EXPECT_THROW((void)process.stderr(), InvalidStateError);
  co_await process.wait();
}

ASYNC_TEST_REAL_TIME(SubprocessTransport, TellsExitCodesAndSignals) {
  const Process seven = co_await create_subprocess_shell("exit 7");
  const int code = co_await seven.wait();
  EXPECT_EQ(code, 7);
  const Process killed = co_await create_subprocess_exec("sleep", "1000");
  EXPECT_EQ(killed.returncode(), std::nullopt);
  killed.kill();
  const int killed_code = co_await killed.wait();
  EXPECT_EQ(killed_code, -SIGKILL);
  const Process terminated = co_await create_subprocess_exec("sleep", "1000");
  terminated.terminate();
  const int terminated_code = co_await terminated.wait();
  EXPECT_EQ(terminated_code, -SIGTERM);
  EXPECT_THROW(terminated.kill(), InvalidStateError);
  EXPECT_TRUE(no_child_is_left());
}

ASYNC_TEST_REAL_TIME(SubprocessTransport, ThatCannotBeStartedIsAnErrorWithItsName) {
  const EnvironmentVariable folders("PATH", "/usr/bin:/bin");  // which everybody may enter
  const std::size_t descriptors = open_descriptors();
  const std::exception_ptr missing =
      co_await error_of(create_subprocess_exec("cochain-no-such-program", piped()));
  EXPECT_TRUE(is<std::system_error>(missing));
  EXPECT_EQ(describe(missing), "cannot start 'cochain-no-such-program': No such file or directory");
  const std::exception_ptr denied = co_await error_of(create_subprocess_exec("/dev/null"));
  EXPECT_EQ(describe(denied), "cannot start '/dev/null': Permission denied");
  const std::exception_ptr nowhere =
      co_await error_of(create_subprocess_exec("true", SubprocessOptions().with_cwd("/no/where")));
  EXPECT_EQ(describe(nowhere),
            "cannot start 'true' in the directory '/no/where': No such file or directory");
  const std::exception_ptr empty =
      co_await error_of(create_subprocess_exec(std::vector<std::string>()));
  EXPECT_TRUE(is<InvalidStateError>(empty));
  const std::exception_ptr zero =
      co_await error_of(create_subprocess_exec("echo", std::string("a\0b", 3)));
  EXPECT_TRUE(is<InvalidStateError>(zero));
  EXPECT_EQ(open_descriptors(), descriptors);
  EXPECT_TRUE(no_child_is_left());
}

ASYNC_TEST_REAL_TIME(SubprocessTransport, RunsInTheDirectoryAndEnvironmentItIsGiven) {
  std::map<std::string, std::string> variables;
  variables["COCHAIN_TEST"] = "yes";
  SubprocessOptions options = reading();
  options.with_cwd("/").with_env(std::move(variables));
  const std::string text = co_await output_of("pwd; echo $COCHAIN_TEST $HOME", options);
  EXPECT_EQ(text, "/\nyes\n");
}

ASYNC_TEST_REAL_TIME(SubprocessTransport, SendsStderrWhereStdoutGoes) {
  const std::string text =
      co_await output_of("echo out; echo err >&2", reading().with_stderr(Stdio::to_stdout()));
  EXPECT_EQ(text, "out\nerr\n");
}

ASYNC_TEST_REAL_TIME(SubprocessTransport, GetsNoDescriptorThatItWasNotGiven) {
  const int leaky = ::open("/dev/null", O_RDONLY);  // no close-on-exec
  const int given = ::fcntl(leaky, F_DUPFD, 100);
  const std::string text = co_await output_of("ls /proc/self/fd | sort -n | tr '\\n' ' '",
                                              reading().with_stdin(Stdio::devnull()));
  EXPECT_EQ(text, "0 1 2 3 ") << "3 is the directory that ls reads";
  std::vector<int> kept{given};
  const std::string with_one =
      co_await output_of("ls /proc/$$/fd | grep -c 100", reading().with_pass_fds(std::move(kept)));
  EXPECT_EQ(with_one, "1\n");
  ::close(leaky);
  ::close(given);
}

ASYNC_TEST_REAL_TIME(SubprocessTransport, LeaksNoDescriptorInTheParent) {
  const std::string first = co_await output_of("echo 1");
  const std::size_t descriptors = open_descriptors();
  for (int i = 0; i < 10; ++i) {
    const std::string again = co_await output_of("echo 1");
    EXPECT_EQ(again, first);
  }
  EXPECT_EQ(open_descriptors(), descriptors);
}

ASYNC_TEST_REAL_TIME(SubprocessTransport, WritesToADescriptorOfTheParent) {
  int ends[2] = {-1, -1};
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const Process process = co_await create_subprocess_exec(
      "echo", "x", SubprocessOptions().with_stdout(Stdio::descriptor(ends[1])));
  co_await process.wait();
  char text[8] = {};
  EXPECT_EQ(::read(ends[0], text, sizeof text), 2);
  ::close(ends[0]);
  ::close(ends[1]);
  const std::exception_ptr error = co_await error_of(
      create_subprocess_exec("true", SubprocessOptions().with_stdout(Stdio::descriptor(ends[1]))));
  EXPECT_TRUE(is<std::system_error>(error));
}

ASYNC_TEST_REAL_TIME(SubprocessTransport, StartsWithDefaultSignalsAndNoneBlocked) {
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
  void (*const ignored)(int) = std::signal(SIGUSR2, SIG_IGN);
  const std::string text =
      co_await output_of("grep -E 'SigBlk|SigIgn' /proc/self/status | cut -f2");
  std::signal(SIGUSR2, ignored);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  // 32 and 33 are glibc's own; posix_spawn() leaves them ignored.
  EXPECT_THAT(text, ::testing::AnyOf("0000000000000000\n0000000000000000\n",
                                     "0000000000000000\n0000000180000000\n"));
}

ASYNC_TEST_REAL_TIME(SubprocessTransport, LeadsASessionOrGroupOfItsOwn) {
  const Process session =
      co_await create_subprocess_exec("sleep", "1000", SubprocessOptions().with_new_session());
  EXPECT_EQ(::getsid(session.pid()), session.pid());
  const Process group =
      co_await create_subprocess_exec("sleep", "1000", SubprocessOptions().with_process_group(0));
  EXPECT_EQ(::getpgid(group.pid()), group.pid());
}

ASYNC_TEST_REAL_TIME(SubprocessTransport, IsWaitedForByMany) {
  const Process process = co_await create_subprocess_exec("cat", piped());
  std::vector<Task<int>> waiting;
  for (int i = 0; i < 5; ++i) waiting.push_back(create_task(ensure_coro(process.wait())));
  co_await passes(2);
  waiting[0].cancel();
  process.stdin().close();
  for (std::size_t i = 1; i < 5; ++i) {
    const int code = co_await waiting[i];
    EXPECT_EQ(code, 0);
  }
  EXPECT_TRUE(waiting[0].cancelled());
  const int later = co_await process.wait();
  EXPECT_EQ(later, 0);
}

ASYNC_TEST_REAL_TIME(SubprocessTransport, OutputStaysReadableAfterTheEnd) {
  const Process process = co_await create_subprocess_exec("echo", "late", reading());
  co_await process.wait();
  const std::string text = co_await process.stdout().read();
  EXPECT_EQ(text, "late\n");
}

ASYNC_TEST_REAL_TIME(SubprocessTransport, DestroyedWhileItRunsIsKilledAndReaped) {
  int pid = 0;
  {
    const Process process = co_await create_subprocess_exec("sleep", "1000", piped());
    pid = process.pid();
  }
  while (exists(pid)) co_await sleep(1ms);
  EXPECT_TRUE(no_child_is_left());
}

ASYNC_TEST_REAL_TIME(SubprocessTransport, ClosedWhileItRunsIsKilled) {
  const Process process = co_await create_subprocess_exec("sleep", "1000", piped());
  process.close();
  const int code = co_await process.wait();
  EXPECT_EQ(code, -SIGKILL);
}

TEST(SubprocessTransport, LeftToTheEndOfTheLoopIsKilledAndReaped) {
  const auto main = []() -> Coro<Process> {
    co_return co_await create_subprocess_exec("sleep", "1000", piped());
  };
  const Process process = run(main());  // held longer than its loop
  EXPECT_EQ(process.returncode(), -SIGKILL);
  EXPECT_TRUE(no_child_is_left());
}

ASYNC_TEST_REAL_TIME(SubprocessTransport, NeverStealsOtherChildren) {
  const int other = ::fork();
  if (other == 0) ::_exit(5);
  const Process process = co_await create_subprocess_exec("true");
  co_await process.wait();
  int status = 0;
  EXPECT_EQ(::waitpid(other, &status, 0), other);
  EXPECT_EQ(WEXITSTATUS(status), 5);
}

ASYNC_TEST_REAL_TIME(SubprocessTransport, ThatSomebodyElseReapsEndsWithAnUnknownCode) {
  void (*const before)(int) = std::signal(SIGCHLD, SIG_IGN);
  const Process process = co_await create_subprocess_exec("sleep", "0.01");
  const int code = co_await process.wait();
  std::signal(SIGCHLD, before);
  EXPECT_EQ(code, 255);
}

ASYNC_TEST_REAL_TIME(SubprocessTransport, ManyAtOnceAllEnd) {
  std::vector<Coro<std::string>> calls;
  for (int i = 0; i < 200; ++i) calls.push_back(output_of("echo " + std::to_string(i)));
  const std::vector<std::string> texts = co_await gather(std::move(calls));
  for (std::size_t i = 0; i < 200; ++i) EXPECT_EQ(texts[i], std::to_string(i) + "\n");
  EXPECT_TRUE(no_child_is_left());
}

ASYNC_TEST_REAL_TIME(SubprocessTransport, WithoutPidfdIsWatchedByAThread) {
  detail::set_exit_notice(detail::ExitNotice::kThread);
  const Process process = co_await create_subprocess_exec("cat", piped());
  const Process killed = co_await create_subprocess_exec("sleep", "1000");
  detail::set_exit_notice(detail::ExitNotice::kPidfd);
  const ProcessOutput output = co_await process.communicate("text");
  EXPECT_EQ(output.out, "text");
  EXPECT_EQ(process.returncode(), 0);
  killed.kill();
  const int code = co_await killed.wait();
  EXPECT_EQ(code, -SIGKILL);
  EXPECT_TRUE(no_child_is_left());
}

// The virtual clock of the scenario stands still while a child runs, so this takes real time.
TEST(SubprocessTransport, CancelledAtEverySuspensionLeavesNoChild) {
  const std::size_t descriptors = open_descriptors();
  const int suspensions = cancel_at_every_suspension([]() -> Coro<> {
    const Process process = co_await create_subprocess_exec("cat", piped());
    process.stdin().write("line\n");
    co_await process.stdin().drain();
    const std::string line = co_await process.stdout().readline();
    EXPECT_EQ(line, "line\n");
    const ProcessOutput output = co_await process.communicate("more");
    EXPECT_EQ(output.out, "more");
    const Process again = co_await create_subprocess_exec("true");
    co_await again.wait();
  });
  EXPECT_GE(suspensions, 3);
  EXPECT_TRUE(no_child_is_left());
  EXPECT_EQ(open_descriptors(), descriptors);
}

}  // namespace
}  // namespace cochain::testing
