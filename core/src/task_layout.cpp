// The root through which tasks are found from outside, and the walk through them.
//
// The root lies in a section of its own, which survives strip, and holds the offsets of every field
// that the walk needs: so a reader built from other sources, or by another compiler, still finds
// its way. A change of the walk itself is a new version.

#include "task_layout.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <unordered_map>

#include "cochain/core/event_loop.hpp"
#include "function_name.hpp"
#include "loop_registry.hpp"

// The classes are no standard-layout types, for which alone offsetof is promised; both compilers
// give the right number for every class without virtual bases.
#if defined(__clang__)
#pragma clang diagnostic ignored "-Winvalid-offsetof"
#else
#pragma GCC diagnostic ignored "-Winvalid-offsetof"
#endif

namespace cochain::detail {
namespace {

constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kLoopsMax = 4096;
constexpr std::size_t kTasksMax = 20'000'000;
constexpr std::size_t kFramesMax = 256;
constexpr std::size_t kAwaitersMax = 4096;

/// In bytes from the start of the object named first. Append only.
struct Offsets {
  std::uint32_t list_next;  // ListNode
  std::uint32_t loop_registry;
  std::uint32_t loop_tasks;
  std::uint32_t loop_running_task;
  std::uint32_t loop_thread_id;
  std::uint32_t loop_virtual_time;
  std::uint32_t task_registry;
  std::uint32_t task_loop;
  std::uint32_t task_id;
  std::uint32_t task_name;
  std::uint32_t task_created_at;
  std::uint32_t task_cancel_requests;
  std::uint32_t task_innermost;
  std::uint32_t task_joiners;
  std::uint32_t joiner_awaiter;  // from its ListNode
  std::uint32_t promise_awaited_by;
  std::uint32_t promise_await_site;
  std::uint32_t site_file;
  std::uint32_t site_function;
  std::uint32_t site_line;
};

struct RootHead {
  char magic[8];
  std::uint32_t version;
  std::uint32_t bytes;  // of Offsets
  Offsets offsets;
  std::uint32_t loops;  // offset of the list of loops from the start of the root
};

/// A source_location is a pointer to this, with libstdc++ and both compilers.
struct SourceLocationData {
  const char* file;
  const char* function;
  std::uint32_t line;
  std::uint32_t column;
};
static_assert(sizeof(std::source_location) == sizeof(void*));

}  // namespace

/// The friend of all whose fields are told.
class TaskLayout {
 public:
  static constexpr Offsets offsets() noexcept {
    Offsets at{};
    at.list_next = offsetof(ListNode, next_);
    at.loop_registry = offsetof(EventLoop, registry_);
    at.loop_tasks = offsetof(EventLoop, tasks_);
    at.loop_running_task = offsetof(EventLoop, running_task_);
    at.loop_thread_id = offsetof(EventLoop, thread_id_);
    at.loop_virtual_time = offsetof(EventLoop, virtual_time_);
    at.task_registry = offsetof(TaskBase, next_) - offsetof(ListNode, next_);
    at.task_loop = offsetof(TaskBase, loop_);
    at.task_id = offsetof(TaskBase, id_);
    at.task_name = offsetof(TaskBase, name_) + offsetof(RareText, text_);
    at.task_created_at = offsetof(TaskBase, created_at_);
    at.task_cancel_requests = offsetof(TaskBase, cancel_requests_);
    at.task_innermost = offsetof(TaskBase, innermost);
    at.task_joiners = offsetof(TaskBase, joiners_);
    at.joiner_awaiter =
        offsetof(Joiner, awaiter) - (offsetof(Joiner, next_) - offsetof(ListNode, next_));
    at.promise_awaited_by = offsetof(PromiseBase, awaited_by);
    at.promise_await_site = offsetof(PromiseBase, await_site);
    at.site_file = offsetof(SourceLocationData, file);
    at.site_function = offsetof(SourceLocationData, function);
    at.site_line = offsetof(SourceLocationData, line);
    return at;
  }
};

namespace {

struct Root {
  constexpr Root() noexcept
      : head{{'c', 'o', 'c', 'h', 'a', 'i', 'n', '\0'},
             kVersion,
             sizeof(Offsets),
             TaskLayout::offsets(),
             0},
        loops() {
    head.loops = offsetof(Root, loops);
  }
  // Never destroyed: a thread may still run a loop while the process ends.
  ~Root() {}
  RootHead head;
  union {
    ListNode loops;
  };
};

[[gnu::section(".cochain_tasks"), gnu::used]] constinit Root root;

std::mutex& loops_mutex() {
  static std::mutex& mutex = *new std::mutex;  // outlives whatever runs at exit
  return mutex;
}

/// One walk through the tasks of a process.
class TaskReader {
 public:
  TaskReader(const ProcessMemory& memory, const Offsets& offsets) : memory_(memory), at_(offsets) {}

