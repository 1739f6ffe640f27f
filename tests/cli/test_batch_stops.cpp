// How `cochain batch` ends before its input does, and what it leaves behind.

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "batch_program.hpp"

namespace cochain::testing {
namespace {

TEST(BatchWithSimulator, StopsWhenTheKeyIsRefused) {
  const Simulator simulator(SimulatorOptions().instant().api_key("sk-right-key-0000"));
  const TemporaryFolder folder;
  const ProgramResult result =
      run_program(batch(simulator, {folder.file("in", numbered_prompts(100)), "-o",
                                    folder.path("out"), "--max-concurrency", "2"})
                      .variable("OPENAI_API_KEY", "sk-wrong-key-1111"));
  EXPECT_EQ(result.code, 5) << result.err;
  EXPECT_TRUE(has(result.err, "refused")) << result.err;
  const auto rows = output_rows(read_file(folder.path("out")));
  EXPECT_GE(rows.size(), 3U);
  EXPECT_LE(rows.size(), 5U);
  EXPECT_TRUE(has(result.err, std::to_string(100 - rows.size()) + " rows have no result"))
      << result.err;
}

TEST(BatchWithSimulator, DoesNotStopOnceAKeyWasTaken) {
  Simulator simulator(SimulatorOptions().instant());
  simulator.on_request([](const SimulatedRequest& request) -> std::optional<SimulatedReply> {
    if (request.body.find("topic 1\"") != std::string::npos) return std::nullopt;
    return SimulatedReply::http(403, "application/json", R"({"error":{"message":"not this"}})");
  });
  const ProgramResult result = run_program(
      batch(simulator, {"-", "-o", "-", "--max-concurrency", "1"}).input(numbered_prompts(10)));
  EXPECT_EQ(result.code, 3) << result.err;
  EXPECT_EQ(output_rows(result.out).size(), 10U);
}

TEST(BatchWithSimulator, DoesNotOverwriteUnlessItIsForced) {
  const Simulator simulator(instant());
  const TemporaryFolder folder;
  const std::string input = folder.file("in", "hello\n");
  const std::string out = folder.file("out", "precious\n");
  const ProgramResult refused = run_program(batch(simulator, {input, "-o", out}));
  EXPECT_EQ(refused.code, 2);
  EXPECT_TRUE(has(refused.err, "--force")) << refused.err;
  EXPECT_EQ(read_file(out), "precious\n");
  EXPECT_EQ(simulator.stats().requests, 0U);
  EXPECT_EQ(run_program(batch(simulator, {input, "-o", out, "--force"})).code, 0);
  EXPECT_EQ(output_rows(read_file(out)).size(), 1U);
  const std::string empty = folder.file("empty", "");
  EXPECT_EQ(run_program(batch(simulator, {input, "-o", empty})).code, 0);
  EXPECT_EQ(run_program(batch(simulator, {input, "-o", input, "--force"})).code, 2);
  EXPECT_EQ(read_file(input), "hello\n");
}

/// Whole lines; the last one may be in the middle of being written.
std::ptrdiff_t lines_in(const std::string& path) {
  const std::string text = read_file(path);
  return std::count(text.begin(), text.end(), '\n');
}

TEST(BatchWithSimulator, KeepsFinishedRowsWhenItIsInterrupted) {
  const TemporaryFolder folder;
  for (const char* order : {"--max-concurrency=8", "--ordered"}) {
    // The first twenty rows are answered at once, the others never.
    Simulator simulator(SimulatorOptions().instant());
    simulator.on_request([](const SimulatedRequest& request) -> std::optional<SimulatedReply> {
      const std::size_t number = request.body.find("topic ") + 6;
      if (std::stoi(request.body.substr(number, 4)) <= 20) return std::nullopt;
      return SimulatedReply().hang();
    });
    const std::string out = folder.path(std::string("out") + order);
    Program program(batch(simulator, {folder.file("in", numbered_prompts(500)), "-o", out, order}));
    EXPECT_TRUE(program.wait_until([&] { return lines_in(out) == 20; }));
    program.send_signal(SIGINT);
    const ProgramResult result = program.wait();
    EXPECT_EQ(result.code, 130) << result.err;
    EXPECT_EQ(by_id(output_rows(read_file(out))).size(), 20U);
    EXPECT_TRUE(has(result.err, "20 ok")) << result.err;
    EXPECT_TRUE(has(result.err, "480 rows have no result")) << result.err;
  }
}

TEST(BatchWithSimulator, EndsOnCtrlCWhileItWaitsForInput) {
  const Simulator simulator(instant());
  const TemporaryFolder folder;
  const std::string out = folder.path("out");
  Program program(batch(simulator, {"-", "-o", out}).input(numbered_prompts(3)).keep_stdin_open());
  // The lines come to the file although neither the buffer is full nor the input over.
  EXPECT_TRUE(program.wait_until([&] { return lines_in(out) == 3; }));
  program.send_signal(SIGINT);
  const ProgramResult result = program.wait();
  EXPECT_EQ(result.code, 130);
  EXPECT_TRUE(has(result.err, "3 ok")) << result.err;
}

TEST(BatchWithSimulator, EndsQuietlyWhenNobodyReadsOn) {
  const Simulator simulator(instant());
  Program program(batch(simulator, {"-", "-o", "-"}).input(numbered_prompts(2000)));
  EXPECT_TRUE(program.wait_for_stdout("\n"));
  program.stop_reading_stdout();
  const ProgramResult result = program.wait();
  EXPECT_EQ(result.code, 141);
  EXPECT_FALSE(has(result.err, "error:")) << result.err;
}

TEST(BatchWithSimulator, TellsOfAFullDisk) {
  const Simulator simulator(instant());
  const ProgramResult result =
      run_program(batch(simulator, {"-", "-o", "/dev/full"}).input(numbered_prompts(3)));
  EXPECT_EQ(result.code, 1) << result.err;
  EXPECT_TRUE(has(result.err, "/dev/full")) << result.err;
}

}  // namespace
}  // namespace cochain::testing
