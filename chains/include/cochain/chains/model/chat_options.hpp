// What a caller may ask of a model beside the conversation itself.
// Plain words for what most providers know; `extra` passes on what only one of them knows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cochain {

/// A tool that the model may call.
/// Shape:    `parameters` is the text of a JSON Schema for one object; empty means no arguments.
class ToolSpec {
 public:
  ToolSpec() = default;
  ToolSpec(std::string the_name, std::string the_description, std::string the_parameters = {})
      : name(std::move(the_name)),
        description(std::move(the_description)),
        parameters(std::move(the_parameters)) {}

  std::string name;
  std::string description;
  std::string parameters;
  /// Whether the provider shall hold the model to the schema; left to the provider if not said.
  std::optional<bool> strict;

  friend bool operator==(const ToolSpec&, const ToolSpec&) = default;
};

/// Whether the model may, must or must not call tools.
class ToolChoice {
 public:
  enum class Kind : std::uint8_t { kAutomatic, kNone, kRequired, kTool };

  [[nodiscard]] static ToolChoice automatic() { return ToolChoice(Kind::kAutomatic, {}); }
  [[nodiscard]] static ToolChoice none() { return ToolChoice(Kind::kNone, {}); }
  [[nodiscard]] static ToolChoice required() { return ToolChoice(Kind::kRequired, {}); }
  /// This one tool, and no other.
  [[nodiscard]] static ToolChoice tool(std::string name) {
    return ToolChoice(Kind::kTool, std::move(name));
  }

  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  friend bool operator==(const ToolChoice&, const ToolChoice&) = default;

 private:
  ToolChoice(Kind kind, std::string name) : kind_(kind), name_(std::move(name)) {}
  Kind kind_;
  std::string name_;
};

/// Whether one answer may call several tools.
enum class ParallelToolCalls : std::uint8_t { kNo, kYes };

/// Whether an answer is asked for in pieces where somebody wants pieces.
enum class Streaming : std::uint8_t {
  kOn,
  kOff,           ///< it is asked for whole, and a stream of it comes at its end
  kOffWithTools,  ///< the same, but only where there are tools that it may call
};

/// The settings of one model call: `ChatOptions().temperature(0.2).max_tokens(100)`.
/// Shape:    each word sets when given a value and reads when given none; what is not set is not
///           sent, so that the provider's own default holds.
/// Units:    max_tokens in tokens of output, reasoning included.
/// Errors:   never here; raw JSON (tools, response_format, extra) is checked when it is encoded.
class ChatOptions {
 public:
  ChatOptions();
  ChatOptions(const ChatOptions& other);
  ChatOptions(ChatOptions&& other) noexcept;
  ChatOptions& operator=(const ChatOptions& other);
  ChatOptions& operator=(ChatOptions&& other) noexcept;
  ~ChatOptions();

  ChatOptions& temperature(double value) { return set(temperature_, value); }
  ChatOptions& top_p(double value) { return set(top_p_, value); }
  ChatOptions& max_tokens(std::int64_t value) { return set(max_tokens_, value); }
  ChatOptions& seed(std::int64_t value) { return set(seed_, value); }
  /// Adds one text at which the model stops.
  ChatOptions& stop(std::string value) { return add(stop_, std::move(value)); }
  /// Adds one tool; `tools()` replaces them all.
  ChatOptions& tool(ToolSpec value) { return add(tools_, std::move(value)); }
  ChatOptions& tools(std::vector<ToolSpec> value) { return set(tools_, std::move(value)); }
  ChatOptions& tool_choice(ToolChoice value) { return set(tool_choice_, std::move(value)); }
  /// Sent only beside tools.
  ChatOptions& parallel_tool_calls(ParallelToolCalls value) {
    return set(parallel_tool_calls_, value);
  }
  /// For models that stream badly, or with tools not at all. Never sent.
  ChatOptions& streaming(Streaming value) { return set(streaming_, value); }
  /// The text of the dialect's own JSON object for the answer's format.
  ChatOptions& response_format(std::string json) { return set(response_format_, std::move(json)); }
  /// "none", "minimal", "low", "medium", "high" or a newer word.
  ChatOptions& reasoning_effort(std::string value) {
    return set(reasoning_effort_, std::move(value));
  }
  /// Adds a member to the request as it is: `extra("logprobs", "true")`. Wins over all the others.
  ChatOptions& extra(std::string name, std::string json) {
    return add(extra_, std::pair(std::move(name), std::move(json)));
  }

  [[nodiscard]] std::optional<double> temperature() const noexcept { return temperature_; }
  [[nodiscard]] std::optional<double> top_p() const noexcept { return top_p_; }
  [[nodiscard]] std::optional<std::int64_t> max_tokens() const noexcept { return max_tokens_; }
  [[nodiscard]] std::optional<std::int64_t> seed() const noexcept { return seed_; }
  [[nodiscard]] const std::vector<std::string>& stop() const noexcept { return stop_; }
  [[nodiscard]] const std::vector<ToolSpec>& tools() const noexcept { return tools_; }
  [[nodiscard]] const std::optional<ToolChoice>& tool_choice() const noexcept {
    return tool_choice_;
  }
  [[nodiscard]] std::optional<ParallelToolCalls> parallel_tool_calls() const noexcept {
    return parallel_tool_calls_;
  }
  [[nodiscard]] std::optional<Streaming> streaming() const noexcept { return streaming_; }
  /// True if an answer may be asked for in pieces.
  [[nodiscard]] bool streams() const noexcept;
  [[nodiscard]] const std::string& response_format() const noexcept { return response_format_; }
  [[nodiscard]] const std::string& reasoning_effort() const noexcept { return reasoning_effort_; }
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& extra() const noexcept {
    return extra_;
  }
  /// Both: what `later` says holds where it says something; its tools replace, its `extra` adds.
  [[nodiscard]] ChatOptions merged_with(const ChatOptions& later) const;
  friend bool operator==(const ChatOptions& left, const ChatOptions& right);

 private:
  template <class Member, class Value>
  ChatOptions& set(Member& member, Value value) {
    member = std::move(value);
    return *this;
  }
  template <class Item>
  ChatOptions& add(std::vector<Item>& list, Item value) {
    list.push_back(std::move(value));
    return *this;
  }

  std::optional<double> temperature_;
  std::optional<double> top_p_;
  std::optional<std::int64_t> max_tokens_;
  std::optional<std::int64_t> seed_;
  std::vector<std::string> stop_;
  std::vector<ToolSpec> tools_;
  std::optional<ToolChoice> tool_choice_;
  std::optional<ParallelToolCalls> parallel_tool_calls_;
  std::optional<Streaming> streaming_;
  std::string response_format_;
  std::string reasoning_effort_;
  std::vector<std::pair<std::string, std::string>> extra_;
};

}  // namespace cochain
