// How one run of a chain goes: what the caller says, and every step hears.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cochain/chains/runnable/run.hpp"

namespace cochain {

namespace detail {
class ConfigState;
}  // namespace detail

/// Settings of one run, handed down to all steps.
/// Shape:    setters chain: `RunConfig().with_max_concurrency(64).with_tag("nightly")`. A copy
///           shares; setting one does not change its copies. An empty one costs nothing.
///           Steps that are called inside a run without a configuration are parts of that run:
///           tags, metadata, observers, `configurable` and the limit are inherited, a name and an
///           id are not.
/// Units:    max_concurrency in items that run at once, 0 for all; it holds for the whole run,
///           nested batches and parallel branches included. One set inside of a run narrows the
///           batches that are called with it, and nothing else. recursion_limit in steps that call
///           steps; 25 unless said otherwise.
class RunConfig {
 public:
  RunConfig() = default;

  RunConfig& with_max_concurrency(std::size_t value);
  RunConfig& with_tag(std::string value);
  RunConfig& with_metadata(std::string name, Json value);
  /// A choice that a configurable() step of this id makes.
  RunConfig& with_configurable(std::string id, Json value);
  RunConfig& with_run_name(std::string value);
  RunConfig& with_run_id(std::string value);
  RunConfig& with_recursion_limit(int value);
  /// Errors: InvalidStateError beyond 64 observers, those of merged configurations included.
  RunConfig& with_observer(std::shared_ptr<RunObserver> value);

  [[nodiscard]] std::size_t max_concurrency() const noexcept;
  [[nodiscard]] const std::vector<std::string>& tags() const noexcept;
  [[nodiscard]] const JsonObject& metadata() const noexcept;
  [[nodiscard]] const JsonObject& configurable() const noexcept;
  [[nodiscard]] const std::string& run_name() const noexcept;
  [[nodiscard]] const std::string& run_id() const noexcept;
  [[nodiscard]] int recursion_limit() const noexcept;
  [[nodiscard]] const std::vector<std::shared_ptr<RunObserver>>& observers() const noexcept;
  /// The run that this configuration was handed down in; null at the root, or if nobody listens.
  [[nodiscard]] const std::shared_ptr<const Run>& run() const noexcept;

  [[nodiscard]] bool empty() const noexcept { return state_ == nullptr; }
  /// Both: tags of both, members of metadata and `configurable` and single values as `later` has
  /// them, observers of both.
  [[nodiscard]] RunConfig merged_with(const RunConfig& later) const;

  /// The same, with what `earlier` says where this one says nothing.
  [[nodiscard]] RunConfig with_defaults(const RunConfig& earlier) const;

  /// For steps that hand it on to steps inside: the same with the tag "<prefix>:<key>". Costs
  /// nothing where nobody listens.
  [[nodiscard]] RunConfig child(std::string_view prefix, std::string_view key) const;
  [[nodiscard]] RunConfig child(std::string_view prefix, std::size_t number) const;

  /// What lies behind it, for those who carry out runs; null if it is empty.
  [[nodiscard]] const std::shared_ptr<const detail::ConfigState>& state() const noexcept {
    return state_;
  }
  explicit RunConfig(std::shared_ptr<const detail::ConfigState> state) noexcept
      : state_(std::move(state)) {}

 private:
  std::shared_ptr<const detail::ConfigState> state_;
};

/// The configuration of the run that the current task is in; empty outside of runs that have one.
[[nodiscard]] RunConfig current_config();

/// What a caller chose for `id`: a member of `configurable`, here or where the run began; null if
/// nothing was chosen.
[[nodiscard]] Json configured(const RunConfig& config, std::string_view id);

/// Tells the observers of the current run about something of your own.
/// Shape:    a `custom` event in stream_events(). Without a run, or without observers, nothing.
void dispatch_custom_event(std::string_view name, const Json& data);
void dispatch_custom_event(std::string_view name, const Json& data, const RunConfig& config);

}  // namespace cochain
