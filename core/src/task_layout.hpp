// How loops, tasks and coroutines lie in memory, told to whoever reads them from outside, and the
// reader.
#pragma once

#include <optional>
#include <vector>

#include "cochain/core/call_graph.hpp"
#include "process_memory.hpp"

namespace cochain::detail {

/// The ELF section in which a program that uses cochain keeps the way to its loops.
inline constexpr char kTaskRootSection[] = ".cochain_tasks";

/// The same in this process.
[[nodiscard]] Address own_task_root() noexcept;

/// Reads all loops, or the one at `only_loop`. Nothing if the memory changed under the reader.
/// Errors: Error if the root is of another version.
[[nodiscard]] std::optional<std::vector<LoopInfo>> read_loops(const ProcessMemory& memory,
                                                              Address root, Address only_loop = 0);

}  // namespace cochain::detail
