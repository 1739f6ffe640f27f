// The clock starts when the question is asked and is read at the first delta.

#include "model_call.hpp"

#include <utility>

#include "cochain/core/event_loop.hpp"

namespace cochain::cli {

Coro<TimedAnswer> ask_streamed(std::shared_ptr<ChatModel> model, Messages messages,
                               ChatOptions options) {
  EventLoop& loop = EventLoop::current();
  const TimePoint start = loop.time();
  TimedAnswer answer;
  Stream<ContentEvent> events = model->generate_events(std::move(messages), std::move(options));
  while (auto event = co_await events.next()) {
    if (!answer.first_token && event->kind == EventKind::kDelta) {
      answer.first_token = loop.time() - start;
    }
    apply(answer.message, std::move(*event));
  }
  answer.duration = loop.time() - start;
  co_return answer;
}

Coro<TimedAnswer> ask_whole(std::shared_ptr<ChatModel> model, Messages messages,
                            ChatOptions options) {
  EventLoop& loop = EventLoop::current();
  const TimePoint start = loop.time();
  TimedAnswer answer;
  answer.message = co_await model->generate(std::move(messages), std::move(options));
  answer.duration = loop.time() - start;
  co_return answer;
}

Coro<OpenAnswer> open_answer(std::shared_ptr<ChatModel> model, Messages messages,
                             ChatOptions options) {
  OpenAnswer answer;
  answer.rest = model->generate_events(std::move(messages), std::move(options));
  while (auto event = co_await answer.rest.next()) {
    const bool says_something = event->kind == EventKind::kDelta;
    answer.head.push_back(std::move(*event));
    if (says_something) break;
  }
  co_return answer;
}

}  // namespace cochain::cli
