// Things with descriptors on a loop, which may be held longer than it: they are told when it ends.
#pragma once

#include "cochain/core/event_loop.hpp"

namespace cochain::detail {

class LoopMember : public ListNode {
 public:
  /// The loop ends: gives up everything that belongs to it. The tasks are gone already.
  virtual void on_loop_end() noexcept = 0;

 protected:
  LoopMember() = default;
  ~LoopMember() = default;
  /// Is told from now on, until it is unlinked.
  void join(EventLoop& loop);
};

}  // namespace cochain::detail
