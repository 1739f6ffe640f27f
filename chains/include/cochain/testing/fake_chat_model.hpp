// A chat model that plays scripts by the loop's clock and counts what becomes of its calls: for
// tests of what stands above a model. No wire, no transport, no thread.
//
//   auto model = make_fake(FakeScript::calling(ToolCall("1", "add", R"({"a":1,"b":2})")),
//                          FakeScript::saying({"It", " is", " 3."}, 200ms, 10ms));
//   ...                                       // give it to a chain or an agent
//   EXPECT_EQ(model->calls().asked.at(1).back().text(), "3");
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cochain/chains/model/chat_model.hpp"
#include "cochain/core/clock.hpp"

namespace cochain::testing {

/// What a fake model says in one call: after each pause an event, or an error that ends the call.
/// Shape:    make one with a static function, then change it: `FakeScript::saying(…).fail_at(2,
/// e)`. Units:    pauses by the loop's clock, so none takes real time under a virtual one.
class FakeScript {
 public:
  /// One event, or one error, and how long it is waited for.
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

  /// A whole answer: it begins after `first`, and each token but the first comes after a `gap`.
  [[nodiscard]] static FakeScript saying(std::vector<std::string> tokens,
                                         Duration first = Duration::zero(),
                                         Duration gap = Duration::zero());
  /// A text cut as LangChain's GenericFakeChatModel cuts it: words, and each blank by itself.
  [[nodiscard]] static FakeScript words(std::string_view text, Duration first = Duration::zero(),
                                        Duration gap = Duration::zero());
  /// Calls of tools, arguments in small pieces: `calling(ToolCall("1", "add", "{}"), …)`.
  /// A call without an id is given one: "call-1" for the first, and so on.
  [[nodiscard]] static FakeScript calling(std::vector<ToolCall> calls);
  template <class... Calls>
  [[nodiscard]] static FakeScript calling(ToolCall first, Calls... rest) {
    std::vector<ToolCall> calls;
    calls.reserve(1 + sizeof...(Calls));
    calls.push_back(std::move(first));
    (calls.push_back(std::move(rest)), ...);
    return calling(std::move(calls));
  }
  /// Exactly this message, each part in one piece.
  [[nodiscard]] static FakeScript answer(AIMessage message);
  /// No event, only this error.
  template <class E>
  [[nodiscard]] static FakeScript failing(E error) {
    return FakeScript().fail_at(0, std::move(error));
  }

  FakeScript& then(Duration pause, ContentEvent event);
  /// From event `k` on, counted from 0, there is nothing but this error. It comes last if there
  /// are no more than `k` events.
  template <class E>
  FakeScript& fail_at(std::size_t k, E error) {
    return fail_with(k, std::make_exception_ptr(std::move(error)));
  }
  /// Sets all pauses: the answer begins after `first`, and each further piece comes after a `gap`.
  FakeScript& paced(Duration first, Duration gap = Duration::zero());

  std::vector<Step> steps;

 private:
  FakeScript& fail_with(std::size_t k, std::exception_ptr error);
};

/// What became of the calls of a fake model, and what each was asked.
class FakeCalls {
 public:
  FakeCalls() = default;
  std::size_t started = 0;
  std::size_t live = 0;
  std::size_t live_max = 0;
  std::size_t finished = 0;   ///< ran to the end of the script
  std::size_t cancelled = 0;  ///< saw CancelledError
  std::size_t failed = 0;     ///< threw the script's error, or had no script
  std::size_t dropped = 0;    ///< destroyed where they stood
  std::vector<Messages> asked;
  std::vector<ChatOptions> asked_with;  ///< the options of each call, beside `asked`
};

/// What a fake model does when it is called more often than it has scripts.
enum class AfterLastScript : std::uint8_t {
  kFail,    ///< InvalidStateError: a test that did not expect the call fails
  kRepeat,  ///< the last one again
  kCycle,   ///< from the first one on
};

/// A chat model that answers with what a test wrote down for it.
/// Shape:    one script is played by every call; of several, each call plays the next one.
/// Suspends: for the pauses of the script, cancellable.
/// Lives:    a call keeps what it needs; the model may go before it.
/// Errors:   the script's; InvalidStateError if there is no script left.
/// Threads:  one loop at a time.
class FakeChatModel final : public ChatModel {
 public:
  /// Makes the script of a call from what it was asked.
  using Answer = std::function<FakeScript(const Messages& messages, const ChatOptions& options)>;

  explicit FakeChatModel(FakeScript script);
  explicit FakeChatModel(std::vector<FakeScript> scripts,
                         AfterLastScript after_last = AfterLastScript::kFail);
  explicit FakeChatModel(Answer answer);

  /// Changes what name() says; "fake:model" if it is not changed.
  FakeChatModel& named(std::string name);
  /// Sets the options of the calls that bring none of their own.
  FakeChatModel& with_options(ChatOptions options);

  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] const ChatOptions& options() const noexcept override { return options_; }
  [[nodiscard]] Coro<AIMessage> generate(Messages messages, ChatOptions options) const override;
  [[nodiscard]] Stream<ContentEvent> generate_events(Messages messages,
                                                     ChatOptions options) const override;

  [[nodiscard]] const FakeCalls& calls() const noexcept { return *calls_; }
  /// The same, for looking at it once the model is gone.
  [[nodiscard]] std::shared_ptr<const FakeCalls> shared_calls() const noexcept { return calls_; }

 private:
  std::shared_ptr<const Answer> answer_;
  std::shared_ptr<FakeCalls> calls_ = std::make_shared<FakeCalls>();
  std::string name_ = "fake:model";
  ChatOptions options_;
};

/// A fake model: `make_fake(script)` plays it in every call; `make_fake(first, second)` one in each
/// call, and a third call fails.
[[nodiscard]] std::shared_ptr<FakeChatModel> make_fake(FakeScript script);
[[nodiscard]] std::shared_ptr<FakeChatModel> make_fake(
    std::vector<FakeScript> scripts, AfterLastScript after_last = AfterLastScript::kFail);
template <class... Scripts>
[[nodiscard]] std::shared_ptr<FakeChatModel> make_fake(FakeScript first, FakeScript second,
                                                       Scripts... rest) {
  std::vector<FakeScript> scripts;
  scripts.reserve(2 + sizeof...(Scripts));
  scripts.push_back(std::move(first));
  scripts.push_back(std::move(second));
  (scripts.push_back(std::move(rest)), ...);
  return make_fake(std::move(scripts));
}

/// A fake model that answers with these texts in turn, over and over, as FakeListChatModel does,
/// each text cut into words and blanks.
[[nodiscard]] std::shared_ptr<FakeChatModel> make_fake_list(std::vector<std::string> texts);

/// A fake model that looks at what it is asked: the function makes the script of each call.
[[nodiscard]] std::shared_ptr<FakeChatModel> make_fake_answering(FakeChatModel::Answer answer);

}  // namespace cochain::testing
