// The root through which tasks are found from outside, and the walk through them.
//
// The root lies in a section of its own, which survives strip, and holds the offsets of every field
// that the walk needs: so a reader built from other sources, or by another compiler, still finds
// its way. A change of the walk itself is a new version.
//
// Nobody stops the process meanwhile. So the reader takes nothing on trust: each member of a list
// must name the one before it as its neighbour, which also ends a list that loops; and a task
// counts as read if it took no step meanwhile and is still in its list: other things may be made
// where one was that ended.

#include "task_layout.hpp"

#include <unistd.h>
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <mutex>
#include <unordered_map>
#include <unordered_set>

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

constexpr std::uint32_t kVersion = 3;
constexpr std::size_t kFramesMax = 256;
constexpr std::size_t kTaskBytesMax = 4096;  // from the first to the last field that is read
constexpr int kMissesMax = 1000;             // members that leave a list while it is walked
constexpr int kTries = 10;                   // to read one task between two of its steps

/// In bytes from the start of the object named first. Append only.
struct Offsets {
  std::uint32_t list_previous;  // ListNode
  std::uint32_t list_next;
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
  std::uint32_t task_steps;
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
  std::uint32_t loops;  // offset of the list of loops from the start of the root
  Offsets offsets;
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
    at.list_previous = offsetof(ListNode, previous_);
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
    at.task_steps = offsetof(TaskBase, steps_);
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
             0,
             TaskLayout::offsets()},
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

/// What was found in the place of a task.
enum class Found : std::uint8_t { kTask, kNoneAnyMore, kTornApart };

/// The age of what was made at `created`, a number that may mean nothing.
std::optional<Duration> age_of(std::int64_t created, TimePoint now) {
  if (created < 0) return std::nullopt;
  const TimePoint since{Duration(created)};
  return since < now ? now - since : Duration::zero();
}

/// One walk through the tasks of a process.
class TaskReader {
 public:
  TaskReader(const ProcessMemory& memory, const Offsets& offsets, const ReadLimits& limits,
             Standing standing)
      : memory_(memory), at_(offsets), limits_(limits), standing_(standing) {
    const std::initializer_list<std::uint32_t> fields = {at_.task_registry + at_.list_next,
                                                         at_.task_loop,
                                                         at_.task_id,
                                                         at_.task_name,
                                                         at_.task_created_at,
                                                         at_.task_cancel_requests,
                                                         at_.task_steps,
                                                         at_.task_innermost};
    first_field_ = std::min(fields);
    field_bytes_ = std::max(fields) - first_field_ + sizeof(std::uint64_t);
  }

  /// Nothing if something was not as it must be: the process went on meanwhile.
  [[nodiscard]] std::optional<LoopInfo> loop(Address loop) {
    LoopInfo info;
    const auto thread = memory_.get<std::int32_t>(loop + at_.loop_thread_id);
    const auto virtual_time = memory_.get<std::uint8_t>(loop + at_.loop_virtual_time);
    if (!thread || !virtual_time || field_bytes_ > kTaskBytesMax) return std::nullopt;
    info.thread_id = *thread;
    const TimePoint now = SteadyClock().now();
    std::vector<Address> addresses;
    const bool whole = walk(loop + at_.loop_tasks, [&](Address node) {
      addresses.push_back(node - at_.task_registry);
      return true;
    });
    if (!whole) return std::nullopt;
    std::unordered_set<std::uint64_t> ids;
    for (const Address task : addresses) {
      TaskInfo read;
      std::int64_t created = 0;
      const Found found = one_task(task, loop, read, created);
      if (found == Found::kTornApart) return std::nullopt;
      if (found == Found::kNoneAnyMore) continue;
      // A new task may be where one was that ended; it stands in the list already.
      if (!ids.insert(read.id).second) continue;
      if (*virtual_time == 0) read.age = age_of(created, now);
      spend(sizeof(TaskInfo) + read.name.size());
      info.tasks.push_back(std::move(read));
    }
    return info;
  }

  /// Calls `visit(node)` for each member of a list; false if it or the list said so. A list that
  /// loops without coming back to its head has a member with two others before it.
  template <class F>
  bool walk(Address head, F&& visit) {
    Address before = head;
    auto links = links_of(head);  // of `before`
    int misses = 0;
    int unexplained = 0;  // in a row
    while (links && links->next != head) {
      spend(sizeof(Address));
      const auto next = links_of(links->next);
      if (next && next->previous == before) {
        if (!visit(links->next)) return false;
        before = links->next;
        links = next;
        unexplained = 0;
        continue;
      }
      // That one has left the list. If the one before it is still in its place, it knows another.
      const auto again = links_of(before);
      if (++misses > kMissesMax || !again) return false;
      if (before != head && again->previous != links->previous) return false;
      if (again->next == links->next && ++unexplained > kTries) return false;
      links = again;
    }
    return links.has_value();
  }

