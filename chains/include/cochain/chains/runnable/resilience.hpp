// Steps that do not give up at once: again after an error, another one instead, not for ever.
// Each holds for invoke() and for streams alike; a stream is begun again, or given up for another,
// only while none of it was delivered.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "cochain/chains/runnable/compose.hpp"
#include "cochain/chains/runnable/policy.hpp"

namespace cochain {

namespace detail {

template <class In, class Out>
class Retrying final : public Runnable<In, Out> {
 public:
  using Step = std::shared_ptr<const Runnable<In, Out>>;
  using Policy = std::shared_ptr<const RetryPolicy>;
  Retrying(Step step, RetryPolicy policy)
      : step_(std::move(step)), policy_(std::make_shared<const RetryPolicy>(std::move(policy))) {}
  [[nodiscard]] std::string name() const override { return "RunnableRetry"; }
  [[nodiscard]] StepInfo info() const override {
    StepInfo made = Runnable<In, Out>::info().with_shape(StepShape::kWrapper);
    made.with_note("up to " + std::to_string(policy_->attempts_max()) + " tries");
    return made.add(step_->info());
  }

 private:
  [[nodiscard]] Coro<Out> do_invoke(In input, RunConfig config) const override {
    return call(step_, policy_, std::move(input), std::move(config));
  }
  [[nodiscard]] Stream<chunk_of_t<Out>> do_stream(In input, RunConfig config) const override {
    return pieces(step_, policy_, std::move(input), std::move(config));
  }
  static RunConfig attempt_config(const RunConfig& config, int attempt) {
    if (attempt == 1) return config;
    return config.child("retry:attempt", static_cast<std::size_t>(attempt));
  }
  /// The wait before the next try, told to observers; throws the error if it stands.
  static Duration wait_after(const Policy& policy, int attempt, const RunConfig& config,
                             const std::exception_ptr& error) {
    const std::optional<Duration> delay = next_try(*policy, RetryHooks(), attempt, error);
    if (!delay) std::rethrow_exception(error);
    tell_retry(config, attempt, error);
    return *delay;
  }
  static Coro<Out> call(Step step, Policy policy, In input, RunConfig config) {
    for (int attempt = 1;; ++attempt) {
      std::exception_ptr error;
      try {
        In copy = input;
        co_return co_await step->invoke(std::move(copy), attempt_config(config, attempt));
      } catch (const std::exception&) {
        error = std::current_exception();
      }
      const Duration delay = wait_after(policy, attempt, config, error);
      error = nullptr;
      co_await sleep(delay);
    }
  }
  static Stream<chunk_of_t<Out>> pieces(Step step, Policy policy, In input, RunConfig config) {
    for (int attempt = 1;; ++attempt) {
      std::exception_ptr error;
      bool delivered = false;
      try {
        In copy = input;
        auto output = step->stream(std::move(copy), attempt_config(config, attempt));
        while (auto chunk = co_await output.next()) {
          delivered = true;
          co_yield std::move(*chunk);
        }
        co_return;
      } catch (const std::exception&) {
        if (delivered) throw;
        error = std::current_exception();
      }
      const Duration delay = wait_after(policy, attempt, config, error);
      error = nullptr;
      co_await sleep(delay);
    }
  }
  Step step_;
  Policy policy_;
};

}  // namespace detail

/// Which errors lead to the next of several steps, and what it is told.
/// Shape: every std::exception, unless said otherwise.
class FallbackOptions {
 public:
  FallbackOptions() = default;
  FallbackOptions& handle(std::function<bool(const std::exception_ptr&)> value) {
    handles = std::move(value);
    return *this;
  }
  /// Where the input is a JsonObject: the member in which the next step finds the error's text.
  FallbackOptions& error_key(std::string value) {
    key = std::move(value);
    return *this;
  }
  std::function<bool(const std::exception_ptr&)> handles;
  std::string key;
};

namespace detail {

/// True if the options say that after this error the next step has its try.
[[nodiscard]] bool falls_back(const FallbackOptions& options, const std::exception_ptr& error);

template <class In, class Out>
class Fallbacks final : public Runnable<In, Out> {
 public:
  using Step = std::shared_ptr<const Runnable<In, Out>>;
  Fallbacks(std::vector<Step> steps, FallbackOptions options) {
    if (!std::is_same_v<In, JsonObject> && !options.key.empty()) {
      throw InvalidStateError("with_fallbacks(): error_key '" + options.key +
                              "' needs steps that take a JsonObject");
    }
    parts_ = std::make_shared<const Parts>(std::move(steps), std::move(options));
  }
  [[nodiscard]] std::string name() const override { return "RunnableWithFallbacks"; }
  [[nodiscard]] StepInfo info() const override {
    StepInfo made = Runnable<In, Out>::info().with_shape(StepShape::kChoice);
    for (const Step& step : parts_->steps) {
      made.add(step->info(), made.parts.empty() ? "first" : "fallback");
    }
    return made;
  }

