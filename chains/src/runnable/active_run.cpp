// Carrying out runs: telling the observers, keeping the task's context, handing out turns.

#include "cochain/chains/runnable/active_run.hpp"

#include <algorithm>

#include "cochain/core/event_loop.hpp"
#include "config_state.hpp"

namespace cochain {
namespace {

using detail::ConfigState;
using detail::RunSettings;

std::uint64_t variable() {
  static const std::uint64_t id = detail::new_context_variable_id();
  return id;
}

/// The state of the run that the current task is in; null outside of runs.
const ConfigState* inherited_here() noexcept {
  return static_cast<const ConfigState*>(detail::current_context().find(variable()));
}

/// What `config` says, where the current task's run has said something before.
RunConfig complete(RunConfig config) {
  if (config.state() && config.state()->complete) return config;
  const ConfigState* inherited = inherited_here();
  if (inherited == nullptr) return config;
  const RunConfig outer(inherited->shared_from_this());
  auto made = std::make_shared<ConfigState>(*inherited);
  made->settings = outer.merged_with(config).state()->settings;
  if (config.state()) made->child_tag = config.state()->child_tag;
  made->complete = true;
  made->entered = false;
  return RunConfig(std::move(made));
}

void tell_handler_of(const std::exception_ptr& error) noexcept {
  ExceptionContext context;
  context.message = "an observer of runs threw";
  context.exception = error;
  EventLoop::current().call_exception_handler(context);
}

/// Calls `tell(observer)` for each observer that hears of this run; what they throw stops nothing.
template <class Tell>
void tell_all(const RunConfig& config, std::uint64_t heard_by, Tell tell) noexcept {
  const auto& observers = config.observers();
  for (std::size_t i = 0; heard_by != 0 && i < observers.size(); ++i, heard_by >>= 1) {
    if ((heard_by & 1) == 0) continue;
    try {
      tell(*observers[i]);
    } catch (...) {
      tell_handler_of(std::current_exception());
    }
  }
}

}  // namespace

RunConfig current_config() {
  const ConfigState* inherited = inherited_here();
  return inherited ? RunConfig(inherited->shared_from_this()) : RunConfig();
}

void dispatch_custom_event(std::string_view name, const Json& data) {
  dispatch_custom_event(name, data, current_config());
}

void dispatch_custom_event(std::string_view name, const Json& data, const RunConfig& config) {
  const std::shared_ptr<const Run>& run = config.run();
  if (!run) return;
  tell_all(config, run->heard_by(), [&](RunObserver& o) { o.on_custom_event(*run, name, data); });
}

void tell_stream(const RunConfig& config, const RunValue& chunk) {
  const std::shared_ptr<const Run>& run = config.run();
  if (!run) return;
  tell_all(config, run->heard_by(), [&](RunObserver& o) { o.on_stream(*run, chunk); });
}

void tell_retry(const RunConfig& config, int attempt, const std::exception_ptr& error) {
  const std::shared_ptr<const Run>& run = config.run();
  if (!run) return;
  tell_all(config, run->heard_by(), [&](RunObserver& o) { o.on_retry(*run, attempt, error); });
}

bool wants_pieces(const RunConfig& config) noexcept {
  if (!config.run()) return false;
  std::uint64_t heard_by = config.run()->heard_by();
  for (const auto& observer : config.observers()) {
    if ((heard_by & 1) != 0 && observer->wants_pieces()) return true;
    heard_by >>= 1;
  }
  return false;
}

Coro<> wait_for_room(RunConfig config) {
  for (const auto& observer : config.observers()) {
    if (observer->full()) co_await observer->wait_for_room();
  }
}

bool ActiveRun::needed(const RunConfig& config) noexcept {
  if (config.empty()) return inherited_here() != nullptr;
  return !config.state()->entered || !config.state()->settings->observers.empty();
}

ActiveRun::ActiveRun(RunConfig config) : config_(complete(std::move(config))) {}

ActiveRun::~ActiveRun() {
  leave();
  if (run_ && !over_) fail(std::make_exception_ptr(CancelledError()));
}

void ActiveRun::begin(RunKind kind, std::string name) {
  auto inner = std::make_shared<ConfigState>(*config_.state());
  const RunSettings& settings = *inner->settings;
  if (!settings.observers.empty()) {
    if (!settings.run_name.empty()) name = settings.run_name;
    run_ = std::make_shared<Run>(inner->run, kind, std::move(name), settings.run_id);
    run_->tags_ = settings.tags;
    if (!inner->child_tag.empty()) {
      const auto place = std::lower_bound(run_->tags_.begin(), run_->tags_.end(), inner->child_tag);
      run_->tags_.insert(place, inner->child_tag);
    }
    run_->metadata_ = settings.metadata;
    for (std::size_t i = 0; i < settings.observers.size(); ++i) {
      try {
        if (settings.observers[i]->wants(*run_)) run_->heard_by_ |= std::uint64_t{1} << i;
      } catch (...) {
        tell_handler_of(std::current_exception());
      }
    }
    inner->run = run_;
  }
  if (!settings.run_name.empty() || !settings.run_id.empty()) {
    auto unnamed = std::make_shared<RunSettings>(settings);
    unnamed->run_name.clear();
    unnamed->run_id.clear();
    inner->settings = std::move(unnamed);
  }
  if (!inner->limit && inner->settings->max_concurrency > 0) {
    inner->limit = std::make_shared<detail::RunLimit>(inner->settings->max_concurrency);
  }
  inner->child_tag.clear();
  inner->complete = inner->entered = true;
  config_ = RunConfig(std::move(inner));
}

Turns::Turns(RunConfig config) : config_(complete(std::move(config))) {
  const std::shared_ptr<const ConfigState>& state = config_.state();
  if (!state) return;
  if (state->permit) {
    lent_ = state->permit;
    lent_->lend();
  }
  if (state->complete && (state->limit || state->settings->max_concurrency == 0)) return;
  auto made = std::make_shared<ConfigState>(*state);
  if (!made->limit && made->settings->max_concurrency > 0) {
    made->limit = std::make_shared<detail::RunLimit>(made->settings->max_concurrency);
  }
  made->complete = true;
  config_ = RunConfig(std::move(made));
}

void ActiveRun::start(const RunValue& input) {
  if (!run_) return;
  tell_all(config_, run_->heard_by(), [&](RunObserver& o) { o.on_start(*run_, input); });
}
void ActiveRun::stream(const RunValue& chunk) {
  if (!run_) return;
  tell_all(config_, run_->heard_by(), [&](RunObserver& o) { o.on_stream(*run_, chunk); });
}
void ActiveRun::end(const RunValue& input, const RunValue& output) {
  over_ = true;
  if (!run_) return;
  tell_all(config_, run_->heard_by(), [&](RunObserver& o) { o.on_end(*run_, input, output); });
}
void ActiveRun::fail(const std::exception_ptr& error) {
  over_ = true;
  if (!run_) return;
  tell_all(config_, run_->heard_by(), [&](RunObserver& o) { o.on_error(*run_, error); });
}

void ActiveRun::enter() {
  Context& here = detail::current_context();
  if (!prepared_ || !here.same_as(outside_)) {
    outside_ = here;
    inside_ = here;
    inside_.assign(variable(), config_.state());
    prepared_ = true;
  }
  here = inside_;
  entered_ = &here;
}

void ActiveRun::leave() noexcept {
  // A stream that is dropped by another task than the one that waits in it changes nothing there.
  Context* here = std::exchange(entered_, nullptr);
  if (here == nullptr || here != &detail::current_context()) return;
  if (here->same_as(inside_)) {
    *here = outside_;
    return;
  }
  // Variables were set inside: they stay, as after any call, and only the run ends.
  std::shared_ptr<const void> outer;
  if (const void* found = outside_.find(variable())) {
    outer = static_cast<const ConfigState*>(found)->shared_from_this();
  }
  here->assign(variable(), std::move(outer));
  prepared_ = false;
}

ActiveRun::Outside::Outside(ActiveRun& run) : run_(run), here_(&detail::current_context()) {
  if (run.entered_ == here_ && here_->same_as(run.inside_)) {
    run.leave();
    left_ = true;
    return;
  }
  // The task is in a run inside of this one, or is another one than that which entered it.
  const auto state_in = [](const Context& context) {
    const void* found = context.find(variable());
    return found ? static_cast<const ConfigState*>(found)->shared_from_this() : nullptr;
  };
  inside_ = state_in(*here_);
  here_->assign(variable(), state_in(run.outside_));
}

ActiveRun::Outside::~Outside() {
  if (here_ != &detail::current_context()) return;  // dropped by another task
  if (left_) {
    run_.enter();
  } else {
    here_->assign(variable(), std::move(inside_));
  }
}

bool ActiveRun::full() const noexcept {
  if (!run_) return false;
  const auto& observers = config_.observers();
  return std::any_of(observers.begin(), observers.end(),
                     [](const auto& observer) { return observer->full(); });
}

Coro<> ActiveRun::wait_for_room() const {
  // By value: the run may be dropped while it waits, but not before this Coro is.
  const std::vector<std::shared_ptr<RunObserver>> observers = config_.observers();
  for (const auto& observer : observers) {
    if (observer->full()) co_await observer->wait_for_room();
  }
}

}  // namespace cochain
