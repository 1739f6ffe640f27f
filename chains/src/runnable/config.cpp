// Configurations: copies share, changes copy.

#include "cochain/chains/runnable/config.hpp"

#include <algorithm>

#include "cochain/core/event_loop.hpp"
#include "config_state.hpp"

namespace cochain {
namespace {

using detail::ConfigState;
using detail::RunSettings;

const RunSettings& settings_of(const std::shared_ptr<const ConfigState>& state) {
  static const RunSettings none;
  return state ? *state->settings : none;
}

/// A new state that differs from `state` in its settings: `change` is given those.
template <class Change>
RunConfig changed(const std::shared_ptr<const ConfigState>& state, Change change) {
  auto made = state ? std::make_shared<ConfigState>(*state) : std::make_shared<ConfigState>();
  made->entered = false;
  auto settings = std::make_shared<RunSettings>(*made->settings);
  change(*settings);
  made->settings = std::move(settings);
  return RunConfig(std::move(made));
}

void add_tag(std::vector<std::string>& tags, const std::string& tag) {
  const auto place = std::lower_bound(tags.begin(), tags.end(), tag);
  if (place == tags.end() || *place != tag) tags.insert(place, tag);
}

/// Errors: InvalidStateError: a run remembers in 64 bits who hears of it.
void add_observer(RunSettings& settings, std::shared_ptr<RunObserver> observer) {
  if (settings.observers.size() == 64) throw InvalidStateError("a run has 64 observers at most");
  settings.observers.push_back(std::move(observer));
}

void merge_into(JsonObject& known, const JsonObject& later) {
  for (const auto& [name, value] : later) known.insert_or_assign(name, value);
}

const std::shared_ptr<const Run> kNoRun;

}  // namespace

const std::shared_ptr<const JsonObject>& detail::no_metadata() {
  static const auto none = std::make_shared<const JsonObject>();
  return none;
}

RunConfig& RunConfig::with_max_concurrency(std::size_t value) {
  return *this = changed(state_, [&](RunSettings& made) { made.max_concurrency = value; });
}
RunConfig& RunConfig::with_tag(std::string value) {
  return *this = changed(state_, [&](RunSettings& made) { add_tag(made.tags, value); });
}
RunConfig& RunConfig::with_metadata(std::string name, Json value) {
  return *this = changed(state_, [&](RunSettings& made) {
    JsonObject metadata = *made.metadata;
    metadata.insert_or_assign(name, std::move(value));
    made.metadata = std::make_shared<const JsonObject>(std::move(metadata));
  });
}
RunConfig& RunConfig::with_configurable(std::string id, Json value) {
  return *this = changed(state_, [&](RunSettings& made) {
    made.configurable.insert_or_assign(id, std::move(value));
  });
}
RunConfig& RunConfig::with_run_name(std::string value) {
  return *this = changed(state_, [&](RunSettings& made) { made.run_name = std::move(value); });
}
RunConfig& RunConfig::with_run_id(std::string value) {
  return *this = changed(state_, [&](RunSettings& made) { made.run_id = std::move(value); });
}
RunConfig& RunConfig::with_recursion_limit(int value) {
  return *this = changed(state_, [&](RunSettings& made) { made.recursion_limit = value; });
}
RunConfig& RunConfig::with_observer(std::shared_ptr<RunObserver> value) {
  return *this = changed(state_, [&](RunSettings& made) { add_observer(made, std::move(value)); });
}

std::size_t RunConfig::max_concurrency() const noexcept {
  return settings_of(state_).max_concurrency;
}
const std::vector<std::string>& RunConfig::tags() const noexcept {
  return settings_of(state_).tags;
}
const JsonObject& RunConfig::metadata() const noexcept { return *settings_of(state_).metadata; }
const JsonObject& RunConfig::configurable() const noexcept {
  return settings_of(state_).configurable;
}
const std::string& RunConfig::run_name() const noexcept { return settings_of(state_).run_name; }
const std::string& RunConfig::run_id() const noexcept { return settings_of(state_).run_id; }
int RunConfig::recursion_limit() const noexcept { return settings_of(state_).recursion_limit; }
const std::vector<std::shared_ptr<RunObserver>>& RunConfig::observers() const noexcept {
  return settings_of(state_).observers;
}
const std::shared_ptr<const Run>& RunConfig::run() const noexcept {
  return state_ ? state_->run : kNoRun;
}

RunConfig RunConfig::merged_with(const RunConfig& later) const {
  if (!later.state_) return *this;
  if (!state_) return later;
  const RunSettings& other = *later.state_->settings;
  return changed(state_, [&](RunSettings& made) {
    static const RunSettings unset;
    if (other.max_concurrency != unset.max_concurrency) {
      made.max_concurrency = other.max_concurrency;
    }
    if (other.recursion_limit != unset.recursion_limit) {
      made.recursion_limit = other.recursion_limit;
    }
    if (!other.run_name.empty()) made.run_name = other.run_name;
    if (!other.run_id.empty()) made.run_id = other.run_id;
    for (const std::string& tag : other.tags) add_tag(made.tags, tag);
    if (!other.metadata->empty()) {
      JsonObject metadata = *made.metadata;
      merge_into(metadata, *other.metadata);
      made.metadata = std::make_shared<const JsonObject>(std::move(metadata));
    }
    merge_into(made.configurable, other.configurable);
    for (const auto& observer : other.observers) {
      const bool known =
          std::find(made.observers.begin(), made.observers.end(), observer) != made.observers.end();
      if (!known) add_observer(made, observer);
    }
  });
}

RunConfig RunConfig::with_defaults(const RunConfig& earlier) const {
  if (!state_) return earlier;
  if (!earlier.state_) return *this;
  auto made = std::make_shared<ConfigState>(*state_);
  made->settings = earlier.merged_with(*this).state_->settings;
  made->entered = false;
  return RunConfig(std::move(made));
}

Json configured(const RunConfig& config, std::string_view id) {
  if (const Json* chosen = config.configurable().if_contains(id)) return *chosen;
  const RunConfig inherited = current_config();
  const Json* chosen = inherited.configurable().if_contains(id);
  return chosen ? *chosen : Json();
}

RunConfig RunConfig::child(std::string_view prefix, std::string_view key) const {
  if (!state_ || state_->settings->observers.empty()) return *this;
  auto made = std::make_shared<ConfigState>(*state_);
  made->child_tag = std::string(prefix) + ':' + std::string(key);
  return RunConfig(std::move(made));
}
RunConfig RunConfig::child(std::string_view prefix, std::size_t number) const {
  if (!state_ || state_->settings->observers.empty()) return *this;
  return child(prefix, std::to_string(number));
}

}  // namespace cochain