 private:
  /// The fields of a task that tell how it is.
  struct Fields {
    Address next = 0;  // its neighbour in the list
    Address loop = 0;
    std::uint64_t id = 0;
    Address name = 0;
    std::int64_t created_at = 0;
    std::int32_t cancel_requests = 0;
    std::uint32_t steps = 0;
    Address innermost = 0;
  };

  struct Links {
    Address previous = 0;
    Address next = 0;
  };

  /// Two words that lie close to each other, by one call of the kernel.
  [[nodiscard]] bool read_two(Address base, std::uint32_t first, std::uint32_t second,
                              Address& first_word, Address& second_word) const {
    std::array<char, 64> bytes;
    const std::uint32_t low = std::min(first, second);
    const std::size_t size = std::max(first, second) - low + sizeof(Address);
    if (size > bytes.size() || !memory_.read(base + low, bytes.data(), size)) return false;
    std::memcpy(&first_word, bytes.data() + (first - low), sizeof first_word);
    std::memcpy(&second_word, bytes.data() + (second - low), sizeof second_word);
    return true;
  }

  [[nodiscard]] std::optional<Links> links_of(Address node) const {
    Links links;
    if (!read_two(node, at_.list_previous, at_.list_next, links.previous, links.next)) {
      return std::nullopt;
    }
    return links;
  }

  [[nodiscard]] std::optional<Fields> fields_of(Address task) const {
    std::array<char, kTaskBytesMax> bytes;
    if (!memory_.read(task + first_field_, bytes.data(), field_bytes_)) return std::nullopt;
    const auto take = [&](std::uint32_t offset, auto& to) {
      std::memcpy(&to, bytes.data() + (offset - first_field_), sizeof to);
    };
    Fields fields;
    take(at_.task_registry + at_.list_next, fields.next);
    take(at_.task_loop, fields.loop);
    take(at_.task_id, fields.id);
    take(at_.task_name, fields.name);
    take(at_.task_created_at, fields.created_at);
    take(at_.task_cancel_requests, fields.cancel_requests);
    take(at_.task_steps, fields.steps);
    take(at_.task_innermost, fields.innermost);
    return fields;
  }

  Found one_task(Address task, Address loop, TaskInfo& info, std::int64_t& created) {
    TaskInfo before;
    for (int tries = 1; tries <= kTries; ++tries) {
      const auto fields = fields_of(task);
      const auto running = memory_.get<Address>(loop + at_.loop_running_task);
      if (!fields || !running) return Found::kTornApart;
      if (fields->loop != loop || fields->next == task + at_.task_registry ||
          fields->innermost == 0) {
        return Found::kNoneAnyMore;  // done meanwhile
      }
      info = TaskInfo();
      info.running = *running == task;
      created = fields->created_at;
      const bool whole = describe(*fields, task, loop, info);
      if (standing_ == Standing::kStill) return whole ? Found::kTask : Found::kTornApart;
      const auto after = fields_of(task);
      if (!after) return Found::kTornApart;
      if (after->id != fields->id) return Found::kNoneAnyMore;
      // While a task runs, its steps do not tell whether its coroutines change.
      const bool settled = !info.running || (tries > 1 && info.stack == before.stack);
      if (whole && settled && after->steps == fields->steps &&
          after->innermost == fields->innermost && after->name == fields->name &&
          is_linked(task, after->next)) {
        return Found::kTask;
      }
      before = std::move(info);
    }
    return Found::kTornApart;
  }

  /// Whether the neighbour of a task in the list of its loop says that it is one.
  [[nodiscard]] bool is_linked(Address task, Address next) const {
    return memory_.get<Address>(next + at_.list_previous) == task + at_.task_registry;
  }

  bool describe(const Fields& fields, Address task, Address loop, TaskInfo& info) {
    info.id = fields.id;
    info.cancelling = fields.cancel_requests;
    if (fields.name == 0) {
      info.name = "Task-" + std::to_string(fields.id);
    } else {
      auto text = memory_.text(fields.name);
      if (!text) return false;
      info.name = std::move(*text);
    }
    return read_stack(fields.innermost, info.stack) && read_awaiters(task, loop, info.awaited_by);
  }

