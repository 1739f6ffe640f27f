// Runs and who hears of them: each call of a step is a run, with a name, a parent and a beginning
// and an end. Nobody listens by default, and then nothing of this costs anything.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include "cochain/chains/model/json_convert.hpp"
#include "cochain/core/coro.hpp"

namespace cochain {

/// What kind of step a run is of; the middle word of LangChain's `on_chat_model_start`.
enum class RunKind : std::uint8_t { kChain, kPrompt, kChatModel, kParser, kTool, kRetriever };

/// "chain", "prompt", "chat_model", "parser", "tool" or "retriever".
[[nodiscard]] std::string_view to_string(RunKind kind) noexcept;

/// One call of one step, from its start to its end.
/// Shape:    `id()` is a UUID; runs form a tree by parent(). Tags and metadata are those of the
///           whole run and of this step: `seq:step:2`, `map:key:joke`.
/// Lives:    as long as the call, and as long as somebody holds it; never changes.
class Run : public std::enable_shared_from_this<Run> {
 public:
  Run(std::shared_ptr<const Run> parent, RunKind kind, std::string name, std::string id = {});

  [[nodiscard]] const std::string& id() const noexcept { return id_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] RunKind kind() const noexcept { return kind_; }
  [[nodiscard]] const std::shared_ptr<const Run>& parent() const noexcept { return parent_; }
  /// The ids of all that this run is a part of, the outermost first.
  [[nodiscard]] std::vector<std::string> parent_ids() const;
  [[nodiscard]] const std::vector<std::string>& tags() const noexcept { return tags_; }
  [[nodiscard]] bool has_tag(std::string_view tag) const noexcept;
  [[nodiscard]] const JsonObject& metadata() const noexcept { return *metadata_; }
  /// Bit i is set if observer i of the configuration wants to hear of it.
  [[nodiscard]] std::uint64_t heard_by() const noexcept { return heard_by_; }

 private:
  friend class ActiveRun;
  std::string id_;
  std::string name_;
  RunKind kind_;
  std::shared_ptr<const Run> parent_;
  std::vector<std::string> tags_;               // sorted, each once
  std::shared_ptr<const JsonObject> metadata_;  // never null
  std::uint64_t heard_by_ = 0;
};

namespace detail {

/// A JSON value of anything: its own if it has one, else the name of its type.
template <class T>
Json json_of_value(const T& value);

/// What RunValue must know of a type.
class ValueType {
 public:
  const std::type_info* type;
  std::shared_ptr<const void> (*copy)(const void*);  // null if it cannot be copied
  Json (*json)(const void*);
};

template <class T>
std::shared_ptr<const void> copy_value(const void* value) {
  return std::make_shared<const T>(*static_cast<const T*>(value));
}
template <class T>
Json value_to_json(const void* value) {
  return json_of_value(*static_cast<const T*>(value));
}
template <class T>
constexpr auto copier_of() -> std::shared_ptr<const void> (*)(const void*) {
  if constexpr (std::is_copy_constructible_v<T>) {
    return &copy_value<T>;
  } else {
    return nullptr;
  }
}
template <class T>
inline const ValueType kValueType{&typeid(T), copier_of<T>(), &value_to_json<T>};

}  // namespace detail

/// An input, a piece or an output of a run, whatever its type.
/// Shape:    `value.get_if<AIMessageChunk>()`; empty where there is none, such as the input of a
///           step that is given a stream.
/// Lives:    what an observer is given is a view for the length of the call; keep() owns a copy.
class RunValue {
 public:
  RunValue() = default;
  template <class T>
  [[nodiscard]] static RunValue view(const T& value) noexcept {
    return RunValue(&value, &detail::kValueType<T>);
  }

  [[nodiscard]] bool empty() const noexcept { return value_ == nullptr; }
  /// The value if it is a T; nullptr otherwise.
  template <class T>
  [[nodiscard]] const T* get_if() const noexcept {
    return value_ != nullptr && *type_->type == typeid(T) ? static_cast<const T*>(value_) : nullptr;
  }
  /// The value as JSON; null if there is none.
  [[nodiscard]] Json json() const { return empty() ? Json() : type_->json(value_); }
  /// A value of its own; empty for a type that cannot be copied.
  [[nodiscard]] RunValue keep() const;

