// How a chain of coroutines is destroyed, and memory for coroutine frames and task states.
// A thread keeps the blocks it freed, by size class, and hands them out again: frames come and go
// in the millions with a few sizes, and this halves what an awaited call costs beside malloc.

#include "cochain/core/coro.hpp"

#include <array>
#include <cstdlib>
#include <new>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COCHAIN_RECYCLE_FRAMES 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define COCHAIN_RECYCLE_FRAMES 0
#endif
#endif
#ifndef COCHAIN_RECYCLE_FRAMES
#define COCHAIN_RECYCLE_FRAMES 1
#endif

namespace cochain::detail {

#if COCHAIN_RECYCLE_FRAMES
namespace {

constexpr std::size_t kClassBytes = 64;
constexpr std::size_t kClasses = 32;  // frames up to 2 KiB; larger ones go to malloc
constexpr std::size_t kKeptPerClass = std::size_t{1} << 20;  // what a million tasks leave

struct FreeBlock {
  FreeBlock* next;
};

class FrameCache {
 public:
  FrameCache() = default;
  FrameCache(const FrameCache&) = delete;
  FrameCache& operator=(const FrameCache&) = delete;
  ~FrameCache() {
    for (Shelf& shelf : shelves_) {
      while (shelf.first) std::free(std::exchange(shelf.first, shelf.first->next));
      shelf.room = 0;  // what is freed after the thread's end goes to free()
    }
  }

  void* take(std::size_t size_class) noexcept {
    Shelf& shelf = shelves_[size_class];
    FreeBlock* block = shelf.first;
    if (block) {
      shelf.first = block->next;
      ++shelf.room;
    }
    return block;
  }

  bool keep(void* memory, std::size_t size_class) noexcept {
    Shelf& shelf = shelves_[size_class];
    if (shelf.room == 0) return false;
    shelf.first = ::new (memory) FreeBlock{shelf.first};
    --shelf.room;
    return true;
  }

 private:
  struct Shelf {
    FreeBlock* first = nullptr;
    std::size_t room = kKeptPerClass;
  };
  std::array<Shelf, kClasses> shelves_;
};

thread_local FrameCache frame_cache;

}  // namespace

void* allocate_frame(std::size_t bytes) {
  const std::size_t size_class = (bytes - 1) / kClassBytes;
  if (size_class < kClasses) {
    if (void* block = frame_cache.take(size_class)) return block;
    bytes = (size_class + 1) * kClassBytes;
  }
  if (void* block = std::malloc(bytes)) return block;
  throw std::bad_alloc();
}

void free_frame(void* frame, std::size_t bytes) noexcept {
  const std::size_t size_class = (bytes - 1) / kClassBytes;
  if (size_class < kClasses && frame_cache.keep(frame, size_class)) return;
  std::free(frame);
}

#else

void* allocate_frame(std::size_t bytes) { return ::operator new(bytes); }
void free_frame(void* frame, std::size_t) noexcept { ::operator delete(frame); }

#endif

void destroy_awaited(PromiseBase& innermost, const PromiseBase& outermost) noexcept {
  PromiseBase* inner = &innermost;
  while (inner != &outermost) {
    PromiseBase* const outer = inner->awaited_by;
    // A stream is left to the next() in the frame of `outer`; what it awaited is gone already.
    if (inner->held_by) std::exchange(*inner->held_by, {}).destroy();
    inner = outer;
  }
}

}  // namespace cochain::detail
