// A chat model that plays a script by the loop's clock and counts what becomes of its calls.
// For tests of what stands above a model: no wire, no transport, no thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cochain/chains/model/chat_model.hpp"
#include "cochain/core/timeouts.hpp"

namespace cochain::testing {

/// What a fake model says: after each pause an event, or an error that ends the call.
class FakeScript {
 public:
  class Step {
   public:
    Step(Duration the_pause, ContentEvent the_event)
        : pause(the_pause), event(std::move(the_event)) {}
    Step(Duration the_pause, std::exception_ptr the_error)
        : pause(the_pause), error(std::move(the_error)) {}
    Duration pause;
    ContentEvent event;
    std::exception_ptr error;
  };

  FakeScript() = default;

  /// A whole answer: the first token after `first`, then one after each `gap`.
  static FakeScript saying(std::vector<std::string> tokens, Duration first = Duration::zero(),
                           Duration gap = Duration::zero()) {
    FakeScript script;
    script.then(first, ContentEvent::message_start("answer-1", "fake"));
    Duration pause = Duration::zero();
    for (const std::string& token : tokens) {
      script.then(std::exchange(pause, gap), ContentEvent::text_delta(0, token));
    }
    const Usage usage(3, static_cast<std::int64_t>(tokens.size()));
    script.then(Duration::zero(), ContentEvent::message_finish(FinishReason::kStop, "stop", usage));
    return script;
  }
  FakeScript& then(Duration pause, ContentEvent event) {
    steps.emplace_back(pause, std::move(event));
    return *this;
  }
  /// From event `k` on there is nothing but this error.
  template <class E>
  FakeScript& fail_at(std::size_t k, E error) {
    steps.erase(steps.begin() + static_cast<std::ptrdiff_t>(k), steps.end());
    steps.emplace_back(Duration::zero(), std::make_exception_ptr(std::move(error)));
    return *this;
  }

  std::vector<Step> steps;
};

/// What became of the calls of a fake model.
class FakeCalls {
 public:
  FakeCalls() = default;
  std::size_t started = 0;
  std::size_t live = 0;
  std::size_t live_max = 0;
  std::size_t finished = 0;   // ran to the end of the script
  std::size_t cancelled = 0;  // saw CancelledError
  std::size_t failed = 0;     // threw the script's error
  std::size_t dropped = 0;    // destroyed where they stood
  std::vector<Messages> asked;
};

class FakeChatModel final : public ChatModel {
 public:
  explicit FakeChatModel(FakeScript script)
      : script_(std::make_shared<const FakeScript>(std::move(script))) {}

  [[nodiscard]] std::string name() const override { return "fake:model"; }
  [[nodiscard]] const ChatOptions& options() const noexcept override { return options_; }
  [[nodiscard]] Coro<AIMessage> generate(Messages messages, ChatOptions) const override {
    return sum(play(script_, calls_, std::move(messages)));
  }
  [[nodiscard]] Stream<ContentEvent> generate_events(Messages messages,
                                                     ChatOptions) const override {
    return play(script_, calls_, std::move(messages));
  }
  [[nodiscard]] const FakeCalls& calls() const noexcept { return *calls_; }
  /// The same, for looking at it once the model is gone.
  [[nodiscard]] std::shared_ptr<const FakeCalls> shared_calls() const noexcept { return calls_; }

 private:
  /// Counts one call, however it ends.
  class Call {
   public:
    explicit Call(std::shared_ptr<FakeCalls> calls) : calls_(std::move(calls)) {
      ++calls_->started;
      calls_->live_max = std::max(calls_->live_max, ++calls_->live);
    }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
    ~Call() {
      --calls_->live;
      ++(calls_.get()->*end_);
    }
    void ends_as(std::size_t FakeCalls::* end) noexcept { end_ = end; }

   private:
    std::shared_ptr<FakeCalls> calls_;
    std::size_t FakeCalls::* end_ = &FakeCalls::dropped;
  };

  static Stream<ContentEvent> play(std::shared_ptr<const FakeScript> script,
                                   std::shared_ptr<FakeCalls> calls, Messages messages) {
    Call call(calls);
    calls->asked.push_back(std::move(messages));
    try {
      for (const FakeScript::Step& step : script->steps) {
        if (step.pause > Duration::zero()) co_await sleep(step.pause);
        if (step.error) {
          call.ends_as(&FakeCalls::failed);
          std::rethrow_exception(step.error);
        }
        ContentEvent event = step.event;
        co_yield std::move(event);
      }
    } catch (const CancelledError&) {
      call.ends_as(&FakeCalls::cancelled);
      throw;
    }
    call.ends_as(&FakeCalls::finished);
  }

  static Coro<AIMessage> sum(Stream<ContentEvent> events) {
    AIMessage message;
    while (auto event = co_await events.next()) apply(message, std::move(*event));
    co_return message;
  }

  std::shared_ptr<const FakeScript> script_;
  std::shared_ptr<FakeCalls> calls_ = std::make_shared<FakeCalls>();
  ChatOptions options_;
};

/// A fake model and its counts: `auto model = make_fake(FakeScript::saying(...))`.
inline std::shared_ptr<FakeChatModel> make_fake(FakeScript script) {
  return std::make_shared<FakeChatModel>(std::move(script));
}

}  // namespace cochain::testing
