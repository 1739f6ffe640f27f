// The tools that an answer wants run, with their arguments as JSON.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "cochain/chains/model/parsed_tool_calls.hpp"
#include "cochain/chains/runnable/runnable.hpp"

namespace cochain {

/// What a ToolsOutputParser looks at.
class ToolsParserOptions {
 public:
  ToolsParserOptions() = default;
  /// Gives at most the first call.
  ToolsParserOptions& with_first_only() {
    first_only = true;
    return *this;
  }
  /// A call of any other tool is an error; without a name, any tool will do.
  ToolsParserOptions& with_tool(std::string name) {
    tools.push_back(std::move(name));
    return *this;
  }
  bool first_only = false;
  std::vector<std::string> tools;
};

extern template class Runnable<AIMessage, std::vector<ParsedToolCall>>;

/// The tool calls of an answer.
/// Shape:    in a stream, the calls so far, each time that the arguments of one have changed, as
///           far as they can be seen (PartialProfile::kLangChain); a call is there once something
///           of its arguments is. A later list replaces the earlier one; the last one is what
///           invoke() gives. An answer without calls gives an empty list, and nothing in a stream.
/// Errors:   ParseError with the text of the arguments if they are no JSON object; it says so if
///           the answer was cut off. ParseError if a tool is none of those that were named.
class ToolsOutputParser final : public Runnable<AIMessage, std::vector<ParsedToolCall>> {
 public:
  [[nodiscard]] RunKind kind() const noexcept override { return RunKind::kParser; }
  [[nodiscard]] bool streams() const noexcept override { return true; }
  explicit ToolsOutputParser(ToolsParserOptions options = ToolsParserOptions())
      : options_(std::move(options)) {}
  /// The calls of a whole answer.
  [[nodiscard]] std::vector<ParsedToolCall> parse(const AIMessage& message) const;
  /// What to put into a prompt; models that were given tools need no word.
  [[nodiscard]] std::string get_format_instructions() const;

 protected:
  [[nodiscard]] Coro<std::vector<ParsedToolCall>> do_invoke(AIMessage input,
                                                            RunConfig config) const override;
  [[nodiscard]] Stream<std::vector<ParsedToolCall>> do_transform(Stream<AIMessageChunk> input,
                                                                 RunConfig config) const override;

 private:
  ToolsParserOptions options_;
};

}  // namespace cochain
