// `cochain batch`, run as a shell runs it, against a simulated service: what becomes of its rows.

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "batch_program.hpp"

namespace cochain::testing {
namespace {

using namespace std::chrono_literals;
using boost::json::object;

TEST(BatchWithSimulator, AnswersAPromptPerLine) {
  const Simulator simulator(instant());
  const TemporaryFolder folder;
  const std::string out = folder.path("out.jsonl");
  const ProgramResult result = run_program(
      batch(simulator, {folder.file("in.txt", "about rivers\n\nabout stones\r\n"), "-o", out}));
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, "");
  EXPECT_TRUE(has(result.err, "batch: 2 rows: 2 ok, 0 failed, 0 bad; 0 retries")) << result.err;
  EXPECT_TRUE(has(result.err, out));
  const auto rows = by_id(output_rows(read_file(out)));
  ASSERT_EQ(rows.size(), 2U);
  const object& stones = rows.at("row-3");
  EXPECT_EQ(stones.at("id"), "batch_req_3");
  EXPECT_EQ(stones.at("response").at("status_code"), 200);
  const auto& body = stones.at("response").at("body");
  EXPECT_TRUE(
      has(std::string(body.at("choices").at(0).at("message").at("content").as_string()), "stones"));
  EXPECT_EQ(body.at("choices").at(0).at("finish_reason"), "stop");
  EXPECT_GT(body.at("usage").at("completion_tokens").as_int64(), 0);
}

TEST(BatchWithSimulator, TakesEveryFormOfJsonRow) {
  const Simulator simulator(instant());
  const TemporaryFolder folder;
  const std::string input = folder.file(
      "in.jsonl", R"({"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{)"
                  R"("model":"row-model",)"
                  R"("messages":[{"role":"user","content":"about rivers"}],"temperature":0.5}})"
                  "\n"
                  R"({"id":"b","prompt":"about stones"})"
                  "\n"
                  R"({"messages":[{"role":"user","content":"about clouds"}]})"
                  "\n");
  const ProgramResult result =
      run_program(batch(simulator, {input, "-o", "-", "-s", "Be brief.", "--ordered"}));
  EXPECT_EQ(result.code, 0) << result.err;
  const auto rows = output_rows(result.out);
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0].at("custom_id"), "a");
  EXPECT_EQ(rows[0].at("response").at("body").at("model"), "row-model");
  EXPECT_EQ(rows[1].at("custom_id"), "b");
  EXPECT_EQ(rows[2].at("custom_id"), "row-3");
  for (const SimulatedRequest& request : simulator.requests()) {
    EXPECT_TRUE(has(request.body, "Be brief.")) << request.body;
    EXPECT_EQ(has(request.body, "temperature"), has(request.body, "rivers"));
  }
}

TEST(BatchWithSimulator, FillsATemplate) {
  const Simulator simulator(instant());
  const std::string rows = R"({"id":"a","word":"rivers"})"
                           "\n"
                           R"({"id":"b","other":"x"})"
                           "\n";
  const ProgramResult result = run_program(
      batch(simulator, {"-", "-o", "-", "--template", "Explain {word}", "--ordered"}).input(rows));
  EXPECT_EQ(result.code, 3);
  EXPECT_TRUE(has(result.err, "line 2")) << result.err;
  EXPECT_TRUE(has(result.err, "word"));
  ASSERT_EQ(simulator.requests().size(), 1U);
  EXPECT_TRUE(has(simulator.requests()[0].body, "Explain rivers"));
  EXPECT_EQ(code_of(output_rows(result.out).at(1)), "missing_variable");
}

TEST(BatchWithSimulator, ReportsBadRowsAndGoesOn) {
  const Simulator simulator(instant());
  const std::string rows = R"({"id":"a","prompt":"one"})"
                           "\n"
                           "not json\n"
                           R"({"id":"a","prompt":"again"})"
                           "\n"
                           R"({"id":"c","prompt":"bad)"
                           "\xFF"
                           R"("})"
                           "\n"
                           R"({"id":"d","promt":"typo"})"
                           "\n" +
                           std::string(9 << 20, 'x') + "\n" + R"({"id":"e","prompt":"last"})";
  const ProgramResult result =
      run_program(batch(simulator, {"-", "-o", "-", "--ordered"}).input(rows));
  EXPECT_EQ(result.code, 3);
  std::vector<std::pair<std::string, std::string>> outcome;
  for (const object& row : output_rows(result.out)) {
    outcome.emplace_back(row.at("custom_id").as_string(), code_of(row));
  }
  const std::vector<std::pair<std::string, std::string>> expected = {{"a", "ok"},
                                                                     {"row-2", "invalid_json"},
                                                                     {"row-3", "duplicate_id"},
                                                                     {"row-4", "invalid_utf8"},
                                                                     {"d", "invalid_row"},
                                                                     {"row-6", "too_long"},
                                                                     {"e", "ok"}};
  EXPECT_EQ(outcome, expected);
  for (const char* line : {"line 2", "line 3", "line 4", "line 5", "line 6"}) {
    EXPECT_TRUE(has(result.err, line)) << line << '\n' << result.err;
  }
  EXPECT_TRUE(has(result.err, "2 ok, 0 failed, 5 bad")) << result.err;
}

