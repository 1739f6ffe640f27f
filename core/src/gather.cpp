// When a gather is over, and what it throws.

#include "cochain/core/gather.hpp"

namespace cochain::detail {

class GatherWaiter::Member final : public Joiner {
 public:
  explicit Member(GatherWaiter& owner) noexcept : owner_(owner) {}
  void on_done(TaskBase& task) noexcept override { owner_.on_done(task); }

 private:
  GatherWaiter& owner_;
};

GatherWaiter::GatherWaiter(std::vector<AnyTask> tasks, Until until)
    : tasks_(std::move(tasks)), until_(until), remaining_(tasks_.size()) {
  members_.reserve(tasks_.size());
  for (const AnyTask& task : tasks_) {
    members_.push_back(std::make_unique<Member>(*this));
    task.get()->join(*members_.back());
  }
}

GatherWaiter::~GatherWaiter() {
  // Siblings that are left run on; whoever asked for them has had the first error already.
  for (const AnyTask& task : tasks_) task.get()->mark_retrieved();
}

void GatherWaiter::on_done(TaskBase& task) noexcept {
  --remaining_;
  const bool error = task.failed() || task.cancelled();
  if (error && until_ == Until::kFirstError && !first_error_) {
    first_error_ = &task;
    wake();
  } else if (remaining_ == 0) {
    wake();
  }
}

bool GatherWaiter::request_cancel(const std::string& message) noexcept {
  bool any = false;
  for (const AnyTask& task : tasks_) any = task.cancel(message) || any;
  cancel_requested_ = cancel_requested_ || any;
  return any;
}

void GatherWaiter::await_resume() {
  if (finish() || (cancel_requested_ && !first_error_)) throw_cancelled();
  if (first_error_) std::rethrow_exception(first_error_->take_error());
}

}  // namespace cochain::detail
