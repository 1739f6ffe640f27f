// `cochain chat`, run as a shell runs it, against a simulated service.

#include <atomic>
#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "cochain/providers/simulator.hpp"
#include "program.hpp"

namespace cochain::testing {
namespace {

using namespace std::chrono_literals;

ProgramSetup chat(const Simulator& simulator, std::vector<std::string> words) {
  words.insert(words.begin(), "chat");
  return ProgramSetup()
      .arguments(std::move(words))
      .variable("OPENAI_BASE_URL", simulator.base_url());
}

SimulatorOptions instant() { return SimulatorOptions().instant().request_log_max(10); }

std::string last_body(const Simulator& simulator) {
  const auto requests = simulator.requests();
  return requests.empty() ? std::string() : requests.back().body;
}

/// A stream of two tokens with control sequences, and its proper end.
SimulatedReply scripted_answer(const std::string& first, const std::string& second) {
  const auto delta = [](const std::string& text) {
    boost::json::value chunk = boost::json::parse(
        R"({"id":"c","object":"chat.completion.chunk","model":"m","choices":[{"index":0}]})");
    chunk.at("choices").at(0).as_object()["delta"] = {{"content", text}};
    return boost::json::serialize(chunk);
  };
  return SimulatedReply::event_stream(
      {delta(first), delta(second),
       R"({"id":"c","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})",
       "[DONE]"});
}

TEST(ChatWithSimulator, PrintsTheAnswerAloneOnStdout) {
  const Simulator simulator(instant());
  const ProgramResult result = run_program(chat(simulator, {"Tell", "me", "about rivers"}));
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_NE(result.out.find("rivers"), std::string::npos);
  EXPECT_TRUE(result.out.ends_with('\n'));
  EXPECT_FALSE(result.out.ends_with("\n\n"));
  EXPECT_EQ(result.err, "");
  EXPECT_NE(last_body(simulator).find(R"("Tell me about rivers")"), std::string::npos);
  EXPECT_NE(last_body(simulator).find(R"("stream":true)"), std::string::npos);
}

TEST(ChatWithSimulator, GivesTheSameAnswerWhole) {
  const Simulator simulator(instant());
  const ProgramResult streamed = run_program(chat(simulator, {"rivers"}));
  const ProgramResult whole = run_program(chat(simulator, {"--no-stream", "rivers"}));
  EXPECT_EQ(whole.code, 0) << whole.err;
  EXPECT_EQ(whole.out, streamed.out);
  EXPECT_EQ(last_body(simulator).find(R"("stream":true)"), std::string::npos);
}

TEST(ChatWithSimulator, PutsWhatIsPipedInBeforeTheWords) {
  const Simulator simulator(instant());
  const ProgramSetup setup = chat(simulator, {"sum", "this", "up"}).input("line one\nline two\n");
  EXPECT_EQ(run_program(setup).code, 0);
  EXPECT_NE(last_body(simulator).find(R"("line one\nline two\n\nsum this up")"), std::string::npos)
      << last_body(simulator);
  EXPECT_EQ(run_program(chat(simulator, {}).input("only this")).code, 0);
  EXPECT_NE(last_body(simulator).find(R"("only this")"), std::string::npos);
}

TEST(ChatWithSimulator, SendsItsOptions) {
  const Simulator simulator(instant());
  const ProgramResult result =
      run_program(chat(simulator, {"-m", "openai:my-model", "-s", "Be brief.", "--temperature",
                                   "0.25", "--max-tokens", "7", "hello"}));
  EXPECT_EQ(result.code, 0) << result.err;
  const boost::json::value body = boost::json::parse(last_body(simulator));
  EXPECT_EQ(body.at("model"), "my-model");
  EXPECT_EQ(body.at("messages").at(0).at("role"), "system");
  EXPECT_EQ(body.at("messages").at(0).at("content"), "Be brief.");
  EXPECT_EQ(body.at("temperature"), 0.25);
  EXPECT_EQ(body.at("max_tokens"), 7);
}

