// The list of what a loop has to end, as one of its services.

#include "loop_member.hpp"

namespace cochain::detail {
namespace {

class LoopMembers final : public EventLoop::Service {
 public:
  LoopMembers() = default;
  LoopMembers(const LoopMembers&) = delete;
  LoopMembers& operator=(const LoopMembers&) = delete;
  ~LoopMembers() override {
    while (list.linked()) {
      auto& member = static_cast<LoopMember&>(*list.next());
      member.unlink();
      member.on_loop_end();
    }
  }

  ListNode list;
};

}  // namespace

void LoopMember::join(EventLoop& loop) {
  static const std::uint64_t key = EventLoop::new_service_key();
  if (!loop.find_service(key)) loop.add_service(key, std::make_unique<LoopMembers>());
  link_before(static_cast<LoopMembers&>(*loop.find_service(key)).list);
}

}  // namespace cochain::detail
