// Context variables: values that follow a task, and the tasks and threads that it starts.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "cochain/core/error.hpp"

namespace cochain {

namespace detail {
class ContextMap;
}

/// An immutable set of context variables; a copy costs one reference.
/// A task runs in a copy of the context that was current where it was created: what it sets is
/// seen by itself, by what it awaits and by what it starts afterwards, never by its creator.
class Context {
 public:
  Context() = default;
  /// Calls `fn()` with this context as the current one; what `fn` sets stays in this object.
  /// Suspends: never; `fn` must be an ordinary function.
  template <class F>
  decltype(auto) run(F&& fn) {
    const Entered entered(*this);
    return std::forward<F>(fn)();
  }

  /// Makes a context current on this thread for as long as it lives.
  class Entered {
   public:
    explicit Entered(Context& context) noexcept;
    ~Entered();
    Entered(const Entered&) = delete;
    Entered& operator=(const Entered&) = delete;

   private:
    Context* previous_;
  };

  /// True if both hold the very same set, so that nothing was set in between.
  [[nodiscard]] bool same_as(const Context& other) const noexcept { return map_ == other.map_; }

  [[nodiscard]] const void* find(std::uint64_t variable) const noexcept;
  void assign(std::uint64_t variable, std::shared_ptr<const void> value);

 private:
  std::shared_ptr<const detail::ContextMap> map_;
};

/// The context of the running task, or of the thread where no task runs.
[[nodiscard]] Context copy_context();

namespace detail {
[[nodiscard]] Context& current_context() noexcept;
[[nodiscard]] std::uint64_t new_context_variable_id() noexcept;
}  // namespace detail

/// One variable that has a value per context.
/// Shape:  `static ContextVar<std::string> request_id("request_id");` then `request_id.set("r1");`
/// Lives:  usually as a global or static object; a value lives as long as a context holds it.
/// Errors: get() without a value and without a default throws InvalidStateError naming it.
template <class T>
class ContextVar {
 public:
  explicit ContextVar(std::string name) : name_(std::move(name)) {}
  ContextVar(std::string name, T fallback)
      : name_(std::move(name)), fallback_(std::make_shared<const T>(std::move(fallback))) {}
  ContextVar(const ContextVar&) = delete;
  ContextVar& operator=(const ContextVar&) = delete;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  [[nodiscard]] T get() const {
    if (const void* found = detail::current_context().find(id_)) {
      return *static_cast<const T*>(found);
    }
    if (!fallback_) throw InvalidStateError("context variable '" + name_ + "' has no value here");
    return *fallback_;
  }
  [[nodiscard]] T get(T otherwise) const {
    const void* found = detail::current_context().find(id_);
    return found ? *static_cast<const T*>(found) : std::move(otherwise);
  }
  void set(T value) {
    detail::current_context().assign(id_, std::make_shared<const T>(std::move(value)));
  }

 private:
  std::string name_;
  std::shared_ptr<const T> fallback_;
  std::uint64_t id_ = detail::new_context_variable_id();
};

}  // namespace cochain