TEST(ChatWithSimulator, TellsTokensAndTimingsOnStderr) {
  const Simulator simulator(instant().answer_tokens(12));
  const ProgramResult result = run_program(chat(simulator, {"-u", "rivers"}));
  EXPECT_EQ(result.code, 0);
  EXPECT_NE(result.err.find("12 out"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("first token"), std::string::npos);
  EXPECT_NE(result.err.find("tokens/s"), std::string::npos);
  EXPECT_EQ(result.out.find("tokens:"), std::string::npos);
}

TEST(ChatWithSimulator, PrintsTokensAsTheyCome) {
  Simulator simulator(SimulatorOptions().instant());
  simulator.on_request([](const SimulatedRequest&) {
    SimulatedReply reply;
    reply.write(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"first\"}}]}\n\n");
    return reply.hang();
  });
  Program program(chat(simulator, {"hello"}));
  EXPECT_TRUE(program.wait_for_stdout("first"));
  program.send_signal(SIGINT);
  const ProgramResult result = program.wait();
  EXPECT_EQ(result.code, 130);
  EXPECT_EQ(result.out, "first\n") << "what came stays, as a whole line";
}

TEST(ChatWithSimulator, RetriesBeforeTheFirstToken) {
  Simulator simulator(SimulatorOptions().instant());
  std::atomic<int> requests = 0;
  simulator.on_request([&requests](const SimulatedRequest&) -> std::optional<SimulatedReply> {
    if (++requests > 2) return std::nullopt;
    return SimulatedReply::http(429, "application/json", R"({"error":{"message":"slow down"}})",
                                {{"retry-after-ms", "1"}});
  });
  const ProgramResult result = run_program(chat(simulator, {"rivers"}));
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_NE(result.err.find("trying again"), std::string::npos);
  EXPECT_EQ(requests, 3);
}

TEST(ChatWithSimulator, TellsARateLimitByItsExitCode) {
  const Simulator simulator(
      SimulatorOptions().instant().fault_rate(SimulatedFault::kRateLimit, 1).retry_after(1ms));
  const ProgramResult result = run_program(chat(simulator, {"--retries", "1", "rivers"}));
  EXPECT_EQ(result.code, 6);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(simulator.stats().requests, 2U);
}

TEST(ChatWithSimulator, PrintsWhatCameOfABrokenAnswer) {
  const Simulator simulator(
      SimulatorOptions().instant().answer_tokens(200).fault_rate(SimulatedFault::kTruncate, 1));
  const ProgramResult result = run_program(chat(simulator, {"rivers"}));
  EXPECT_EQ(result.code, 7) << result.err;
  EXPECT_FALSE(result.out.empty());
  EXPECT_TRUE(result.out.ends_with('\n'));
  EXPECT_NE(result.err.find("cochain: error: "), std::string::npos) << result.err;
  EXPECT_EQ(simulator.stats().requests, 1U) << "nothing is asked again once something was shown";
}

TEST(ChatWithSimulator, GivesUpOnAnAnswerThatStalls) {
  const Simulator simulator(
      SimulatorOptions().instant().answer_tokens(200).fault_rate(SimulatedFault::kStall, 1));
  const ProgramResult result = run_program(chat(simulator, {"--idle-timeout", "0.2", "rivers"}));
  EXPECT_EQ(result.code, 7) << result.err;
  EXPECT_FALSE(result.out.empty());
}

TEST(ChatWithSimulator, TellsAWrongKeyByItsExitCode) {
  const Simulator simulator(SimulatorOptions().instant().api_key("sk-right-key-0000"));
  const ProgramSetup wrong =
      chat(simulator, {"hello"}).variable("OPENAI_API_KEY", "sk-wrong-key-1111");
  const ProgramResult result = run_program(wrong);
  EXPECT_EQ(result.code, 5);
  EXPECT_EQ(result.out, "");
  EXPECT_NE(result.err.find("OPENAI_API_KEY"), std::string::npos) << result.err;
  EXPECT_EQ(result.err.find("wrong-key"), std::string::npos) << result.err;
  const ProgramSetup right =
      chat(simulator, {"hello"}).variable("OPENAI_API_KEY", "sk-right-key-0000");
  EXPECT_EQ(run_program(right).code, 0);
}

TEST(ChatWithSimulator, LeavesTextAsItIsWhereNoTerminalIs) {
  Simulator simulator(SimulatorOptions().instant());
  simulator.on_request(
      [](const SimulatedRequest&) { return scripted_answer("a\x1b[31mred", "\r\nend"); });
  EXPECT_EQ(run_program(chat(simulator, {"hello"})).out, "a\x1b[31mred\r\nend\n");
}

TEST(ChatWithSimulator, TakesControlSequencesOutOnATerminal) {
  Simulator simulator(SimulatorOptions().instant());
  simulator.on_request(
      [](const SimulatedRequest&) { return scripted_answer("a\x1b[3", "1mred\x1b]0;t\x07 end"); });
  const ProgramResult result =
      run_program(chat(simulator, {"hello"}).on_terminals().variable("TERM", "xterm"));
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.out, "ared end\r\n");
}