  /// Nothing if something was not as it must be: the process went on meanwhile.
  [[nodiscard]] std::optional<LoopInfo> loop(Address loop) {
    LoopInfo info;
    const auto thread = memory_.get<std::int32_t>(loop + at_.loop_thread_id);
    const auto running = memory_.get<Address>(loop + at_.loop_running_task);
    const auto virtual_time = memory_.get<std::uint8_t>(loop + at_.loop_virtual_time);
    if (!thread || !running || !virtual_time) return std::nullopt;
    info.thread_id = *thread;
    const TimePoint now = SteadyClock().now();
    std::vector<Address> addresses;
    const bool whole = walk(loop + at_.loop_tasks, kTasksMax, [&](Address node) {
      const Address task = node - at_.task_registry;
      const auto owner = memory_.get<Address>(task + at_.task_loop);
      if (owner != loop) return false;  // no task of this loop any more
      addresses.push_back(task);
      return true;
    });
    if (!whole) return std::nullopt;
    for (const Address task : addresses) {
      auto read = one_task(task);
      if (!read) return std::nullopt;
      read->running = task == *running;
      const auto created = memory_.get<std::int64_t>(task + at_.task_created_at);
      if (*virtual_time == 0 && created) {
        read->age = now - TimePoint(std::chrono::nanoseconds(*created));
      }
      info.tasks.push_back(std::move(*read));
    }
    return info;
  }

  /// Calls `visit(node)` for each member of a list; false if it or the list said so.
  template <class F>
  bool walk(Address head, std::size_t most, F&& visit) const {
    auto node = memory_.get<Address>(head + at_.list_next);
    for (std::size_t count = 0; node && *node != head; ++count) {
      if (count == most || !visit(*node)) return false;
      node = memory_.get<Address>(*node + at_.list_next);
    }
    return node.has_value();
  }

 private:
  std::optional<TaskInfo> one_task(Address task) {
    TaskInfo info;
    const auto id = memory_.get<std::uint64_t>(task + at_.task_id);
    const auto name = memory_.get<Address>(task + at_.task_name);
    const auto cancels = memory_.get<std::int32_t>(task + at_.task_cancel_requests);
    const auto innermost = memory_.get<Address>(task + at_.task_innermost);
    if (!id || !name || !cancels || !innermost) return std::nullopt;
    info.id = *id;
    info.cancelling = *cancels;
    if (*name == 0) {
      info.name = "Task-" + std::to_string(*id);
    } else {
      auto text = memory_.text(*name);
      if (!text) return std::nullopt;
      info.name = std::move(*text);
    }
    if (!read_stack(*innermost, info.stack) || !read_awaiters(task, info.awaited_by)) {
      return std::nullopt;
    }
    return info;
  }

