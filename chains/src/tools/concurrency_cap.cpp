// Places by loop, made when first wanted and gone with the last who wants one.

#include "concurrency_cap.hpp"

#include <algorithm>
#include <utility>

#include "cochain/core/event_loop.hpp"

namespace cochain::detail {

ConcurrencyCap::User::User(std::shared_ptr<ConcurrencyCap> cap) : cap_(std::move(cap)) {
  EventLoop& loop = EventLoop::current();
  const std::scoped_lock lock(cap_->mutex_);
  of_loop_ = std::find_if(cap_->loops_.begin(), cap_->loops_.end(),
                          [&](const OfLoop& each) { return each.loop == &loop; });
  if (of_loop_ == cap_->loops_.end()) {
    of_loop_ = cap_->loops_.emplace(cap_->loops_.end(), loop, cap_->places_);
  }
  ++of_loop_->users;
}

ConcurrencyCap::User::~User() {
  const std::scoped_lock lock(cap_->mutex_);
  if (--of_loop_->users == 0) cap_->loops_.erase(of_loop_);
}

}  // namespace cochain::detail
