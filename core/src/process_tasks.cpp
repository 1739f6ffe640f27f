// The tasks of another process: from its number to what its loops hold, or to one line that says
// why not.

#include <cerrno>
#include <system_error>

#include "cochain/core/call_graph.hpp"
#include "cochain/core/error.hpp"
#include "task_layout.hpp"

namespace cochain {
namespace {

// A busy program changes while it is read; a look takes microseconds, so another one helps.
constexpr int kLooks = 100;
constexpr std::chrono::seconds kTimeMax(60);

/// Throws if nothing of the process can be read.
void require_readable(int pid, const detail::KernelCopiedMemory& memory, detail::Address address) {
  switch (const int error = memory.why_not(address)) {
    case 0:
    case EFAULT: return;  // not mapped: the file is not quite the one that runs
    case EPERM: detail::throw_not_permitted(pid, error);
    case ESRCH: throw Error("process " + std::to_string(pid) + " has just ended");
    case ENOSYS: throw Error("this kernel cannot read other processes: no process_vm_readv()");
    default:
      throw Error(detail::process_label(pid) +
                  " cannot be read: " + std::generic_category().message(error));
  }
}

std::vector<LoopInfo> read_root(int pid, const detail::KernelCopiedMemory& memory,
                                detail::Address root, const detail::ReadLimits& limits) {
  for (int look = 0; look < kLooks; ++look) {
    if (auto infos = detail::read_loops(memory, root, limits)) return std::move(*infos);
    require_readable(pid, memory, root);
  }
  throw Error("they change faster than they can be read, or are damaged; try again");
}

}  // namespace

std::vector<LoopInfo> read_process_tasks(int pid) {
  const detail::SectionAddresses roots = detail::find_section(pid, detail::kTaskRootSection);
  const detail::KernelCopiedMemory memory(pid);
  detail::ReadLimits limits;
  limits.deadline = SteadyClock().now() + kTimeMax;
  std::vector<LoopInfo> loops;
  bool any = false;
  std::optional<std::uint32_t> other_version;
  for (const detail::Address root : roots.addresses) {
    require_readable(pid, memory, root);
    const detail::RootCheck check = check_root(memory, root);
    if (check.kind == detail::RootKind::kOtherVersion) other_version = check.version;
    if (check.kind != detail::RootKind::kReadable) continue;
    any = true;
    try {
      for (LoopInfo& loop : read_root(pid, memory, root, limits)) loops.push_back(std::move(loop));
    } catch (const Error& error) {
      throw Error("the tasks of " + detail::process_label(pid) + ": " + error.what());
    }
  }
  if (any) return loops;
  if (other_version) {
    throw Error(detail::process_label(pid) +
                " uses another version of cochain: its tasks have the "
                "layout " +
                std::to_string(*other_version) + ", and this program reads layout " +
                std::to_string(detail::root_version()) + " alone; use the one of its version");
  }
  throw Error(detail::process_label(pid) + " does not use cochain" + roots.doubt);
}

}  // namespace cochain
