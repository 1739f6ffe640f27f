// When a wait for several futures is over.

#include "cochain/core/many_waiter.hpp"

#include <unordered_set>

namespace cochain::detail {

std::vector<std::size_t> positions_of_first(const std::vector<const FutureBase*>& futures) {
  std::vector<std::size_t> positions;
  positions.reserve(futures.size());
  std::unordered_set<const FutureBase*> seen(futures.size());
  for (std::size_t i = 0; i < futures.size(); ++i) {
    if (seen.insert(futures[i]).second) positions.push_back(i);
  }
  return positions;
}

ManyWaiter::ManyWaiter(std::vector<AnyFuture> futures, Until until, OnCancel on_cancel,
                       std::optional<TimePoint> deadline)
    : futures_(std::move(futures)),
      members_(std::make_unique<Member[]>(futures_.size())),
      until_(until),
      on_cancel_(on_cancel),
      deadline_(deadline) {
  EventLoop& loop = EventLoop::current();
  for (const AnyFuture& future : futures_) {
    if (!future) throw InvalidStateError("one of the futures to wait for is empty");
    if (&future.state()->loop() != &loop) {
      throw InvalidStateError(future.state()->label() + " belongs to another event loop");
    }
  }
  done_.reserve(futures_.size());
  for (std::size_t i = 0; i < futures_.size(); ++i) {
    FutureBase& future = *futures_[i].state();
    members_[i].owner = this;
    members_[i].awaiter = task_place();  // null while nobody waits: a stream may change its reader
    if (future.done()) {
      note_done(future, i);
    } else {
      future.join(members_[i]);
    }
  }
  if (deadline_) loop.arm(*this, *deadline_);
}

ManyWaiter::~ManyWaiter() {
  if (on_cancel_ != OnCancel::kCancelAll) return;
  // Siblings that are left run on; whoever asked for them has had the first error already.
  for (const AnyFuture& future : futures_) future.state()->mark_retrieved();
}

bool ManyWaiter::enough() const noexcept {
  if (done_.size() == futures_.size() || timed_out_) return true;
  switch (until_) {
    case Until::kNextDone: return done_.size() > handed_out_;
    case Until::kFirstFailed:
    case Until::kFirstException: return first_failed_ != nullptr;
    case Until::kAllDone: break;
  }
  return false;
}

void ManyWaiter::note_done(FutureBase& future, std::size_t position) noexcept {
  done_.push_back(static_cast<std::uint32_t>(position));
  const bool failed = future.failed() || (future.cancelled() && until_ != Until::kFirstException);
  if (failed && !first_failed_) first_failed_ = &future;
}

void ManyWaiter::on_done(FutureBase& future, Member& member) noexcept {
  note_done(future, static_cast<std::size_t>(&member - members_.get()));
  if (enough()) wake();
}

void ManyWaiter::fire() noexcept {
  timed_out_ = true;
  wake();
}

bool ManyWaiter::request_cancel(const std::string& message) noexcept {
  if (on_cancel_ == OnCancel::kLeaveThem) return Waiter::request_cancel(message);
  bool any = false;
  for (const AnyFuture& future : futures_) any = future.cancel(message) || any;
  cancel_requested_ = cancel_requested_ || any;
  return any;
}

void ManyWaiter::await_resume() {
  // With kCancelAll the wait ends when they have ended, and then always as cancelled, whatever
  // they made of it; unless one had failed before.
  const bool failed_first = until_ == Until::kFirstFailed && first_failed_ != nullptr;
  if (finish() || (cancel_requested_ && !failed_first)) throw_cancelled();
}

std::optional<std::size_t> ManyWaiter::next_done() noexcept {
  if (handed_out_ == done_.size()) return std::nullopt;
  return done_[handed_out_++];
}

}  // namespace cochain::detail
