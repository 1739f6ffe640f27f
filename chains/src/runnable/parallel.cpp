// Several steps at once: what does not depend on what goes in and out.

#include "cochain/chains/runnable/parallel.hpp"

namespace cochain::detail {
namespace {

// The objects referred to live in the frame that owns the group, above it.
Coro<> run_branch(ParallelBranch branch, RunConfig config, FirstError& first, TaskGroup& group) {
  try {
    const Turn turn = co_await Turns::take(config.child("map:key", branch.key));
    Coro<> running = branch.run(turn.config());
    co_await std::move(running);
  } catch (...) {
    first.keep(group);
  }
}

}  // namespace

void FirstError::keep(TaskGroup& group) {
  std::exception_ptr error = std::current_exception();
  if (is_cancelled_error(error) && current_task().cancelling() > 0) std::rethrow_exception(error);
  if (error_) return;
  error_ = std::move(error);
  group.cancel();
}

Coro<> run_branches(std::vector<ParallelBranch> branches, RunConfig config) {
  Turns turns(std::move(config));
  FirstError first;
  {
    TaskGroup group;
    for (ParallelBranch& branch : branches) {
      group.create_task(run_branch(std::move(branch), turns.config(), first, group));
    }
    co_await group.join();
  }
  co_await turns.done();
  first.rethrow();
}

}  // namespace cochain::detail
