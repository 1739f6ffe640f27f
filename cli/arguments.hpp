// The command line, read: what was asked for, in plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "batch_input.hpp"
#include "cochain/providers/simulator_options.hpp"

namespace cochain::cli {

/// Which model is asked, and how: common to chat and batch.
class ModelArguments {
 public:
  ModelArguments() = default;
  std::string model;   // empty: decided by the environment
  std::string system;  // empty: none
  bool stream = true;
  std::optional<double> temperature;
  std::optional<std::int64_t> max_tokens;
  double idle_timeout_seconds = 60;
  int retries = 2;

  [[nodiscard]] ChatOptions chat_options() const;
  [[nodiscard]] std::chrono::milliseconds idle_timeout() const;
};

/// `cochain chat`
class ChatArguments {
 public:
  ChatArguments() = default;
  ModelArguments model;
  bool show_usage = false;
  std::vector<std::string> tools;  // names
  std::string prompt;              // the words, joined
};

/// `cochain batch`
class BatchArguments {
 public:
  BatchArguments() = default;
  ModelArguments model;
  std::string input;   // "-" is stdin
  std::string output;  // "-" is stdout
  InputFormat format = InputFormat::kDetect;
  std::string prompt_template;
  std::size_t max_concurrency = 16;
  bool ordered = false;
  bool force = false;
};

/// `cochain sim`
class SimArguments {
 public:
  SimArguments() = default;
  SimulatorOptions options;
  std::string api_key_env;
};

/// `cochain doctor`
class DoctorArguments {
 public:
  DoctorArguments() = default;
};

/// How `cochain tasks` shows what it found.
enum class TasksView { kTable, kWideTable, kJson, kTree };

/// `cochain tasks ps` and `cochain tasks pstree`
class TasksArguments {
 public:
  TasksArguments() = default;
  int pid = 0;
  TasksView view = TasksView::kTable;
};

/// What `cochain tokens` writes.
enum class TokensOutput { kCount, kIds, kJsonLines };

/// `cochain tokens`
class TokensArguments {
 public:
  TokensArguments() = default;
  std::string encoding;            // empty: that of the model
  std::string model;               // empty: o200k_base is meant
  std::string vocabulary;          // a rank file; empty: that of tiktoken's cache
  std::vector<std::string> files;  // none: stdin
  TokensOutput output = TokensOutput::kCount;
};

/// `cochain tokens fetch`
class FetchArguments {
 public:
  FetchArguments() = default;
  std::vector<std::string> encodings;
  std::string from;  // the folder of a mirror; empty: where OpenAI publishes them
};

/// A text to print on stdout, and nothing else to do: --help, --version.
class TextToPrint {
 public:
  explicit TextToPrint(std::string the_text) : text(std::move(the_text)) {}
  std::string text;
};

using Arguments = std::variant<ChatArguments, BatchArguments, SimArguments, TasksArguments,
                               TokensArguments, FetchArguments, DoctorArguments, TextToPrint>;

/// Reads the command line.
/// Errors:   UsageError.
[[nodiscard]] Arguments parse_arguments(int argc, const char* const* argv);

}  // namespace cochain::cli
