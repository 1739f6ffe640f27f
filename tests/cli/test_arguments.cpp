// What the command line is read as, and what is refused.

#include "arguments.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "exit_code.hpp"
#include "terminal.hpp"

namespace cochain::cli {
namespace {

Arguments parse(std::vector<const char*> words) {
  words.insert(words.begin(), "cochain");
  return parse_arguments(static_cast<int>(words.size()), words.data());
}

template <class Command>
Command parse_as(std::vector<const char*> words) {
  return std::get<Command>(parse(std::move(words)));
}

std::string refusal(std::vector<const char*> words) {
  try {
    (void)parse(std::move(words));
  } catch (const UsageError& error) {
    return error.what();
  }
  return "(was accepted)";
}

TEST(Arguments, JoinsTheWordsOfAPrompt) {
  const auto chat = parse_as<ChatArguments>({"chat", "-m", "sim:x", "-s", "Be brief.", "why", "is",
                                             "--temperature", "0.5", "the sky", "blue?"});
  EXPECT_EQ(chat.prompt, "why is the sky blue?");
  EXPECT_EQ(chat.model.model, "sim:x");
  EXPECT_EQ(chat.model.system, "Be brief.");
  EXPECT_EQ(chat.model.temperature, 0.5);
  EXPECT_TRUE(chat.model.stream);
  EXPECT_FALSE(chat.show_usage);
  EXPECT_EQ(chat.model.chat_options().temperature(), 0.5);
}

TEST(Arguments, TakesAPromptThatLooksLikeACommandOrAnOption) {
  EXPECT_EQ(parse_as<ChatArguments>({"chat", "batch", "sim"}).prompt, "batch sim");
  EXPECT_EQ(parse_as<ChatArguments>({"chat", "--", "-m", "--help"}).prompt, "-m --help");
  EXPECT_EQ(parse_as<ChatArguments>({"chat"}).prompt, "");
}

TEST(Arguments, ReadsTheViewsOfTasks) {
  EXPECT_EQ(parse_as<TasksArguments>({"tasks", "ps", "17"}).view, TasksView::kTable);
  EXPECT_EQ(parse_as<TasksArguments>({"tasks", "ps", "-w", "17"}).view, TasksView::kWideTable);
  EXPECT_EQ(parse_as<TasksArguments>({"tasks", "ps", "17", "--json"}).view, TasksView::kJson);
  EXPECT_EQ(parse_as<TasksArguments>({"tasks", "ps", "-w", "--json", "17"}).view, TasksView::kJson);
  const auto tree = parse_as<TasksArguments>({"tasks", "pstree", "2147483647"});
  EXPECT_EQ(tree.view, TasksView::kTree);
  EXPECT_EQ(tree.pid, 2147483647);
  EXPECT_EQ(refusal({"tasks", "ps", "0"}),
            "PID: '0' is no number of a process (see cochain --help)");
}

TEST(Arguments, ReadsTheOptionsOfABatch) {
  const auto batch = parse_as<BatchArguments>(
      {"batch", "in.jsonl", "-o", "out.jsonl", "--max-concurrency", "64", "--ordered", "--force",
       "--no-stream", "--retries", "5", "--idle-timeout", "0.25", "--format", "text", "--template",
       "x {y}", "--max-tokens", "9"});
  EXPECT_EQ(batch.input, "in.jsonl");
  EXPECT_EQ(batch.output, "out.jsonl");
  EXPECT_EQ(batch.max_concurrency, 64U);
  EXPECT_TRUE(batch.ordered);
  EXPECT_TRUE(batch.force);
  EXPECT_FALSE(batch.model.stream);
  EXPECT_EQ(batch.model.retries, 5);
  EXPECT_EQ(batch.model.idle_timeout(), std::chrono::milliseconds(250));
  EXPECT_EQ(batch.format, InputFormat::kText);
  EXPECT_EQ(batch.prompt_template, "x {y}");
  EXPECT_EQ(batch.model.max_tokens, 9);
  const auto plain = parse_as<BatchArguments>({"batch", "-", "-o", "-"});
  EXPECT_EQ(plain.max_concurrency, 16U);
  EXPECT_EQ(plain.model.retries, 2);
  EXPECT_EQ(plain.format, InputFormat::kDetect);
  EXPECT_EQ(plain.model.idle_timeout(), std::chrono::seconds(60));
}

TEST(Arguments, ReadsTheOptionsOfASimulator) {
  const auto sim = parse_as<SimArguments>({"sim",
                                           "--port",
                                           "0",
                                           "--seed",
                                           "7",
                                           "--ttft",
                                           "20",
                                           "--ttft-sigma",
                                           "0.5",
                                           "--itl",
                                           "2",
                                           "--itl-jitter",
                                           "1",
                                           "--answer-tokens",
                                           "12",
                                           "--faults",
                                           "--fault",
                                           "stall=0",
                                           "--fault",
                                           "missing_done=0.25",
                                           "--retry-after",
                                           "50",
                                           "--api-key-env",
                                           "KEY"});
  EXPECT_EQ(sim.options.port(), 0);
  EXPECT_EQ(sim.options.seed(), 7U);
  EXPECT_EQ(sim.options.answer_tokens(), 12U);
  EXPECT_EQ(sim.options.retry_after(), std::chrono::milliseconds(50));
  EXPECT_DOUBLE_EQ(sim.options.fault_rate(SimulatedFault::kRateLimit), 0.03);
  EXPECT_DOUBLE_EQ(sim.options.fault_rate(SimulatedFault::kErrorInStream), 0.01);
  EXPECT_DOUBLE_EQ(sim.options.fault_rate(SimulatedFault::kStall), 0);
  EXPECT_DOUBLE_EQ(sim.options.fault_rate(SimulatedFault::kMissingDone), 0.25);
  EXPECT_EQ(sim.api_key_env, "KEY");
}

TEST(Arguments, RefusesWhatMakesNoSense) {
  EXPECT_NE(refusal({}).find("subcommand"), std::string::npos);
  EXPECT_NE(refusal({"chatt"}).find("chatt"), std::string::npos);
  EXPECT_NE(refusal({"chat", "--unknown"}).find("--unknown"), std::string::npos);
  EXPECT_NE(refusal({"batch", "in"}).find("--output"), std::string::npos);
  EXPECT_NE(refusal({"batch", "-o", "out"}).find("INPUT"), std::string::npos);
  EXPECT_NE(refusal({"batch", "in", "-o", "out", "--max-concurrency", "0"}), "(was accepted)");
  EXPECT_NE(refusal({"batch", "in", "-o", "out", "--format", "csv"}), "(was accepted)");
  EXPECT_NE(refusal({"chat", "--retries", "-1", "x"}), "(was accepted)");
  EXPECT_NE(refusal({"sim", "--fault", "stall"}).find("KIND=RATE"), std::string::npos);
  EXPECT_NE(refusal({"sim", "--fault", "meteor=0.1"}).find("meteor"), std::string::npos);
  EXPECT_NE(refusal({"sim", "--fault", "stall=often"}).find("often"), std::string::npos);
  EXPECT_NE(refusal({"sim", "--fault", "stall=2"}), "(was accepted)");
  EXPECT_NE(refusal({"sim", "--port", "70000"}), "(was accepted)");
  EXPECT_NE(refusal({"sim", "--ttft-sigma", "1"}).find("--ttft"), std::string::npos);
}

TEST(Arguments, PrintsHelpAndVersion) {
  EXPECT_NE(parse_as<TextToPrint>({"--version"}).text.find(COCHAIN_VERSION), std::string::npos);
  const std::string help = parse_as<TextToPrint>({"--help"}).text;
  for (const char* word :
       {"chat", "batch", "sim", "tokens", "doctor", "OPENAI_API_KEY", "Exit codes", "130"}) {
    EXPECT_NE(help.find(word), std::string::npos) << word;
  }
  EXPECT_NE(parse_as<TextToPrint>({"batch", "--help"}).text.find("custom_id"), std::string::npos);
  EXPECT_NE(parse_as<TextToPrint>({"chat", "--help"}).text.find("cochain chat [OPTIONS]"),
            std::string::npos);
}

TEST(Arguments, HaveHelpThatFitsATerminal) {
  for (const char* command : {"chat", "batch", "sim", "tokens", "doctor"}) {
    const std::string help = parse_as<TextToPrint>({command, "--help"}).text;
    for (std::size_t start = 0; start < help.size();) {
      const std::size_t end = std::min(help.find('\n', start), help.size());
      EXPECT_LE(end - start, 100U) << help.substr(start, end - start);
      start = end + 1;
    }
  }
}

TEST(TerminalFacts, ColourOnlyWhereItIsWelcome) {
  TerminalFacts facts;
  EXPECT_FALSE(facts.wants_color());
  facts.is_terminal = true;
  EXPECT_TRUE(facts.wants_color());
  EXPECT_TRUE(facts.can_redraw());
  facts.is_dumb = true;
  EXPECT_FALSE(facts.wants_color());
  EXPECT_FALSE(facts.can_redraw());
  facts.force_color = true;
  EXPECT_TRUE(facts.wants_color());
  facts.is_terminal = false;
  EXPECT_TRUE(facts.wants_color());
  facts.no_color = true;
  EXPECT_FALSE(facts.wants_color());
}

}  // namespace
}  // namespace cochain::cli
