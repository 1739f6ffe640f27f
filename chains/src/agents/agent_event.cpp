// The events of an agent, and how they add up.

#include "cochain/chains/agents/agent_event.hpp"

namespace cochain {
namespace {

AgentEventKind kind_of(ToolEventKind kind) noexcept {
  switch (kind) {
    case ToolEventKind::kStart: return AgentEventKind::kToolStart;
    case ToolEventKind::kProgress: return AgentEventKind::kToolProgress;
    case ToolEventKind::kResult: break;
  }
  return AgentEventKind::kToolResult;
}

}  // namespace

AgentEvent::AgentEvent(std::size_t the_step, AIMessageChunk chunk)
    : kind(AgentEventKind::kChunk), step(the_step), what_(std::move(chunk)) {}
AgentEvent::AgentEvent(std::size_t the_step, AIMessage message)
    : kind(AgentEventKind::kStepEnd), step(the_step), what_(std::move(message)) {}
AgentEvent::AgentEvent(std::size_t the_step, std::shared_ptr<AgentAnswer> answer)
    : kind(AgentEventKind::kDone), step(the_step), what_(std::move(answer)) {}
AgentEvent::AgentEvent(const AgentEvent& other) = default;
AgentEvent::AgentEvent(AgentEvent&& other) noexcept = default;
AgentEvent& AgentEvent::operator=(const AgentEvent& other) = default;
AgentEvent& AgentEvent::operator=(AgentEvent&& other) noexcept = default;
AgentEvent::~AgentEvent() = default;

AgentAnswer::AgentAnswer() = default;
AgentAnswer::AgentAnswer(const AgentAnswer& other) = default;
AgentAnswer::AgentAnswer(AgentAnswer&& other) noexcept = default;
AgentAnswer& AgentAnswer::operator=(const AgentAnswer& other) = default;
AgentAnswer& AgentAnswer::operator=(AgentAnswer&& other) noexcept = default;
AgentAnswer::~AgentAnswer() = default;
bool operator==(const AgentAnswer& left, const AgentAnswer& right) = default;

AgentEvent::AgentEvent(std::size_t the_step, ToolEvent event)
    : kind(kind_of(event.kind)), step(the_step), what_(std::move(event)) {}

std::string_view AgentEvent::text() const noexcept {
  const AIMessageChunk* piece = chunk();
  return piece == nullptr ? std::string_view() : piece->content();
}

const AgentAnswer* AgentEvent::answer() const noexcept {
  const auto* answer = std::get_if<std::shared_ptr<AgentAnswer>>(&what_);
  return answer == nullptr ? nullptr : answer->get();
}

AgentAnswer AgentEvent::take_answer() {
  auto* answer = std::get_if<std::shared_ptr<AgentAnswer>>(&what_);
  if (answer == nullptr) throw InvalidStateError("this event of an agent brings no answer");
  if (answer->use_count() == 1) return std::move(**answer);
  return **answer;
}

std::vector<AgentEvent> ChunkTraits<AgentAnswer>::split(AgentAnswer value) {
  const std::size_t step = value.steps;
  std::vector<AgentEvent> events;
  events.emplace_back(step, std::make_shared<AgentAnswer>(std::move(value)));
  return events;
}

}  // namespace cochain
