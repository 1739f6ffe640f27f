// `cochain sim` and `cochain doctor`, run as a shell runs them.

#include <csignal>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "program.hpp"

namespace cochain::testing {
namespace {

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// The base URL that a running `cochain sim` told.
std::string base_url_in(const std::string& text) {
  const std::string before = "listening on ";
  const std::size_t start = text.find(before) + before.size();
  return text.substr(start, text.find('\n', start) - start);
}

class Served {
 public:
  explicit Served(std::vector<std::string> words, std::string key = {})
      : program_(setup(words, key)) {
    EXPECT_TRUE(program_.wait_for_stderr("Ctrl-C ends it\n"));
  }
  Program& program() { return program_; }
  [[nodiscard]] std::string base_url() const { return base_url_in(program_.stderr_so_far()); }

 private:
  static ProgramSetup setup(std::vector<std::string> words, const std::string& key) {
    words.insert(words.begin(), {"sim", "--port", "0"});
    return ProgramSetup().arguments(std::move(words)).variable("SIM_KEY", key);
  }
  Program program_;
};

TEST(SimProgram, ServesUntilItIsStoppedBySignal) {
  for (const int number : {SIGINT, SIGTERM}) {
    Served served({"--ttft", "0", "--itl", "0", "--answer-tokens", "9"});
    const ProgramResult chat = run_program(ProgramSetup()
                                               .arguments({"chat", "-u", "hello"})
                                               .variable("OPENAI_BASE_URL", served.base_url()));
    EXPECT_EQ(chat.code, 0) << chat.err;
    EXPECT_TRUE(has(chat.err, "9 out")) << chat.err;
    served.program().send_signal(number);
    const ProgramResult result = served.program().wait();
    EXPECT_EQ(result.code, 0);
    EXPECT_EQ(result.out, "");
    EXPECT_TRUE(has(result.err, "export OPENAI_BASE_URL=http://127.0.0.1:")) << result.err;
    EXPECT_TRUE(has(result.err, "1 request, 1 answer")) << result.err;
  }
}

TEST(SimProgram, AsksForTheKeyInTheVariable) {
  const Served served({"--ttft", "0", "--itl", "0", "--api-key-env", "SIM_KEY"}, "sk-sim-key-1234");
  ProgramSetup chat = ProgramSetup().arguments({"chat", "hello"});
  chat.variable("OPENAI_BASE_URL", served.base_url());
  EXPECT_EQ(run_program(chat).code, 5);
  EXPECT_EQ(run_program(chat.variable("OPENAI_API_KEY", "sk-sim-key-1234")).code, 0);
}

TEST(SimProgram, TellsOfItsFaults) {
  Served served({"--ttft", "0", "--itl", "0", "--fault", "server_error=1"});
  ProgramSetup chat = ProgramSetup().arguments({"chat", "--retries", "0", "hello"});
  EXPECT_EQ(run_program(chat.variable("OPENAI_BASE_URL", served.base_url())).code, 1);
  served.program().send_signal(SIGINT);
  EXPECT_TRUE(has(served.program().wait().err, "faults: server_error 1"));
}

TEST(SimProgram, RefusesWhatItCannotServe) {
  EXPECT_EQ(run_program({"sim", "--port", "0", "--api-key-env", "NOT_SET"}).code, 4);
  const ProgramResult remote = run_program({"sim", "--port", "0", "--host", "0.0.0.0"});
  EXPECT_EQ(remote.code, 2) << remote.err;
  const Served served({});
  const std::string url = served.base_url();
  const std::string port = url.substr(url.rfind(':') + 1, url.rfind('/') - url.rfind(':') - 1);
  const ProgramResult taken = run_program({"sim", "--port", port});
  EXPECT_EQ(taken.code, 1) << taken.err;
  EXPECT_TRUE(has(taken.err, "in use")) << taken.err;
}

TEST(Doctor, ChecksAProgramWithoutAnySetup) {
  const ProgramResult result = run_program({"doctor"});
  EXPECT_EQ(result.code, 0) << result.out;
  for (const char* word : {"cochain", "compiler", "curl", "simdjson", "boost", "processors",
                           "open files", "OPENAI_API_KEY", "not set", "simulator", "self check"}) {
    EXPECT_TRUE(has(result.out, word)) << word << '\n' << result.out;
  }
  EXPECT_TRUE(has(result.out, "ok: the simulator answered")) << result.out;
}

TEST(Doctor, MasksKeysAndPasswords) {
  const ProgramResult result =
      run_program(ProgramSetup()
                      .arguments({"doctor"})
                      .variable("OPENAI_API_KEY", "sk-proj-abcdefghijklmnop9876")
                      .variable("HTTPS_PROXY", "http://user:secret@proxy.test:3128")
                      .variable("OPENAI_BASE_URL", "http://name:hidden@127.0.0.1:9/v1"));
  EXPECT_EQ(result.code, 0) << result.out;
  EXPECT_TRUE(has(result.out, "9876")) << result.out;
  EXPECT_TRUE(has(result.out, "proxy.test:3128"));
  for (const char* secret : {"abcdefgh", "secret", "hidden"}) {
    EXPECT_FALSE(has(result.out + result.err, secret)) << result.out;
  }
}

TEST(Doctor, TellsOfABrokenSetupByItsExitCode) {
  const ProgramResult unknown =
      run_program(ProgramSetup().arguments({"doctor"}).variable("COCHAIN_MODEL", "nobody:x"));
  EXPECT_EQ(unknown.code, 4);
  EXPECT_TRUE(has(unknown.out, "BROKEN")) << unknown.out;
  EXPECT_EQ(
      run_program(ProgramSetup().arguments({"doctor"}).variable("COCHAIN_MODEL", "openai")).code,
      4);
  EXPECT_EQ(
      run_program(ProgramSetup().arguments({"doctor"}).variable("OPENAI_BASE_URL", "nonsense"))
          .code,
      4);
  EXPECT_EQ(
      run_program(ProgramSetup().arguments({"doctor"}).variable("OPENAI_API_KEY", "a\nb")).code, 4);
}

}  // namespace
}  // namespace cochain::testing