TEST(ChatWithSimulator, EndsQuietlyWhenNobodyReadsOn) {
  const Simulator simulator(SimulatorOptions()
                                .first_token(SimulatedLatency::none())
                                .between_tokens(SimulatedLatency::fixed(1ms))
                                .answer_tokens(5000));
  Program program(chat(simulator, {"hello"}));
  EXPECT_TRUE(program.wait_for_stdout(" "));
  program.stop_reading_stdout();
  const ProgramResult result = program.wait();
  EXPECT_EQ(result.code, 141);
  EXPECT_EQ(result.err, "");
}

TEST(ChatWithSimulator, SaysThatAClosedStdoutCannotBeWritten) {
  const Simulator simulator(instant());
  const ProgramResult result = run_program(chat(simulator, {"hello"}).close_stdout());
  EXPECT_EQ(result.code, 1);
  EXPECT_NE(result.err.find("stdout"), std::string::npos) << result.err;
}

TEST(ChatWithSimulator, StopsWaitingForAStdinThatNeverEnds) {
  const Simulator simulator(instant());
  Program program(chat(simulator, {"hello"}).input("some text").keep_stdin_open());
  // The signal may come before the program listens to it: then the default action ends it, with
  // the same number.
  program.send_signal(SIGINT);
  EXPECT_EQ(program.wait().code, 130);
}

TEST(Chat, AnswersFromTheSimulatorInsideWithoutAKeyAndSaysSo) {
  const ProgramResult result = run_program({"chat", "rivers"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_NE(result.out.find("rivers"), std::string::npos);
  EXPECT_NE(result.err.find("simulator"), std::string::npos);
  EXPECT_EQ(run_program({"chat", "-m", "sim", "rivers"}).err, "") << "it was asked for";
}

TEST(Chat, RefusesToAskNothing) {
  for (const char* input : {"", "\n \n"}) {
    const ProgramResult result = run_program(ProgramSetup().arguments({"chat"}).input(input));
    EXPECT_EQ(result.code, 2);
    EXPECT_NE(result.err.find("prompt"), std::string::npos);
  }
}

TEST(Chat, TellsConfigurationErrorsFromUsageErrors) {
  EXPECT_EQ(run_program({"chat", "-m", "nobody:x", "hello"}).code, 4);
  EXPECT_EQ(run_program({"chat", "-m", "openai", "hello"}).code, 4);
  const ProgramResult url = run_program(
      ProgramSetup().arguments({"chat", "hi"}).variable("OPENAI_BASE_URL", "localhost:80"));
  EXPECT_EQ(url.code, 4);
  EXPECT_NE(url.err.find("OPENAI_BASE_URL"), std::string::npos);
  EXPECT_EQ(run_program({"chat", "--no-such-option"}).code, 2);
  EXPECT_EQ(run_program({"no-such-command"}).code, 2);
  EXPECT_EQ(run_program(std::vector<std::string>()).code, 2);
}

TEST(Chat, TellsADeadPortByItsExitCode) {
  const ProgramResult result = run_program(ProgramSetup()
                                               .arguments({"chat", "--retries", "0", "hi"})
                                               .variable("OPENAI_BASE_URL", "http://127.0.0.1:1/"));
  EXPECT_EQ(result.code, 7);
  EXPECT_NE(result.err.find("127.0.0.1"), std::string::npos);
}

TEST(Chat, ColoursErrorsOnlyWhereThatIsWanted) {
  ProgramSetup setup = ProgramSetup().arguments({"chat", "-m", "nobody:x", "hello"});
  EXPECT_EQ(run_program(setup).err.find('\x1b'), std::string::npos);
  setup.variable("CLICOLOR_FORCE", "1");
  EXPECT_NE(run_program(setup).err.find('\x1b'), std::string::npos);
  setup.variable("NO_COLOR", "1");
  EXPECT_EQ(run_program(setup).err.find('\x1b'), std::string::npos);
}

TEST(Chat, PrintsHelpAndVersionOnStdout) {
  const ProgramResult help = run_program({"--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_NE(help.out.find("Examples:"), std::string::npos);
  EXPECT_EQ(help.err, "");
  EXPECT_EQ(run_program({"--version"}).out, "cochain " COCHAIN_VERSION "\n");
}

}  // namespace
}  // namespace cochain::testing
