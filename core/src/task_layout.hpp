// How loops, tasks and coroutines lie in memory, told to whoever reads them from outside, and the
// reader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "cochain/core/call_graph.hpp"
#include "process_memory.hpp"

namespace cochain::detail {

/// The ELF section in which a program that uses cochain keeps the way to its loops.
inline constexpr char kTaskRootSection[] = ".cochain_tasks";

/// Whether what lies at `root` is one of the kind of this reader's.
enum class RootKind : std::uint8_t { kReadable, kOtherVersion, kNone };
class RootCheck {
 public:
  RootCheck() = default;
  RootKind kind = RootKind::kNone;
  std::uint32_t version = 0;
};
[[nodiscard]] RootCheck check_root(const ProcessMemory& memory, Address root) noexcept;
/// The version that this reader reads.
[[nodiscard]] std::uint32_t root_version() noexcept;

/// Where a reading of another process gives up. Its memory may be damaged, or made to deceive: such
/// lists may have no end.
class ReadLimits {
 public:
  ReadLimits() = default;
  TimePoint deadline = TimePoint::max();
  std::size_t bytes_max = std::size_t{1} << 30;  // of what was read, as this process keeps it
};

/// Reads all loops of another process, or of this one from a thread that runs none of them. Nothing
/// if the memory changed under the reader.
/// Errors: Error if a limit was met.
[[nodiscard]] std::optional<std::vector<LoopInfo>> read_loops(const ProcessMemory& memory,
                                                              Address root,
                                                              const ReadLimits& limits);

/// Whether tasks may take steps while they are read.
enum class Standing : std::uint8_t { kStill, kGoesOn };

/// Reads one loop of this process: on its own thread it stands still. Nothing, which never happens
/// there, if it changed under the reader.
[[nodiscard]] std::optional<LoopInfo> read_own_loop(const EventLoop& loop, Standing standing);

}  // namespace cochain::detail
