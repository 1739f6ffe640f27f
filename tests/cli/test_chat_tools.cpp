// `cochain chat --tool`: the simulated model is told what to call, and the program calls it.

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "cochain/providers/simulator.hpp"
#include "program.hpp"

namespace cochain::testing {
namespace {

ProgramSetup chat(const Simulator& simulator, std::vector<std::string> words) {
  words.insert(words.begin(), "chat");
  return ProgramSetup()
      .arguments(std::move(words))
      .variable("OPENAI_BASE_URL", simulator.base_url());
}

SimulatorOptions instant() { return SimulatorOptions().instant().request_log_max(10); }

TEST(ChatToolsWithSimulator, RunsWhatTheModelCallsAndTellsItOnStderr) {
  const Simulator simulator(instant());
  const ProgramResult result = run_program(chat(
      simulator, {"--tool", "calculator", R"(call calculator {"expression": "(2 + 3) * 4"})"}));
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_NE(result.err.find("cochain: runs calculator"), std::string::npos) << result.err;
  const auto requests = simulator.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_NE(requests[0].body.find(R"("name":"calculator")"), std::string::npos);
  EXPECT_NE(requests[1].body.find(R"("content":"20")"), std::string::npos) << requests[1].body;
}

TEST(ChatToolsWithSimulator, TellsTheModelOfAnErrorAndGoesOn) {
  const Simulator simulator(instant());
  const ProgramResult result = run_program(
      chat(simulator, {"--tool", "calculator", R"(call calculator {"expression": "1 / 0"})"}));
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_NE(result.err.find("calculator failed: division by zero"), std::string::npos)
      << result.err;
  EXPECT_NE(simulator.requests().back().body.find("division by zero"), std::string::npos);
}

TEST(ChatToolsWithSimulator, ReadsNoFileWithoutATerminalToAskOn) {
  const Simulator simulator(instant());
  const ProgramResult result = run_program(
      chat(simulator, {"--tool", "read_file", R"(call read_file {"path": "README.md"})"}));
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_NE(result.err.find("there is no terminal to ask on"), std::string::npos) << result.err;
  EXPECT_NE(simulator.requests().back().body.find("not allowed"), std::string::npos);
}

TEST(ChatToolsWithSimulator, CallsNothingThatItWasNotGiven) {
  const Simulator simulator(instant());
  const ProgramResult result =
      run_program(chat(simulator, {"--tool", "clock", R"(call read_file {"path": "README.md"})"}));
  for (const auto& request : simulator.requests()) {
    EXPECT_EQ(request.body.find("# cochain"), std::string::npos);
  }
  EXPECT_EQ(result.err.find("runs read_file"), std::string::npos) << result.err;
}

TEST(ChatTools, RefusesAToolThatThereIsNot) {
  const ProgramResult result = run_program({"chat", "--tool", "rm", "hello"});
  EXPECT_EQ(result.code, 2);
  EXPECT_NE(result.err.find("rm"), std::string::npos);
  EXPECT_NE(result.err.find("calculator"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace cochain::testing
