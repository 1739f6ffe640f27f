// What happens inside a run, as a stream: LangChain's stream_events.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cochain/chains/runnable/run.hpp"
#include "cochain/core/locks.hpp"

namespace cochain {

/// One thing that happened in a run or in one of its parts.
/// Shape:    `event()` is LangChain's name for it, `on_chat_model_stream`. A start has an input, if
///           that is known; a stream a chunk; an end its input and output; an error its error; a
///           custom event has a name and data of its own.
/// Lives:    owns what it holds.
class RunEvent {
 public:
  enum class Kind : std::uint8_t { kStart, kStream, kEnd, kError, kCustom };

  RunEvent(Kind the_kind, std::shared_ptr<const Run> the_run)
      : kind(the_kind), run(std::move(the_run)) {}

  Kind kind;
  std::shared_ptr<const Run> run;
  RunValue input;
  RunValue chunk;
  RunValue output;
  std::exception_ptr error;
  std::string custom_name;
  Json custom_data;

  [[nodiscard]] std::string event() const;
  /// The event as LangChain writes it: event, name, run_id, parent_ids, tags, metadata, data.
  [[nodiscard]] JsonObject json() const;
};

/// Which runs are told of, and how many events may wait.
/// Shape:    without an `include_*`, all; a run is told of if one of its name, kind or tags is
///           included, and none is excluded. Kinds are the words of to_string(RunKind).
/// Units:    events_max: pieces of streams wait once so many events do; starts, ends, errors and
///           custom events are never held up.
class EventOptions {
 public:
  EventOptions() = default;
  EventOptions& include_name(std::string value) { return add(include_names_, std::move(value)); }
  EventOptions& include_kind(RunKind value) { return add(include_kinds_, value); }
  EventOptions& include_tag(std::string value) { return add(include_tags_, std::move(value)); }
  EventOptions& exclude_name(std::string value) { return add(exclude_names_, std::move(value)); }
  EventOptions& exclude_kind(RunKind value) { return add(exclude_kinds_, value); }
  EventOptions& exclude_tag(std::string value) { return add(exclude_tags_, std::move(value)); }
  EventOptions& events_max(std::size_t value) {
    events_max_ = value > 0 ? value : 1;
    return *this;
  }
  [[nodiscard]] std::size_t events_max() const noexcept { return events_max_; }
  [[nodiscard]] bool wants(const Run& run) const;

 private:
  template <class T>
  EventOptions& add(std::vector<T>& list, T value) {
    list.push_back(std::move(value));
    return *this;
  }
  std::vector<std::string> include_names_;
  std::vector<RunKind> include_kinds_;
  std::vector<std::string> include_tags_;
  std::vector<std::string> exclude_names_;
  std::vector<RunKind> exclude_kinds_;
  std::vector<std::string> exclude_tags_;
  std::size_t events_max_ = 256;
};

namespace detail {

/// The observer behind stream_events(): what it hears waits here until it is taken.
class EventQueue final : public RunObserver {
 public:
  explicit EventQueue(EventOptions options) : options_(std::move(options)) {}

  /// The next event of those that are there; null if none is.
  /// Lives:    until the next call.
  [[nodiscard]] RunEvent* take();
  /// Suspends: until there is an event to take. False once the run is over and all were taken.
  /// Errors:   what the run threw, after its events.
  [[nodiscard]] Coro<bool> wait();
  /// The run is over.
  void finish(std::exception_ptr error) noexcept;

  [[nodiscard]] bool wants(const Run& run) override { return options_.wants(run); }
  void on_start(const Run& run, const RunValue& input) override;
  void on_stream(const Run& run, const RunValue& chunk) override;
  void on_end(const Run& run, const RunValue& input, const RunValue& output) override;
  void on_error(const Run& run, const std::exception_ptr& error) override;
  void on_custom_event(const Run& run, std::string_view name, const Json& data) override;
  [[nodiscard]] bool full() const noexcept override { return waiting() >= options_.events_max(); }
  [[nodiscard]] Coro<> wait_for_room() override;

 private:
  RunEvent& add(RunEvent::Kind kind, const Run& run);
  [[nodiscard]] std::size_t waiting() const noexcept {
    return filling_.size() + taking_.size() - taken_;
  }
  EventOptions options_;
  // Two lists whose memory is kept: one is filled while the other is taken from.
  std::vector<RunEvent> filling_;
  std::vector<RunEvent> taking_;
  std::size_t taken_ = 0;  // of taking_
  Event filled_;
  Event room_;
  bool over_ = false;
  std::exception_ptr error_;
};

}  // namespace detail

}  // namespace cochain