 private:
  class Parts {
   public:
    Parts(std::vector<Step> the_steps, FallbackOptions the_options)
        : steps(std::move(the_steps)), options(std::move(the_options)) {}
    std::vector<Step> steps;
    FallbackOptions options;
  };
  using Shared = std::shared_ptr<const Parts>;

  [[nodiscard]] Coro<Out> do_invoke(In input, RunConfig config) const override {
    return call(parts_, std::move(input), std::move(config));
  }
  [[nodiscard]] Stream<chunk_of_t<Out>> do_stream(In input, RunConfig config) const override {
    return pieces(parts_, std::move(input), std::move(config));
  }
  static In input_for(const Parts& parts, const In& input, const std::exception_ptr& error) {
    In copy = input;
    if constexpr (std::is_same_v<In, JsonObject>) {
      if (error && !parts.options.key.empty()) copy[parts.options.key] = describe(error);
    }
    return copy;
  }
  /// Of several errors the first is told: it is the one of the step that was meant.
  static void keep(const Parts& parts, std::exception_ptr& first, std::exception_ptr& last,
                   bool delivered) {
    last = std::current_exception();
    if (delivered || !falls_back(parts.options, last)) std::rethrow_exception(last);
    if (!first) first = last;
  }
  static Coro<Out> call(Shared parts, In input, RunConfig config) {
    std::exception_ptr first;
    std::exception_ptr last;
    for (const Step& step : parts->steps) {
      try {
        co_return co_await step->invoke(input_for(*parts, input, last), config);
      } catch (const std::exception&) {
        keep(*parts, first, last, false);
      }
    }
    std::rethrow_exception(first);
  }
  static Stream<chunk_of_t<Out>> pieces(Shared parts, In input, RunConfig config) {
    std::exception_ptr first;
    std::exception_ptr last;
    for (const Step& step : parts->steps) {
      bool delivered = false;
      try {
        auto output = step->stream(input_for(*parts, input, last), config);
        while (auto chunk = co_await output.next()) {
          delivered = true;
          co_yield std::move(*chunk);
        }
        co_return;
      } catch (const std::exception&) {
        keep(*parts, first, last, delivered);
      }
    }
    std::rethrow_exception(first);
  }
  Shared parts_;
};

}  // namespace detail

/// How long a step may take.
/// Shape: `StepTimeouts().total(60s).first_chunk(10s).between_chunks(5s)`; what is not set is not
///        limited. The last two are for streams; the time that a consumer takes counts for the
///        total alone. Time runs from the input on, or from its first piece if the step streams.
class StepTimeouts {
 public:
  StepTimeouts() = default;
  StepTimeouts& total(Duration value) { return set(total_, value); }
  StepTimeouts& first_chunk(Duration value) { return set(first_chunk_, value); }
  StepTimeouts& between_chunks(Duration value) { return set(between_chunks_, value); }
  [[nodiscard]] std::optional<Duration> total() const noexcept { return total_; }
  /// How long to wait for the next piece, when so much of the total is over.
  [[nodiscard]] std::optional<Duration> for_chunk(bool first, Duration elapsed) const noexcept;
  [[nodiscard]] std::string text() const;

 private:
  StepTimeouts& set(std::optional<Duration>& member, Duration value) {
    member = value;
    return *this;
  }
  std::optional<Duration> total_;
  std::optional<Duration> first_chunk_;
  std::optional<Duration> between_chunks_;
};

namespace detail {

template <class In, class Out>
class TimeLimited final : public Runnable<In, Out> {
 public:
  using Step = std::shared_ptr<const Runnable<In, Out>>;
  TimeLimited(Step step, StepTimeouts timeouts) : step_(std::move(step)), timeouts_(timeouts) {}
  [[nodiscard]] std::string name() const override { return "RunnableTimeout"; }
  [[nodiscard]] bool streams() const noexcept override { return step_->streams(); }
  [[nodiscard]] StepInfo info() const override {
    StepInfo made = Runnable<In, Out>::info().with_shape(StepShape::kWrapper);
    return made.with_note(timeouts_.text()).add(step_->info());
  }

