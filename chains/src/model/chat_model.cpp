// A chat model as a step of a chain.

#include "cochain/chains/model/chat_model.hpp"

#include <utility>

namespace cochain {

template class Runnable<Messages, AIMessage>;
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

// A block is opened by its first delta. One that has none must be opened all the same before a
// later block comes, or the chunks do not add up: so its start is held back until that is known.
Stream<AIMessageChunk> chunks_of(Stream<ContentEvent> events) {
  std::vector<ContentEvent> held;
  while (auto event = co_await events.next()) {
    if (event->kind == EventKind::kBlockStart && !event->detail) held.push_back(*event);
    if (!says_something(*event)) continue;
    const bool ends = event->kind == EventKind::kMessageFinish;
    const bool of_block = event->block != BlockType::kNone;
    while (!held.empty() && (ends || (of_block && held.front().index <= event->index))) {
      ContentEvent start = std::move(held.front());
      held.erase(held.begin());
      if (ends || start.index < event->index) co_yield AIMessageChunk(std::move(start));
    }
    co_yield AIMessageChunk(std::move(*event));
  }
}

Stream<ContentEvent> events_of(Coro<AIMessage> answer) {
  AIMessage message = co_await std::move(answer);
  std::vector<ContentEvent> events = to_events(std::move(message));
  for (ContentEvent& event : events) co_yield std::move(event);
}

Coro<AIMessage> sum_told(Stream<ContentEvent> events, RunConfig config) {
  AIMessage message;
  while (auto event = co_await events.next()) {
    if (says_something(*event)) {
      const AIMessageChunk chunk{ContentEvent(*event)};
      tell_stream(config, RunValue::view(chunk));
      co_await wait_for_room(config);
    }
    apply(message, std::move(*event));
  }
  co_return message;
}

class ModelWithOptions final : public ChatModel {
 public:
  ModelWithOptions(std::shared_ptr<const ChatModel> model, ChatOptions options)
      : model_(std::move(model)), options_(std::move(options)) {}
  [[nodiscard]] std::string name() const override { return model_->name(); }
  [[nodiscard]] const ChatOptions& options() const noexcept override { return options_; }
  [[nodiscard]] Coro<AIMessage> generate(Messages messages, ChatOptions options) const override {
    return answer(model_, std::move(messages), std::move(options));
  }
  [[nodiscard]] Stream<ContentEvent> generate_events(Messages messages,
                                                     ChatOptions options) const override {
    return events(model_, std::move(messages), std::move(options));
  }

 private:
  using Model = std::shared_ptr<const ChatModel>;
  // By value: the model lives as long as its answer comes.
  static Coro<AIMessage> answer(Model model, Messages messages, ChatOptions options) {
    co_return co_await model->generate(std::move(messages), std::move(options));
  }
  static Stream<ContentEvent> events(Model model, Messages messages, ChatOptions options) {
    auto events = model->generate_events(std::move(messages), std::move(options));
    while (auto event = co_await events.next()) co_yield std::move(*event);
  }
  Model model_;
  ChatOptions options_;
};

}  // namespace

Coro<AIMessage> ChatModel::do_invoke(Messages input, RunConfig config) const {
  if (!options().streams() || !wants_pieces(config)) return generate(std::move(input), options());
  return sum_told(generate_events(std::move(input), options()), std::move(config));
}

Stream<AIMessageChunk> ChatModel::do_stream(Messages input, RunConfig) const {
  if (!options().streams()) return chunks_of(events_of(generate(std::move(input), options())));
  return chunks_of(generate_events(std::move(input), options()));
}

std::shared_ptr<ChatModel> with_options(std::shared_ptr<const ChatModel> model,
                                        ChatOptions options) {
  if (!model) throw InvalidStateError("there is no model: the pointer is empty");
  return std::make_shared<ModelWithOptions>(std::move(model), std::move(options));
}

std::shared_ptr<ChatModel> bind(std::shared_ptr<const ChatModel> model, ChatOptions options) {
  ChatOptions both = model ? model->options().merged_with(options) : std::move(options);
  return with_options(std::move(model), std::move(both));
}

std::shared_ptr<ChatModel> bind_tools(std::shared_ptr<const ChatModel> model,
                                      std::vector<ToolSpec> tools, ToolChoice choice) {
  return bind(std::move(model),
              ChatOptions().tools(std::move(tools)).tool_choice(std::move(choice)));
}

}  // namespace cochain
