// Turns: who of a run's items and branches may go on.

#include "cochain/core/coro.hpp"
#include "config_state.hpp"

namespace cochain {
namespace detail {
namespace {

// Going on is more urgent than beginning, and what is deeper more than what is not as deep.
unsigned to_begin(unsigned depth) noexcept { return depth * 2; }
unsigned to_go_on(unsigned depth) noexcept { return depth * 2 + 1; }

}  // namespace

RunLimit::Acquire RunLimit::acquire(unsigned urgency) noexcept { return Acquire(*this, urgency); }

void RunLimit::release() noexcept {
  if (!waiters_.linked()) {
    ++free_;
    return;
  }
  auto& first = static_cast<Acquire&>(*waiters_.next());
  first.unlink();
  first.granted_ = true;
  first.wake();
}

bool RunLimit::Acquire::await_ready() const noexcept {
  if (limit_.free_ == 0) return false;
  --limit_.free_;
  return true;
}

void RunLimit::Acquire::line_up() noexcept {
  ListNode* place = limit_.waiters_.next();
  while (place != &limit_.waiters_ && static_cast<Acquire*>(place)->urgency_ >= urgency_) {
    place = place->next();
  }
  link_before(*place);
}

void RunLimit::Acquire::await_resume() {
  const bool cancelled = finish();
  const bool granted = std::exchange(granted_, false);
  if (!cancelled) return;
  if (granted) limit_.release();
  throw_cancelled();
}

Coro<> RunPermit::take() {
  co_await limit_->acquire(to_begin(depth_));
  held_ = true;
}

void RunPermit::lend() noexcept {
  if (loans_++ > 0 || !held_) return;
  held_ = false;
  limit_->release();
}

Coro<> RunPermit::take_back() {
  if (--loans_ > 0 || held_) co_return;
  co_await limit_->acquire(to_go_on(depth_));
  held_ = true;
}

}  // namespace detail

Turns::~Turns() {
  if (lent_) lent_->forget_loan();
}

Coro<RunConfig> Turns::take(RunConfig config) {
  if (!config.state() || !config.state()->limit) co_return config;
  const auto& outer = config.state()->permit;
  auto inner = std::make_shared<detail::ConfigState>(*config.state());
  inner->permit = std::make_shared<detail::RunPermit>(inner->limit, outer ? outer->depth() + 1 : 1);
  co_await inner->permit->take();
  co_return RunConfig(std::move(inner));
}

Coro<> Turns::done() {
  if (!lent_) co_return;
  const std::shared_ptr<detail::RunPermit> permit = std::exchange(lent_, nullptr);
  co_await permit->take_back();
}

}  // namespace cochain
