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
  if (free_ < 0 || !waiters_.linked()) {
    ++free_;
    return;
  }
  auto& first = static_cast<Acquire&>(*waiters_.next());
  first.unlink();
  first.granted_ = true;
  first.wake();
}

bool RunLimit::Acquire::await_ready() const noexcept {
  if (limit_.free_ <= 0) return false;
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

void RunPermit::give_back() noexcept {
  over_ = true;
  if (std::exchange(held_, false)) limit_->release();
}

void RunPermit::lend() noexcept {
  if (loans_++ > 0 || !held_) return;
  held_ = false;
  limit_->release();
}

Coro<> RunPermit::take_back() {
  if (--loans_ > 0 || held_ || taking_ || over_) co_return;
  // One turn for all that goes on in here, however many of its parts ask for it.
  class Taking {
   public:
    explicit Taking(bool& flag) noexcept : flag_(flag) { flag_ = true; }
    Taking(const Taking&) = delete;
    Taking& operator=(const Taking&) = delete;
    ~Taking() { flag_ = false; }

   private:
    bool& flag_;
  };
  const Taking taking(taking_);
  co_await limit_->acquire(to_go_on(depth_));
  if (held_ || over_ || loans_ > 0) {  // lent again while it waited, or taken without waiting
    limit_->release();
  } else {
    held_ = true;
  }
}

void RunPermit::forget_loan() noexcept {
  if (--loans_ > 0 || held_ || over_) return;
  limit_->overdraw();
  held_ = true;
}

}  // namespace detail

Turns::~Turns() {
  if (lent_) lent_->forget_loan();
}

Coro<Turn> Turns::take(RunConfig config) {
  if (!limited(config)) co_return Turn(std::move(config), nullptr);
  const auto& outer = config.state()->permit;
  auto permit =
      std::make_shared<detail::RunPermit>(config.state()->limit, outer ? outer->depth() + 1 : 1);
  auto inner = std::make_shared<detail::ConfigState>(*config.state());
  inner->permit = permit;
  inner->entered = false;  // the task must know of the turn: what is called inside lends it
  co_await permit->take();
  co_return Turn(RunConfig(std::move(inner)), std::move(permit));
}

bool Turns::limited(const RunConfig& config) noexcept {
  return config.state() && config.state()->limit;
}

Coro<> Turns::done() {
  if (!lent_) co_return;
  const std::shared_ptr<detail::RunPermit> permit = std::exchange(lent_, nullptr);
  co_await permit->take_back();
}

}  // namespace cochain
