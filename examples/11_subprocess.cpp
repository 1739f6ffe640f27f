// What you learn: another program is started, fed and read beside everything else.
// How to run:     build/release/bin/example_11_subprocess
// What it prints: what sort made of three words, how a program ended, and how one was killed.
#include <iostream>

#include <cochain/core.hpp>

using namespace cochain;
using namespace std::chrono_literals;

SubprocessOptions with_pipes() {
  return SubprocessOptions().with_stdin(Stdio::pipe()).with_stdout(Stdio::pipe());
}

Coro<> sort_words() {
  const Process sort = co_await create_subprocess_exec("sort", "-r", with_pipes());
  const ProcessOutput output = co_await sort.communicate("one\ntwo\nthree\n");
  std::cout << output.out;
}

Coro<> read_line_by_line() {
  const Process shell =
      co_await create_subprocess_shell("echo first; echo second; exit 3", with_pipes());
  const StreamReader out = shell.stdout();
  for (;;) {
    const std::string line = co_await out.readline();
    if (line.empty()) break;
    std::cout << "line: " << line;
  }
  const int code = co_await shell.wait();
  std::cout << "exit code " << code << "\n";
}

Coro<> give_up_on_a_slow_one() {
  const Process slow = co_await create_subprocess_exec("sleep", "1000");
  try {
    const int code = co_await wait_for(slow.wait(), 50ms);
    std::cout << "it ended by itself with " << code << "\n";
  } catch (const TimeoutError&) {
    slow.terminate();
  }
  const int code = co_await slow.wait();
  std::cout << "too slow: ended by signal " << -code << "\n";
}

Coro<> show() {
  co_await sort_words();
  co_await read_line_by_line();
  co_await give_up_on_a_slow_one();
}

int main() { run(show()); }