TEST(BatchWithSimulator, KeepsTheOrderWhereThatIsAsked) {
  const Simulator simulator(SimulatorOptions()
                                .first_token(SimulatedLatency::around(5ms, 5ms))
                                .between_tokens(SimulatedLatency::none()));
  const ProgramResult result =
      run_program(batch(simulator, {"-", "-o", "-", "--ordered", "--max-concurrency", "8"})
                      .input(numbered_prompts(200)));
  EXPECT_EQ(result.code, 0) << result.err;
  const auto rows = output_rows(result.out);
  ASSERT_EQ(rows.size(), 200U);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].at("custom_id").as_string(), "row-" + std::to_string(i + 1));
  }
}

TEST(BatchWithSimulator, KeepsToTheConcurrencyItWasGiven) {
  const Simulator simulator(SimulatorOptions()
                                .first_token(SimulatedLatency::fixed(5ms))
                                .between_tokens(SimulatedLatency::none()));
  const ProgramResult result = run_program(
      batch(simulator, {"-", "-o", "-", "--max-concurrency", "7"}).input(numbered_prompts(100)));
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_LE(simulator.stats().requests_in_flight_max, 7U);
  EXPECT_GE(simulator.stats().requests_in_flight_max, 2U);
}

TEST(BatchWithSimulator, AccountsForEveryRowUnderFaults) {
  SimulatorOptions options = SimulatorOptions().instant().seed(11).retry_after(1ms);
  options.fault_rate(SimulatedFault::kRateLimit, 0.1)
      .fault_rate(SimulatedFault::kReset, 0.05)
      .fault_rate(SimulatedFault::kTruncate, 0.05)
      .fault_rate(SimulatedFault::kErrorInStream, 0.05);
  const Simulator simulator(options);
  const TemporaryFolder folder;
  const std::string input = folder.file("in.txt", numbered_prompts(400));
  const ProgramResult result =
      run_program(batch(simulator, {input, "-o", folder.path("out"), "--max-concurrency", "64"}));
  const auto rows = by_id(output_rows(read_file(folder.path("out"))));
  EXPECT_EQ(rows.size(), 400U);
  std::size_t failed = 0;
  for (const auto& [id, row] : rows) failed += code_of(row) == "ok" ? 0 : 1;
  EXPECT_EQ(result.code, failed == 0 ? 0 : 3) << result.err;
  EXPECT_TRUE(has(result.err, std::to_string(400 - failed) + " ok, " + std::to_string(failed) +
                                  " failed, 0 bad; "))
      << result.err;
  EXPECT_FALSE(has(result.err, "; 0 retries")) << result.err;
  EXPECT_GT(simulator.stats().requests, 400U);
}

TEST(BatchWithSimulator, TellsWhatTheServerSaidAboutARowThatFailed) {
  Simulator simulator(SimulatorOptions().instant());
  simulator.on_request([](const SimulatedRequest& request) -> std::optional<SimulatedReply> {
    if (request.body.find("stones") == std::string::npos) return std::nullopt;
    return SimulatedReply::http(400, "application/json",
                                R"({"error":{"message":"no stones","type":"bad"}})",
                                {{"x-request-id", "req_77"}});
  });
  const ProgramResult result =
      run_program(batch(simulator, {"-", "-o", "-", "--ordered"}).input("rivers\nstones\n"));
  EXPECT_EQ(result.code, 3);
  const object row = output_rows(result.out).at(1);
  EXPECT_EQ(code_of(row), "bad_request");
  EXPECT_EQ(row.at("response").at("status_code"), 400);
  EXPECT_EQ(row.at("response").at("request_id"), "req_77");
  EXPECT_EQ(row.at("response").at("body").at("error").at("message"), "no stones");
  EXPECT_TRUE(has(result.err, "no stones")) << result.err;
}