  bool read_stack(Address promise, std::vector<StackFrame>& stack) {
    for (; promise != 0;) {
      if (stack.size() == kFramesMax) {
        stack.emplace_back("…", "?", 0);
        break;
      }
      Address site = 0;
      Address awaited_by = 0;
      if (!read_two(promise, at_.promise_await_site, at_.promise_awaited_by, site, awaited_by)) {
        return false;
      }
      const StackFrame* frame = frame_at(site);
      if (!frame) return false;
      spend(sizeof(StackFrame) + frame->function.size() + frame->file.size());
      stack.push_back(*frame);
      promise = awaited_by;
    }
    std::reverse(stack.begin(), stack.end());
    return true;
  }

  /// Others than the task itself change this list: it is right if it is twice the same.
  bool read_awaiters(Address task, Address loop, std::vector<std::uint64_t>& ids) {
    if (!walk_awaiters(task, loop, ids)) return false;
    if (standing_ == Standing::kStill) return true;
    std::vector<std::uint64_t> again;
    return walk_awaiters(task, loop, again) && ids == again;
  }

  bool walk_awaiters(Address task, Address loop, std::vector<std::uint64_t>& ids) {
    std::unordered_set<std::uint64_t> seen;
    return walk(task + at_.task_joiners, [&](Address node) {
      const auto place = memory_.get<Address>(node + at_.joiner_awaiter);
      if (!place) return false;
      if (*place == 0) return true;  // a callback
      const auto awaiter = memory_.get<Address>(*place);
      if (!awaiter) return false;
      if (*awaiter == 0) return true;  // nobody waits now
      const auto owner = memory_.get<Address>(*awaiter + at_.task_loop);
      const auto id = memory_.get<std::uint64_t>(*awaiter + at_.task_id);
      if (!id) return false;
      if (owner != loop) return true;  // no task any more
      if (seen.insert(*id).second) ids.push_back(*id);
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
    spend(sizeof(StackFrame) + frame.function.size() + frame.file.size());
    return &frames_.emplace(site, std::move(frame)).first->second;
  }

  void spend(std::size_t bytes) {
    spent_ += bytes;
    const bool looks_at_clock = ++spendings_ % 256 == 0;
    if (spent_ <= limits_.bytes_max &&
        !(looks_at_clock && SteadyClock().now() > limits_.deadline)) {
      return;
    }
    throw Error("it has more tasks than can be read in a minute and kept in " +
                std::to_string(limits_.bytes_max >> 20U) + " MiB, or they are damaged");
  }

  const ProcessMemory& memory_;
  Offsets at_;
  const ReadLimits& limits_;
  Standing standing_;
  std::uint32_t first_field_ = 0;
  std::size_t field_bytes_ = 0;
  std::size_t spent_ = 0;
  std::size_t spendings_ = 0;
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

std::uint32_t root_version() noexcept { return kVersion; }

RootCheck check_root(const ProcessMemory& memory, Address root_address) noexcept {
  RootCheck check;
  struct Start {
    char magic[8];
    std::uint32_t version;
    std::uint32_t bytes;
  };
  const auto start = memory.get<Start>(root_address);
  if (!start || std::memcmp(start->magic, root.head.magic, sizeof start->magic) != 0) return check;
  check.version = start->version;
  const bool readable = start->version == kVersion && start->bytes >= sizeof(Offsets);
  check.kind = readable ? RootKind::kReadable : RootKind::kOtherVersion;
  return check;
}

std::optional<std::vector<LoopInfo>> read_loops(const ProcessMemory& memory, Address root_address,
                                                const ReadLimits& limits) {
  const auto head = memory.get<RootHead>(root_address);
  if (!head) return std::nullopt;
  TaskReader reader(memory, head->offsets, limits, Standing::kGoesOn);
  std::vector<Address> loops;
  const bool whole = reader.walk(root_address + head->loops, [&](Address node) {
    loops.push_back(node - head->offsets.loop_registry);
    return true;
  });
  if (!whole) return std::nullopt;
  std::vector<LoopInfo> infos;
  for (const Address loop : loops) {
    auto info = reader.loop(loop);
    if (!info) return std::nullopt;
    infos.push_back(std::move(*info));
  }
  return infos;
}

std::optional<LoopInfo> read_own_loop(const EventLoop& loop, Standing standing) {
  const OwnMemory own;
  const KernelCopiedMemory copied(static_cast<int>(::getpid()));
  const bool still = standing == Standing::kStill;
  const ProcessMemory& memory = still ? static_cast<const ProcessMemory&>(own) : copied;
  ReadLimits none;
  none.bytes_max = SIZE_MAX;
  return TaskReader(memory, root.head.offsets, none, standing)
      .loop(reinterpret_cast<Address>(&loop));
}

}  // namespace cochain::detail