  bool read_stack(Address promise, std::vector<StackFrame>& stack) {
    for (std::size_t depth = 0; promise != 0 && depth < kFramesMax; ++depth) {
      const auto site = memory_.get<Address>(promise + at_.promise_await_site);
      const auto awaited_by = memory_.get<Address>(promise + at_.promise_awaited_by);
      if (!site || !awaited_by) return false;
      const StackFrame* frame = frame_at(*site);
      if (!frame) return false;
      stack.push_back(*frame);
      promise = *awaited_by;
    }
    std::reverse(stack.begin(), stack.end());
    return true;
  }

  bool read_awaiters(Address task, std::vector<std::uint64_t>& ids) const {
    return walk(task + at_.task_joiners, kAwaitersMax, [&](Address node) {
      const auto awaiter = memory_.get<Address>(node + at_.joiner_awaiter);
      if (!awaiter) return false;
      if (*awaiter == 0) return true;  // a callback
      const auto id = memory_.get<std::uint64_t>(*awaiter + at_.task_id);
      if (!id) return false;
      if (std::find(ids.begin(), ids.end(), *id) == ids.end()) ids.push_back(*id);
      return true;
    });
  }

  /// Many tasks stand at the same line.
  const StackFrame* frame_at(Address site) {
    const auto known = frames_.find(site);
    if (known != frames_.end()) return &known->second;
    if (site == 0) return &frames_.emplace(site, StackFrame("?", "?", 0)).first->second;
    const auto file = memory_.get<Address>(site + at_.site_file);
    const auto function = memory_.get<Address>(site + at_.site_function);
    const auto line = memory_.get<std::uint32_t>(site + at_.site_line);
    if (!file || !function || !line) return nullptr;
    const auto file_text = memory_.text(*file);
    const auto function_text = memory_.text(*function);
    if (!file_text || !function_text) return nullptr;
    StackFrame frame(short_function_name(*function_text), *file_text, *line);
    return &frames_.emplace(site, std::move(frame)).first->second;
  }

  const ProcessMemory& memory_;
  Offsets at_;
  std::unordered_map<Address, StackFrame> frames_;
};

}  // namespace

void register_loop(ListNode& loop) noexcept {
  const std::lock_guard lock(loops_mutex());
  loop.link_before(root.loops);
}

void unregister_loop(ListNode& loop) noexcept {
  const std::lock_guard lock(loops_mutex());
  loop.unlink();
}

bool is_registered(const EventLoop* loop) noexcept {
  const std::lock_guard lock(loops_mutex());
  for (const ListNode* node = root.loops.next(); node != &root.loops; node = node->next()) {
    if (reinterpret_cast<Address>(node) - root.head.offsets.loop_registry ==
        reinterpret_cast<Address>(loop)) {
      return true;
    }
  }
  return false;
}

Address own_task_root() noexcept { return reinterpret_cast<Address>(&root); }

std::optional<std::vector<LoopInfo>> read_loops(const ProcessMemory& memory, Address root_address,
                                                Address only_loop) {
  const auto head = memory.get<RootHead>(root_address);
  if (!head) return std::nullopt;
  if (std::memcmp(head->magic, "cochain", 8) != 0 || head->version != kVersion ||
      head->bytes < sizeof(Offsets)) {
    throw Error("its tasks are those of another version of cochain (" +
                std::to_string(head->version) + ", this is " + std::to_string(kVersion) + ")");
  }
  TaskReader reader(memory, head->offsets);
  std::vector<Address> loops;
  if (only_loop != 0) {
    loops.push_back(only_loop);
  } else if (!reader.walk(root_address + head->loops, kLoopsMax, [&](Address node) {
               loops.push_back(node - head->offsets.loop_registry);
               return true;
             })) {
    return std::nullopt;
  }
  std::vector<LoopInfo> infos;
  for (const Address loop : loops) {
    auto info = reader.loop(loop);
    if (!info) return std::nullopt;
    infos.push_back(std::move(*info));
  }
  return infos;
}

}  // namespace cochain::detail
