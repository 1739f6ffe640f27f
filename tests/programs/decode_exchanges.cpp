// Recorded exchanges with model APIs to what a program sees of them, by the whole model over a
// replay of the exchange.
//
//   decode_exchanges [--split SEED] < exchanges.jsonl
//
// A line in is an exchange in the form of cochain/testing/replay_transport.hpp with "family",
// "provider", "scenario", "name" and "step"; only the family "openai-chat" is read. With --split,
// the body arrives in pieces of random sizes.
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

#include "cochain/chains/model/error.hpp"
#include "cochain/core/runners.hpp"
#include "cochain/providers/openai.hpp"
#include "cochain/testing/replay_transport.hpp"
#include "json_lines.hpp"

namespace {

using namespace cochain;
using cochain::testing::RecordedExchange;
using cochain::testing::ReplayOptions;
using cochain::testing::ReplayTransport;

constexpr std::string_view kEnd = "/chat/completions";

/// What arguments are worth: their JSON, or the text marked as invalid.
Json arguments_of(const ToolCall& call) {
  try {
    return parse_json(call.arguments.empty() ? "{}" : std::string_view(call.arguments));
  } catch (const ParseError&) {
    return json_object("_invalid", call.arguments);
  }
}

JsonArray calls_of(const AIMessage& message) {
  JsonArray calls;
  for (const ToolCall& call : message.tool_calls()) {
    calls.push_back(json_object("id", call.id, "name", call.name, "args", arguments_of(call)));
  }
  return calls;
}

Json usage_of(const Usage& usage) {
  if (!usage.known) return nullptr;
  return json_object("input", usage.input_tokens, "output", usage.output_tokens);
}

std::shared_ptr<ChatModel> model_over(RecordedExchange exchange, ReplayOptions options) {
  if (exchange.path.size() < kEnd.size() || !exchange.path.ends_with(kEnd)) {
    throw Error("the path does not end in " + std::string(kEnd));
  }
  const std::string base = exchange.path.substr(0, exchange.path.size() - kEnd.size());
  std::vector<RecordedExchange> exchanges;
  exchanges.push_back(std::move(exchange));
  auto replay = std::make_shared<ReplayTransport>(std::move(exchanges), std::move(options));
  return make_openai_model(OpenAIOptions("m")
                               .with_base_url("https://replay.invalid" + base)
                               .with_transport(std::move(replay)));
}

/// Adds what came to `message`, which is right also if this throws in mid-answer.
Coro<> ask(std::shared_ptr<ChatModel> model, AnswerMode mode, AIMessage& message) {
  if (mode == AnswerMode::kWhole) {
    message = co_await model->generate(messages("replay"), ChatOptions());
    co_return;
  }
  Stream<ContentEvent> events = model->generate_events(messages("replay"), ChatOptions());
  while (auto event = co_await events.next()) apply(message, std::move(*event));
}

Json decode(const Json& line, ReplayOptions options) {
  const JsonObject* row = line.if_object();
  if (row == nullptr) throw Error("the line is no object");
  const Json* family = row->if_contains("family");
  if (family == nullptr || *family != "openai-chat") {
    throw Error("only exchanges of the family openai-chat are read");
  }
  RecordedExchange exchange = testing::exchange_from_json(line);
  const AnswerMode mode = exchange.stream ? AnswerMode::kStream : AnswerMode::kWhole;
  AIMessage message;
  Json error;
  Json http_error;
  try {
    run(ask(model_over(std::move(exchange), std::move(options)), mode, message));
  } catch (const ModelError& thrown) {
    error = thrown.what();
    if (dynamic_cast<const HttpError*>(&thrown) != nullptr) http_error = thrown.status();
  }
  JsonObject out;
  for (const char* name : {"provider", "scenario", "name", "step"}) {
    const Json* member = row->if_contains(name);
    out[name] = member != nullptr ? *member : Json();
  }
  out["text"] = message.text();
  out["reasoning"] = message.reasoning();
  out["refusal"] = message.refusal();
  out["tool_calls"] = calls_of(message);
  out["finish"] = to_string(message.finish_reason);
  out["finish_raw"] = message.finish_raw;
  out["usage"] = usage_of(message.usage);
  out["error"] = std::move(error);
  if (!http_error.is_null()) out["http_error"] = std::move(http_error);
  return out;
}

std::optional<std::uint64_t> seed_of(std::string_view text) {
  std::uint64_t seed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return seed;
}

}  // namespace

int main(int count, char** arguments) {
  std::optional<std::uint64_t> seed;
  if (count == 3 && std::string_view(arguments[1]) == "--split") seed = seed_of(arguments[2]);
  if (count != 1 && !seed) {
    std::cerr << "usage: decode_exchanges [--split SEED] < exchanges.jsonl\n";
    return 2;
  }
  return programs::for_each_line([&](const Json& line, std::size_t number) {
    ReplayOptions options;
    if (seed) options.with_split(*seed + number);
    return decode(line, std::move(options));
  });
}
