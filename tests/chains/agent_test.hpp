// What the tests of agents share: tools from the toolbox, and models that follow scripts.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cochain/chains/agents/agent.hpp"
#include "cochain/testing/fake_chat_model.hpp"
#include "tool_test.hpp"

namespace cochain::testing::toolbox {

inline ToolCall add_call(int a, int b, std::string id = "") {
  return ToolCall(std::move(id), "add", json_text(json_object("a", a, "b", b)));
}
inline ToolCall wait_call(int ms, std::string say, std::string id = "") {
  return ToolCall(std::move(id), "wait", json_text(json_object("ms", ms, "say", std::move(say))));
}
/// A model that calls add(1, 2) and then says what came of it.
inline std::shared_ptr<FakeChatModel> adding_model() {
  return make_fake(FakeScript::calling(add_call(1, 2)), FakeScript::words("It is 3."));
}

/// An event in short.
inline std::string line_of(const AgentEvent& event) {
  const std::string step = std::to_string(event.step) + " ";
  switch (event.kind) {
    case AgentEventKind::kChunk: return step + "says " + std::string(event.text());
    case AgentEventKind::kToolStart: return step + "starts " + event.tool()->call.name;
    case AgentEventKind::kToolProgress: return step + json_text(event.tool()->progress);
    case AgentEventKind::kToolResult: return step + "gives " + event.tool()->result.content;
    case AgentEventKind::kStepEnd: return step + "ends";
    case AgentEventKind::kDone: return step + "done " + event.answer()->text;
  }
  return step;
}
/// All events in short, without chunks that add no text.
inline Coro<std::vector<std::string>> lines_of(Stream<AgentEvent> events) {
  std::vector<std::string> lines;
  while (auto event = co_await events.next()) {
    const bool silent = event->kind == AgentEventKind::kChunk && event->text().empty();
    if (!silent) lines.push_back(line_of(*event));
  }
  co_return lines;
}

}  // namespace cochain::testing::toolbox
