// What the scripted model says.

#include "scripted_model.hpp"

#include <utility>

namespace cochain::bench {
namespace {

bool wants_tools(const std::vector<ToolCall>& calls, const Messages& messages) {
  return !calls.empty() && (messages.empty() || messages.back().role() != Role::kTool);
}

AIMessage calling(const std::vector<ToolCall>& calls) {
  AIMessage message;
  for (const ToolCall& call : calls) message.parts.emplace_back(call);
  message.finish_reason = FinishReason::kToolCalls;
  return message;
}

}  // namespace

ScriptedModel::ScriptedModel(std::vector<std::string> tokens, std::vector<ToolCall> calls) {
  auto script = std::make_shared<Script>();
  std::string text;
  for (const std::string& token : tokens) text += token;
  script->answer = AIMessage(std::move(text));
  script->answer.finish_reason = FinishReason::kStop;
  script->tokens = std::move(tokens);
  script->calls = std::move(calls);
  script_ = std::move(script);
}

Coro<AIMessage> ScriptedModel::generate(Messages messages, ChatOptions) const {
  return answer(script_, std::move(messages));
}
Stream<ContentEvent> ScriptedModel::generate_events(Messages messages, ChatOptions) const {
  return play(script_, std::move(messages));
}

Coro<AIMessage> ScriptedModel::answer(ScriptPointer script, Messages messages) {
  if (wants_tools(script->calls, messages)) co_return calling(script->calls);
  co_return script->answer;
}

Stream<ContentEvent> ScriptedModel::play(ScriptPointer script, Messages messages) {
  if (wants_tools(script->calls, messages)) {
    std::vector<ContentEvent> events = to_events(calling(script->calls));
    for (ContentEvent& event : events) co_yield std::move(event);
    co_return;
  }
  for (const std::string& token : script->tokens) {
    ContentEvent event = ContentEvent::text_delta(0, token);
    co_yield std::move(event);
  }
  const Usage usage(20, static_cast<std::int64_t>(script->tokens.size()));
  ContentEvent end = ContentEvent::message_finish(FinishReason::kStop, "stop", usage);
  co_yield std::move(end);
}

}  // namespace cochain::bench
