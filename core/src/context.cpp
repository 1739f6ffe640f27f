// Contexts are persistent maps: setting a variable copies a short sorted list, so that everyone
// who holds the old context keeps it. Programs have a handful of variables; a tree would lose.

#include "cochain/core/context.hpp"

#include <algorithm>
#include <atomic>
#include <vector>

namespace cochain {

class detail::ContextMap {
 public:
  struct Entry {
    std::uint64_t variable;
    std::shared_ptr<const void> value;
  };
  std::vector<Entry> entries;
};

namespace {

thread_local Context thread_context;
thread_local Context* entered_context = nullptr;

}  // namespace

// noinline: a coroutine may be resumed with the address of another thread's variable in a register.
[[gnu::noinline]] Context& detail::current_context() noexcept {
  return entered_context ? *entered_context : thread_context;
}

std::uint64_t detail::new_context_variable_id() noexcept {
  static std::atomic<std::uint64_t> next{1};
  return next.fetch_add(1, std::memory_order_relaxed);
}

Context copy_context() { return detail::current_context(); }

Context::Entered::Entered(Context& context) noexcept : previous_(entered_context) {
  entered_context = &context;
}

Context::Entered::~Entered() { entered_context = previous_; }

const void* Context::find(std::uint64_t variable) const noexcept {
  if (!map_) return nullptr;
  for (const auto& entry : map_->entries) {
    if (entry.variable == variable) return entry.value.get();
  }
  return nullptr;
}

void Context::assign(std::uint64_t variable, std::shared_ptr<const void> value) {
  auto copy =
      map_ ? std::make_shared<detail::ContextMap>(*map_) : std::make_shared<detail::ContextMap>();
  const auto same = [variable](const auto& entry) { return entry.variable == variable; };
  const auto found = std::find_if(copy->entries.begin(), copy->entries.end(), same);
  if (found == copy->entries.end()) {
    copy->entries.push_back({variable, std::move(value)});
  } else {
    found->value = std::move(value);
  }
  map_ = std::move(copy);
}

}  // namespace cochain
