// A chat model that gives prepared answers one after the other and keeps what it was asked.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cochain/chains/model/chat_model.hpp"
#include "cochain/core/timeouts.hpp"

namespace cochain::testing {

class ScriptedModel final : public ChatModel {
 public:
  class Asked {
   public:
    Messages messages;
    ChatOptions options;
  };

  void add(AIMessage answer) { answers_.push_back(std::move(answer)); }
  void set_options(ChatOptions options) { options_ = std::move(options); }
  /// Texts and arguments come in pieces of this many bytes, each after a pause.
  void cut_every(std::size_t bytes, Duration pause = Duration::zero()) {
    bytes_ = bytes;
    pause_ = pause;
  }

  [[nodiscard]] std::string name() const override { return "scripted"; }
  [[nodiscard]] const ChatOptions& options() const noexcept override { return options_; }
  [[nodiscard]] Coro<AIMessage> generate(Messages messages, ChatOptions options) const override {
    return sum(generate_events(std::move(messages), std::move(options)));
  }
  [[nodiscard]] Stream<ContentEvent> generate_events(Messages messages,
                                                     ChatOptions options) const override {
    asked.push_back(Asked{std::move(messages), std::move(options)});
    if (answers_.empty()) throw ConnectError(ConnectError::Kind::kDns, "nobody answers");
    AIMessage answer = std::move(answers_.front());
    answers_.pop_front();
    return play(to_events(std::move(answer)), bytes_, pause_);
  }

  mutable std::vector<Asked> asked;

 private:
  static Stream<ContentEvent> play(std::vector<ContentEvent> events, std::size_t bytes,
                                   Duration pause) {
    for (ContentEvent& event : events) {
      if (event.kind != EventKind::kDelta || event.text.empty()) {
        co_yield std::move(event);
        continue;
      }
      for (std::size_t at = 0; at < event.text.size(); at += bytes) {
        if (pause > Duration::zero()) co_await sleep(pause);
        ContentEvent piece(event.kind, event.block, event.index, event.text.substr(at, bytes));
        co_yield std::move(piece);
      }
    }
  }
  static Coro<AIMessage> sum(Stream<ContentEvent> events) {
    AIMessage message;
    while (auto event = co_await events.next()) apply(message, std::move(*event));
    co_return message;
  }

  mutable std::deque<AIMessage> answers_;
  ChatOptions options_;
  std::size_t bytes_ = std::size_t{1} << 20U;
  Duration pause_ = Duration::zero();
};

/// A model with these answers.
template <class... Answers>
std::shared_ptr<ScriptedModel> scripted(Answers... answers) {
  auto model = std::make_shared<ScriptedModel>();
  (model->add(std::move(answers)), ...);
  return model;
}

}  // namespace cochain::testing
