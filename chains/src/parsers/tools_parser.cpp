// Tool calls out of answers.

#include "cochain/chains/parsers/tools_parser.hpp"

#include <algorithm>
#include <memory>

#include "cochain/chains/model/error.hpp"
#include "cochain/chains/parsers/partial_json.hpp"

namespace cochain {

template class Runnable<AIMessage, std::vector<ParsedToolCall>>;
namespace {

void check_name(const ToolsParserOptions& options, const std::string& name) {
  const std::vector<std::string>& tools = options.tools;
  if (tools.empty() || std::find(tools.begin(), tools.end(), name) != tools.end()) return;
  std::string known;
  for (const std::string& tool : tools) known += (known.empty() ? "" : ", ") + tool;
  throw ParseError("the model calls a tool that was not offered: " + name + " is none of " + known);
}

/// Lenient in what strings may hold, as the partial parser is; but all of it must be there.
JsonObject arguments_of(const ToolCall& call, FinishReason reason) {
  PartialJsonParser parser(PartialProfile::kLangChain);
  parser.feed(call.arguments);
  parser.finish();
  if (call.arguments.find_first_not_of(" \n\r\t") == std::string::npos) return JsonObject();
  if (parser.done() && !parser.failed() && parser.value().is_object()) {
    return parser.value().get_object();
  }
  std::string why = "the arguments for the tool " + call.name + " are no JSON object";
  if (reason == FinishReason::kLength) {
    why += ": the answer was cut off at its greatest length";
  } else if (parser.failed()) {
    why += ": " + parser.error();
  } else if (!parser.done()) {
    why += ": they end too early";
  }
  throw ParseError(why, call.arguments);
}

/// The calls of a message that is still arriving.
class ToolReader {
 public:
  explicit ToolReader(ToolsParserOptions options) : options_(std::move(options)) {}

  /// True if there is something new to be seen.
  bool feed(AIMessageChunk chunk) {
    const ContentEvent& event = chunk.event();
    const bool tool = event.block == BlockType::kToolCall;
    const std::uint32_t index = event.index;
    const std::string text = tool && event.kind == EventKind::kDelta ? event.text : std::string();
    message_ += std::move(chunk);
    return tool && grow(index, text);
  }
  [[nodiscard]] std::vector<ParsedToolCall> seen() {
    std::vector<ParsedToolCall> calls;
    for (Growing& call : growing_) {
      const Json* arguments = call.parser.visible();
      const auto* part = std::get_if<ToolCall>(&message_.parts[call.index]);
      if (part == nullptr || arguments == nullptr || !arguments->is_object()) continue;
      calls.emplace_back(part->name, arguments->get_object(), part->id);
    }
    return calls;
  }
  [[nodiscard]] const AIMessage& message() const noexcept { return message_; }

 private:
  class Growing {
   public:
    explicit Growing(std::uint32_t the_index)
        : index(the_index), parser(PartialProfile::kLangChain) {}
    std::uint32_t index;
    PartialJsonParser parser;
    std::uint64_t revision = 0;
    bool checked = false;
  };

  bool grow(std::uint32_t index, const std::string& text) {
    auto call = std::find_if(growing_.begin(), growing_.end(),
                             [&](const Growing& one) { return one.index == index; });
    if (call == growing_.end()) {
      if (options_.first_only && !growing_.empty()) return false;
      call = growing_.emplace(growing_.end(), index);
    }
    if (text.empty()) return false;
    if (!std::exchange(call->checked, true)) {
      const auto* part = std::get_if<ToolCall>(&message_.parts[index]);
      if (part != nullptr && !part->name.empty()) check_name(options_, part->name);
    }
    call->parser.feed(text);
    const std::uint64_t revision = call->parser.revision();
    return revision != std::exchange(call->revision, revision) && call->parser.visible() != nullptr;
  }

  ToolsParserOptions options_;
  AIMessage message_;
  std::vector<Growing> growing_;
};

std::vector<ParsedToolCall> parse_calls(const ToolsParserOptions& options,
                                        const AIMessage& message) {
  std::vector<ParsedToolCall> calls;
  for (const ContentPart& part : message.parts) {
    const auto* call = std::get_if<ToolCall>(&part);
    if (call == nullptr) continue;
    if (options.first_only && !calls.empty()) break;
    check_name(options, call->name);
    calls.emplace_back(call->name, arguments_of(*call, message.finish_reason), call->id);
  }
  return calls;
}

Stream<std::vector<ParsedToolCall>> read_calls(ToolsParserOptions options,
                                               Stream<AIMessageChunk> input) {
  ToolReader reader(options);
  std::vector<ParsedToolCall> last;
  while (auto chunk = co_await input.next()) {
    const bool changed = reader.feed(std::move(*chunk));
    if (!changed) continue;
    std::vector<ParsedToolCall> calls = reader.seen();
    if (calls == last) continue;
    last = calls;
    co_yield std::move(calls);
  }
  std::vector<ParsedToolCall> whole = parse_calls(options, reader.message());
  if (whole != last) co_yield std::move(whole);
}

}  // namespace

std::vector<ParsedToolCall> ToolsOutputParser::parse(const AIMessage& message) const {
  return parse_calls(options_, message);
}

std::string ToolsOutputParser::get_format_instructions() const {
  return "Answer by calling the tools that you were given.";
}

Coro<std::vector<ParsedToolCall>> ToolsOutputParser::do_invoke(AIMessage input, RunConfig) const {
  co_return parse_calls(options_, input);
}

Stream<std::vector<ParsedToolCall>> ToolsOutputParser::do_transform(Stream<AIMessageChunk> input,
                                                                    RunConfig) const {
  return read_calls(options_, std::move(input));
}

}  // namespace cochain