 private:
  [[nodiscard]] Coro<Out> do_invoke(In input, RunConfig config) const override {
    return call(step_, timeouts_, std::move(input), std::move(config));
  }
  [[nodiscard]] Stream<chunk_of_t<Out>> do_stream(In input, RunConfig config) const override {
    return pieces(step_, step_->stream(std::move(input), std::move(config)), timeouts_);
  }
  [[nodiscard]] Stream<chunk_of_t<Out>> do_transform(Stream<chunk_of_t<In>> input,
                                                     RunConfig config) const override {
    return pieces_after(step_, std::move(input), std::move(config), timeouts_);
  }
  // The clock starts when there is something to work on: the steps before have their own time.
  static Stream<chunk_of_t<Out>> pieces_after(Step step, Stream<chunk_of_t<In>> input,
                                              RunConfig config, StepTimeouts timeouts) {
    Stream<chunk_of_t<Out>> output;
    if (step->streams()) {
      std::optional<chunk_of_t<In>> first = co_await input.next();
      if (!first) co_return;
      auto all = behind(std::move(*first), std::move(input));
      output = pieces(step, step->transform(std::move(all), std::move(config)), timeouts);
    } else {
      std::optional<In> whole = co_await fold<In>(std::move(input));
      if (!whole) co_return;
      output = pieces(step, step->stream(std::move(*whole), std::move(config)), timeouts);
    }
    while (auto chunk = co_await output.next()) co_yield std::move(*chunk);
  }
  static Stream<chunk_of_t<In>> behind(chunk_of_t<In> first, Stream<chunk_of_t<In>> rest) {
    co_yield std::move(first);
    while (auto chunk = co_await rest.next()) co_yield std::move(*chunk);
  }
  static Coro<Out> call(Step step, StepTimeouts timeouts, In input, RunConfig config) {
    Coro<Out> running = step->invoke(std::move(input), std::move(config));
    if (!timeouts.total()) co_return co_await std::move(running);
    Coro<Out> limited = wait_for(std::move(running), *timeouts.total());
    co_return co_await std::move(limited);
  }
  static Stream<chunk_of_t<Out>> pieces([[maybe_unused]] Step step, Stream<chunk_of_t<Out>> output,
                                        StepTimeouts timeouts) {
    const TimePoint start = EventLoop::current().time();
    for (bool first = true;; first = false) {
      const auto limit = timeouts.for_chunk(first, EventLoop::current().time() - start);
      std::optional<chunk_of_t<Out>> chunk;
      if (limit) {
        auto limited = wait_for(output.next(), *limit);
        chunk = co_await std::move(limited);
      } else {
        chunk = co_await output.next();
      }
      if (!chunk) co_return;
      co_yield std::move(*chunk);
    }
  }
  Step step_;
  StepTimeouts timeouts_;
};

}  // namespace detail

/// Calls the step again when it fails, as the policy says.
/// Shape:    a stream is begun again only as long as none of it was delivered. In a batch, each
///           item has tries of its own. Observers hear of each failed try.
/// Suspends: as the step, and for the delays; cancellable at both.
/// Errors:   the last one. By default only errors of models that say that another try may help are
///           retried; RetryPolicy::with_retry_on_any() retries as LangChain does.
template <detail::Step A>
[[nodiscard]] auto with_retry(A&& step, RetryPolicy policy = RetryPolicy()) {
  using Step = detail::StepOf<std::remove_cvref_t<A>>;
  using In = typename Step::Input;
  using Out = typename Step::Output;
  std::shared_ptr<const Runnable<In, Out>> made = std::make_shared<const detail::Retrying<In, Out>>(
      Step::share(std::forward<A>(step)), std::move(policy));
  return Chain<In, Out>(std::move(made));
}

/// Calls the first step, and when it fails the next, until one succeeds.
/// Shape:    `with_fallbacks(best, cheaper, cheapest)`, or with FallbackOptions at the end. A
///           stream that has delivered something is not given up for another.
/// Errors:   that of the first step, if all fail; one that the options do not handle, at once.
///           InvalidStateError for an error_key where the input is no JsonObject.
template <detail::Step A, class... Rest>
[[nodiscard]] auto with_fallbacks(A step, Rest... rest) {
  using In = typename detail::StepOf<A>::Input;
  using Out = typename detail::StepOf<A>::Output;
  std::vector<std::shared_ptr<const Runnable<In, Out>>> steps;
  FallbackOptions options;
  steps.push_back(detail::StepOf<A>::share(std::move(step)));
  const auto add = [&steps, &options](auto&& item) {
    using Item = std::remove_cvref_t<decltype(item)>;
    if constexpr (std::is_same_v<Item, FallbackOptions>) {
      options = std::move(item);
    } else {
      detail::add_alternative<A>([&](auto shared) { steps.push_back(std::move(shared)); },
                                 std::move(item));
    }
  };
  (add(std::move(rest)), ...);
  std::shared_ptr<const Runnable<In, Out>> made =
      std::make_shared<const detail::Fallbacks<In, Out>>(std::move(steps), std::move(options));
  return Chain<In, Out>(std::move(made));
}

/// Gives up when a limit of time is over.
/// Suspends: as the step. After the limit it is cancelled and waited for.
/// Errors:   TimeoutError.
template <detail::Step A>
[[nodiscard]] auto with_timeout(A&& step, StepTimeouts timeouts) {
  using Step = detail::StepOf<std::remove_cvref_t<A>>;
  using In = typename Step::Input;
  using Out = typename Step::Output;
  std::shared_ptr<const Runnable<In, Out>> made =
      std::make_shared<const detail::TimeLimited<In, Out>>(Step::share(std::forward<A>(step)),
                                                           timeouts);
  return Chain<In, Out>(std::move(made));
}
template <detail::Step A>
[[nodiscard]] auto with_timeout(A&& step, Duration total) {
  return with_timeout(std::forward<A>(step), StepTimeouts().total(total));
}

}  // namespace cochain
