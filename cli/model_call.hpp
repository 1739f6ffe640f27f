// One question to a model, with the clock running.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "cochain/chains/model/chat_model.hpp"

namespace cochain::cli {

/// An answer, and how long it took to come.
class TimedAnswer {
 public:
  TimedAnswer() = default;
  AIMessage message;
  std::optional<Duration> first_token;  // nothing if the answer was asked for whole
  Duration duration{0};
};

/// An answer that has begun: its events up to the first that says something, and the rest.
class OpenAnswer {
 public:
  OpenAnswer() = default;
  std::vector<ContentEvent> head;
  Stream<ContentEvent> rest;
};

/// Asks for a stream and adds it up.
[[nodiscard]] Coro<TimedAnswer> ask_streamed(std::shared_ptr<ChatModel> model, Messages messages,
                                             ChatOptions options);

/// Asks for the whole answer at once.
[[nodiscard]] Coro<TimedAnswer> ask_whole(std::shared_ptr<ChatModel> model, Messages messages,
                                          ChatOptions options);

/// Asks for a stream and waits for its first token: the part that can be tried again, since
/// nothing of it was shown yet.
[[nodiscard]] Coro<OpenAnswer> open_answer(std::shared_ptr<ChatModel> model, Messages messages,
                                           ChatOptions options);

}  // namespace cochain::cli
