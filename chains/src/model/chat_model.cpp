// A chat model as a step of a chain.

#include "cochain/chains/model/chat_model.hpp"

#include <utility>

namespace cochain {
namespace {

bool says_something(const ContentEvent& event) noexcept {
  switch (event.kind) {
    case EventKind::kDelta:
    case EventKind::kMessageStart:
    case EventKind::kMessageFinish: return true;
    case EventKind::kBlockStart:  // a tool call is announced by it
    case EventKind::kBlockFinish: return event.detail != nullptr;
  }
  return true;
}

Stream<AIMessageChunk> chunks_of(Stream<ContentEvent> events) {
  while (auto event = co_await events.next()) {
    if (says_something(*event)) co_yield AIMessageChunk(std::move(*event));
  }
}

}  // namespace

Coro<AIMessage> ChatModel::do_invoke(Messages input, RunConfig) const {
  return generate(std::move(input), options());
}

Stream<AIMessageChunk> ChatModel::do_stream(Messages input, RunConfig) const {
  return chunks_of(generate_events(std::move(input), options()));
}

}  // namespace cochain