TEST(BatchWithSimulator, AsksWholeAnswersToo) {
  const Simulator simulator(instant());
  const ProgramResult result =
      run_program(batch(simulator, {"-", "-o", "-", "--no-stream"}).input(numbered_prompts(5)));
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(output_rows(result.out).size(), 5U);
  EXPECT_FALSE(has(result.err, "first token")) << "there is none to measure";
  EXPECT_FALSE(has(simulator.requests()[0].body, R"("stream":true)"));
}

TEST(BatchWithSimulator, DrawsABarOnATerminalAndTakesItAway) {
  const Simulator simulator(SimulatorOptions()
                                .first_token(SimulatedLatency::fixed(600ms))
                                .between_tokens(SimulatedLatency::none()));
  const TemporaryFolder folder;
  const ProgramResult result =
      run_program(batch(simulator, {folder.file("in", numbered_prompts(4)), "-o",
                                    folder.path("out"), "--max-concurrency", "2"})
                      .on_terminals()
                      .variable("TERM", "xterm")
                      .variable("LANG", "C.UTF-8"));
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_TRUE(has(result.err, "\r\x1b[Kbatch  50%|█████     | 2/4 [")) << result.err;
  EXPECT_TRUE(has(result.err, "\r\x1b[Kbatch: 4 rows")) << result.err;
}

TEST(BatchWithSimulator, DrawsNothingOnADumbTerminal) {
  const Simulator simulator(SimulatorOptions()
                                .first_token(SimulatedLatency::fixed(150ms))
                                .between_tokens(SimulatedLatency::none()));
  const ProgramResult result = run_program(batch(simulator, {"-", "-o", "/dev/null"})
                                               .input(numbered_prompts(4))
                                               .on_terminals()
                                               .variable("TERM", "dumb"));
  EXPECT_EQ(result.code, 0);
  EXPECT_FALSE(has(result.err, "\x1b")) << result.err;
}

TEST(BatchWithSimulator, WritesProgressAsLinesWhereNoTerminalIs) {
  const Simulator simulator(SimulatorOptions()
                                .first_token(SimulatedLatency::fixed(400ms))
                                .between_tokens(SimulatedLatency::none()));
  const TemporaryFolder folder;
  const ProgramResult result =
      run_program(batch(simulator, {folder.file("in", numbered_prompts(4)), "-o", "/dev/null",
                                    "--max-concurrency", "1"}));
  EXPECT_EQ(result.code, 0);
  EXPECT_TRUE(has(result.err, "/4 [00:0")) << result.err;
  EXPECT_TRUE(has(result.err, " req/s, ")) << result.err;
  EXPECT_FALSE(has(result.err, "\x1b"));
  EXPECT_FALSE(has(result.err, "\r"));
}

TEST(Batch, RefusesFilesThatCannotBeUsed) {
  const TemporaryFolder folder;
  const std::string input = folder.file("in", "hello\n");
  const ProgramResult missing = run_program({"batch", folder.path("none"), "-o", "-"});
  EXPECT_EQ(missing.code, 2);
  EXPECT_TRUE(has(missing.err, "none")) << missing.err;
  EXPECT_EQ(run_program({"batch", folder.path(""), "-o", "-"}).code, 2);
  EXPECT_EQ(run_program({"batch", input, "-o", folder.path("no/such/folder")}).code, 2);
  EXPECT_EQ(run_program({"batch", input, "-o", "-", "--template", "{broken"}).code, 2);
  EXPECT_EQ(run_program({"batch", input, "-o", "-", "-m", "nobody:x"}).code, 4);
}

TEST(Batch, HasNothingToDoForAnEmptyInput) {
  const ProgramResult result =
      run_program(ProgramSetup().arguments({"batch", "-", "-o", "-"}).input("\n \n"));
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, "");
  EXPECT_TRUE(has(result.err, "0 rows")) << result.err;
}

TEST(Batch, LeavesRowsOfADeadServerWithTheirErrors) {
  const ProgramResult result =
      run_program(ProgramSetup()
                      .arguments({"batch", "-", "-o", "-", "--retries", "0"})
                      .input("a\nb\n")
                      .variable("OPENAI_BASE_URL", "http://127.0.0.1:1"));
  EXPECT_EQ(result.code, 3);
  for (const object& row : output_rows(result.out)) {
    EXPECT_EQ(code_of(row), "connect");
    EXPECT_TRUE(row.at("response").is_null());
  }
}

}  // namespace
}  // namespace cochain::testing
