// What futures and tasks share: their end, and who is told of it.

#include "cochain/core/future.hpp"

#include <cstring>

#include "callback_state.hpp"
#include "cancel_chain.hpp"
#include "cochain/core/event_loop.hpp"
#include "loop_debug.hpp"
#include "loop_member.hpp"
#include "loop_registry.hpp"

namespace cochain {
namespace detail {
namespace {

/// A callback that becomes ready when a future is done. The future does not own it, nor it the
/// future, until then. It ends with its loop, which the future may outlive.
class DoneCallback final : public CallbackState, public Joiner, public LoopMember {
 public:
  DoneCallback(EventLoop& loop, std::function<void(FutureBase&)> callback)
      : CallbackState(loop, nullptr, copy_context()), wanted_(std::move(callback)) {
    LoopMember::join(loop);
  }

  void on_done(FutureBase& future) noexcept override {
    LoopMember::unlink();
    callback_ = [wanted = std::move(wanted_), done = AnyFuture(future)] { wanted(*done.state()); };
    loop_.make_ready(*this);
  }
  void on_abandoned() noexcept override { cancel(); }
  void on_loop_end() noexcept override { cancel(); }

 private:
  void withdraw() noexcept override {
    Joiner::unlink();
    LoopMember::unlink();
    wanted_ = nullptr;
    CallbackState::withdraw();
  }

  std::function<void(FutureBase&)> wanted_;
};

}  // namespace

void RareText::assign(std::string_view text) {
  if (text.empty()) return text_.reset();
  auto copy = std::make_unique<char[]>(text.size() + 1);
  std::memcpy(copy.get(), text.data(), text.size());
  text_ = std::move(copy);
}

FutureBase::FutureBase(EventLoop& loop) noexcept : loop_(&loop) {
  if (tracks_coroutines()) [[unlikely]]
    note_made(this);
}

FutureBase::~FutureBase() {
  while (joiners_.linked()) {  // nobody can set it any more: callbacks are dropped
    Joiner& joiner = static_cast<Joiner&>(*joiners_.next());
    joiner.unlink();
    joiner.on_abandoned();
  }
  report_if_never_retrieved();
  if (tracks_coroutines()) [[unlikely]]
    forget_made(this);
}

void FutureBase::report_never_retrieved() noexcept {
  ExceptionContext report;
  report.message = "exception in " + label() + " was never retrieved";
  report.source_traceback = made_at(this);
  report.exception = error_;
  // A handle may outlive its loop, so the loop is asked only if it still runs here.
  if (EventLoop::current_or_null() == loop_) {
    loop_->call_exception_handler(report);
  } else {
    default_exception_handler(report);
  }
}

std::string FutureBase::label() const { return "a future"; }

void FutureBase::settle(State state, std::exception_ptr error) noexcept {
  state_ = state;
  error_ = std::move(error);
  while (joiners_.linked()) {
    Joiner& joiner = static_cast<Joiner&>(*joiners_.next());
    joiner.unlink();
    joiner.on_done(*this);
  }
}

std::exception_ptr FutureBase::take_error() {
  retrieved_ = true;
  if (state_ == State::kCancelled && !error_) {  // it never met its CancelledError
    return std::make_exception_ptr(CancelledError(cancel_message()));
  }
  return error_;
}

void FutureBase::require_done() const {
  if (!done()) throw InvalidStateError(label() + " is not done");
}

std::shared_ptr<CallbackState> FutureBase::add_done_callback(
    std::function<void(FutureBase&)> callback) {
  if (EventLoop::current_or_null() != loop_ && !is_registered(loop_)) {
    throw InvalidStateError("the event loop of " + label() +
                            " is gone: nobody can run a callback any more");
  }
  auto state = std::make_shared<DoneCallback>(*loop_, std::move(callback));
  state->keep(state);
  if (done()) {
    state->on_done(*this);
  } else {
    join(*state);
  }
  return state;
}

bool JoinWaiter::request_cancel(const std::string& message) noexcept {
  // Tasks that await each other in a circle: the request came around, so the circle opens here.
  if (target_->is_passing_on_cancel()) return Waiter::request_cancel(message);
  if (defer_cancel(*target_)) return true;
  return target_->cancel(message);
}

void JoinWaiter::suspend_until_done(Execution& execution) {
  auto& task = static_cast<TaskBase&>(execution);
  if (&task == target_) throw InvalidStateError(target_->label() + " awaits itself");
  if (&task.loop() != &target_->loop()) {
    throw InvalidStateError(target_->label() + " belongs to another event loop");
  }
  target_->join(*this);
  suspend_in(task);
}

EventLoop& running_event_loop() { return EventLoop::current(); }

}  // namespace detail

Handle::Handle(std::shared_ptr<detail::CallbackState> state) noexcept : state_(std::move(state)) {}
void Handle::cancel() noexcept {
  if (state_) state_->cancel();
}
bool Handle::cancelled() const noexcept { return state_ && state_->cancelled(); }

}  // namespace cochain
