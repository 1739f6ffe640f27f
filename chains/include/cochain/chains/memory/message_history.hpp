// A step that remembers: it is given what was said before, and what is said is kept.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "cochain/chains/memory/chat_history.hpp"
#include "cochain/chains/model/error.hpp"
#include "cochain/chains/runnable/compose.hpp"

namespace cochain {

/// Where a step that takes values by name finds messages.
/// Shape: `HistoryOptions().input_key("question").history_key("history")`; without effect for a
///        step that takes Messages.
class HistoryOptions {
 public:
  HistoryOptions() = default;
  /// The value that is what the user says now: a text or messages.
  HistoryOptions& input_key(std::string value) {
    input_key_ = std::move(value);
    return *this;
  }
  /// The value that is set to what was said before.
  HistoryOptions& history_key(std::string value) {
    history_key_ = std::move(value);
    return *this;
  }
  /// The member of the run's `configurable` that names the session.
  HistoryOptions& session_key(std::string value) {
    session_key_ = std::move(value);
    return *this;
  }
  [[nodiscard]] const std::string& input_key() const noexcept { return input_key_; }
  [[nodiscard]] const std::string& history_key() const noexcept { return history_key_; }
  [[nodiscard]] const std::string& session_key() const noexcept { return session_key_; }

 private:
  std::string input_key_ = "input";
  std::string history_key_ = "history";
  std::string session_key_ = "session_id";
};

/// How the input of a step is put together with what was said before.
/// Shape: specialise said_now() and with_history() for an input of your own. Variables, and
///        whatever else has set(name, Messages) and find(name), need nothing.
template <class In>
class HistoryInput {
 public:
  static constexpr bool kKnown = requires(In input, Messages before) {
    input.set(std::string(), before);
    input.find(std::string())->if_messages();
    input.find(std::string())->text();
  };
  static Messages said_now(const In& input, const HistoryOptions& options) {
    const auto* value = input.find(options.input_key());
    if (value == nullptr) {
      throw InvalidInputError("with_message_history(): the input has no '" + options.input_key() +
                              "'");
    }
    if (const Messages* given = value->if_messages()) return *given;
    return messages(HumanMessage(value->text()));
  }
  static In with_history(In input, Messages before, const HistoryOptions& options) {
    input.set(options.history_key(), std::move(before));
    return input;
  }
};
template <>
class HistoryInput<Messages> {
 public:
  static constexpr bool kKnown = true;
  static Messages said_now(const Messages& input, const HistoryOptions&) { return input; }
  static Messages with_history(Messages input, Messages before, const HistoryOptions&) {
    for (Message& message : input) before.push_back(std::move(message));
    return before;
  }
};

namespace detail {

/// The session of a run.
/// Errors: InvalidInputError if it has none.
[[nodiscard]] std::string session_of(const RunConfig& config, const std::string& key);

/// What a step gave, as messages.
[[nodiscard]] Messages output_messages(AIMessage output);
[[nodiscard]] Messages output_messages(Message output);
[[nodiscard]] Messages output_messages(std::string output);
[[nodiscard]] Messages output_messages(Messages output);

template <class In, class Out>
class WithHistory final : public Runnable<In, Out> {
 public:
  using Step = std::shared_ptr<const Runnable<In, Out>>;
  WithHistory(Step step, ChatHistories histories, HistoryOptions options) {
    parts_ =
        std::make_shared<const Parts>(std::move(step), std::move(histories), std::move(options));
  }
  [[nodiscard]] std::string name() const override { return "RunnableWithMessageHistory"; }
  [[nodiscard]] StepInfo info() const override {
    StepInfo made = Runnable<In, Out>::info().with_shape(StepShape::kWrapper);
    made.with_note("remembers by '" + parts_->options.session_key() + "'");
    return made.add(parts_->step->info());
  }

 private:
  class Parts {
   public:
    Parts(Step the_step, ChatHistories the_histories, HistoryOptions the_options)
        : step(std::move(the_step)),
          histories(std::move(the_histories)),
          options(std::move(the_options)) {}
    Step step;
    ChatHistories histories;
    HistoryOptions options;
  };
  using Shared = std::shared_ptr<const Parts>;
  using History = std::shared_ptr<ChatHistory>;

  [[nodiscard]] Coro<Out> do_invoke(In input, RunConfig config) const override {
    return call(parts_, std::move(input), std::move(config));
  }
  [[nodiscard]] Stream<chunk_of_t<Out>> do_stream(In input, RunConfig config) const override {
    return pieces(parts_, std::move(input), std::move(config));
  }
  static History history_of(const Parts& parts, const RunConfig& config) {
    const std::string session = session_of(config, parts.options.session_key());
    History history = parts.histories(session);
    if (!history) {
      throw InvalidStateError("with_message_history(): no history for session '" + session + "'");
    }
    return history;
  }
  static Coro<Out> call(Shared parts, In input, RunConfig config) {
    const History history = history_of(*parts, config);
    Messages said = HistoryInput<In>::said_now(input, parts->options);
    Messages before = co_await history->messages();
    In whole = HistoryInput<In>::with_history(std::move(input), std::move(before), parts->options);
    Out output = co_await parts->step->invoke(std::move(whole), std::move(config));
    for (Message& message : output_messages(output)) said.push_back(std::move(message));
    co_await history->add(std::move(said));
    co_return output;
  }
  static Stream<chunk_of_t<Out>> pieces(Shared parts, In input, RunConfig config) {
    const History history = history_of(*parts, config);
    Messages said = HistoryInput<In>::said_now(input, parts->options);
    Messages before = co_await history->messages();
    In whole = HistoryInput<In>::with_history(std::move(input), std::move(before), parts->options);
    auto output = parts->step->stream(std::move(whole), std::move(config));
    std::optional<Out> sum;
    while (auto chunk = co_await output.next()) {
      ChunkTraits<Out>::add(sum, chunk_of_t<Out>(*chunk));
      co_yield std::move(*chunk);
    }
    if (!sum) co_return;
    for (Message& message : output_messages(std::move(*sum))) said.push_back(std::move(message));
    co_await history->add(std::move(said));
  }
  Shared parts_;
};

}  // namespace detail

/// The step, with what was said before in its session; what is said now is kept when it succeeded.
/// Shape:    `with_message_history(model, in_memory_histories())`, called with
///           `RunConfig().with_configurable("session_id", "ada")`. A step that takes Messages is
///           given the history before them; one that takes values by name finds it under
///           `history_key`. Kept are the messages of the input and of the output: an AIMessage, a
///           text, or Messages.
/// Suspends: as the step and the history do. Two runs of one session do not wait for each other:
///           each is given what was there when it began, and adds its messages together.
/// Errors:   InvalidInputError for a run without a session. After an error, and after a stream that
///           was left before its end, nothing is kept.
template <detail::Step A>
[[nodiscard]] auto with_message_history(A&& step, ChatHistories histories,
                                        HistoryOptions options = HistoryOptions()) {
  using Given = detail::StepOf<std::remove_cvref_t<A>>;
  using In = typename Given::Input;
  using Out = typename Given::Output;
  static_assert(HistoryInput<In>::kKnown,
                "with_message_history(): the step takes neither Messages nor values by name; "
                "specialise HistoryInput for its input");
  std::shared_ptr<const Runnable<In, Out>> made =
      std::make_shared<const detail::WithHistory<In, Out>>(
          Given::share(std::forward<A>(step)), std::move(histories), std::move(options));
  return Chain<In, Out>(std::move(made));
}

}  // namespace cochain