 private:
  RunValue(const void* value, const detail::ValueType* type) noexcept
      : value_(value), type_(type) {}
  const void* value_ = nullptr;
  const detail::ValueType* type_ = nullptr;
  std::shared_ptr<const void> owned_;
};

/// Hears of runs: override what you want to know.
/// Shape:    given to a run by `RunConfig().with_observer(…)`; every step called inside tells it,
///           too. Starts come in the order of the calls; a stream tells its pieces before its
///           consumer has them; each start is followed by one end or one error.
/// Suspends: never: the calls are made from inside the run. Who cannot keep up says so by full().
/// Errors:   what an observer throws goes to the loop's exception handler and stops no run.
/// Threads:  called on the thread of the loop that the run is on.
class RunObserver {
 public:
  RunObserver() = default;
  RunObserver(const RunObserver&) = delete;
  RunObserver& operator=(const RunObserver&) = delete;
  virtual ~RunObserver() = default;

  /// Whether it wants to hear of this run; asked once, at its start.
  [[nodiscard]] virtual bool wants(const Run&) { return true; }
  virtual void on_start(const Run&, const RunValue& /*input*/) {}
  /// A piece of the output of a stream.
  virtual void on_stream(const Run&, const RunValue& /*chunk*/) {}
  /// The input is told here again, since that of a stream is not known before its end.
  virtual void on_end(const Run&, const RunValue& /*input*/, const RunValue& /*output*/) {}
  /// A run that was cancelled, or whose stream was left early, ends with a CancelledError.
  virtual void on_error(const Run&, const std::exception_ptr&) {}
  /// What dispatch_custom_event() was called with inside the run.
  virtual void on_custom_event(const Run&, std::string_view /*name*/, const Json& /*data*/) {}
  /// A failed try that is made again: see runnable/policy.hpp.
  virtual void on_retry(const Run&, int /*attempt*/, const std::exception_ptr&) {}

  /// Whether it wants to hear of the pieces of a run that it hears of. A model that is asked for a
  /// whole answer is made to stream where somebody does.
  [[nodiscard]] virtual bool wants_pieces() const noexcept { return true; }
  /// True if it cannot take more pieces now; a stream then awaits wait_for_room() before its next.
  [[nodiscard]] virtual bool full() const noexcept { return false; }
  [[nodiscard]] virtual Coro<> wait_for_room() { co_return; }
};

namespace detail {

[[nodiscard]] std::string readable_type_name(const std::type_info& type);

template <class T>
class ItemOf {};
template <class T>
class ItemOf<std::vector<T>> {
 public:
  using Item = T;
};
template <class T>
concept List = requires { typename ItemOf<T>::Item; };

/// True if a T has a JSON value of its own, and not only a name.
template <class T>
constexpr bool kHasJson =
    std::is_convertible_v<const T&, std::string_view> || std::is_same_v<T, Json> ||
    std::is_arithmetic_v<T> || std::is_same_v<T, JsonObject> || std::is_same_v<T, JsonArray> ||
    has_json_form<T>() || requires(const T& value) { json_value(value); };
template <List T>
constexpr bool kHasJson<T> = kHasJson<typename ItemOf<T>::Item>;

template <class T>
Json json_of_value(const T& value) {
  if constexpr (List<T> && kHasJson<T>) {
    JsonArray items;
    items.reserve(value.size());
    for (const auto& item : value) {
      items.push_back(json_of_value<typename ItemOf<T>::Item>(item));
    }
    return items;
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    return Json(std::string_view(value));
  } else if constexpr (std::is_same_v<T, Json> || std::is_arithmetic_v<T> ||
                       std::is_same_v<T, JsonObject> || std::is_same_v<T, JsonArray>) {
    return Json(value);
  } else if constexpr (requires { json_value(value); }) {
    return json_value(value);
  } else if constexpr (has_json_form<T>()) {
    return to_json(value);
  } else {
    return Json(readable_type_name(typeid(T)));
  }
}

}  // namespace detail

}  // namespace cochain
