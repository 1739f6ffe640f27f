// Steps on JSON objects: add members, keep some, pass everything on.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cochain/chains/runnable/parallel.hpp"

namespace cochain {

/// Gives its input on, piece by piece.
template <class T>
class Passthrough final : public Runnable<T, T> {
 public:
  [[nodiscard]] std::string name() const override { return "RunnablePassthrough"; }
  [[nodiscard]] bool streams() const noexcept override { return true; }

 private:
  [[nodiscard]] Coro<T> do_invoke(T input, RunConfig) const override {
    return give(std::move(input));
  }
  [[nodiscard]] Stream<chunk_of_t<T>> do_transform(Stream<chunk_of_t<T>> input,
                                                   RunConfig) const override {
    return input;
  }
  static Coro<T> give(T input) { co_return input; }
};

/// `parallel("context", retriever, "question", passthrough<std::string>())`.
template <class T>
[[nodiscard]] Passthrough<T> passthrough() {
  return Passthrough<T>();
}

extern template class Runnable<JsonObject, JsonObject>;

namespace detail {

class Assign final : public Runnable<JsonObject, JsonObject> {
 public:
  explicit Assign(Members<JsonObject> members)
      : members_(std::make_shared<const Members<JsonObject>>(std::move(members))) {}
  [[nodiscard]] std::string name() const override;
  [[nodiscard]] bool streams() const noexcept override { return true; }
  [[nodiscard]] StepInfo info() const override;

 private:
  [[nodiscard]] Coro<JsonObject> do_invoke(JsonObject input, RunConfig config) const override;
  [[nodiscard]] Stream<JsonObjectChunk> do_stream(JsonObject input,
                                                  RunConfig config) const override;
  [[nodiscard]] Stream<JsonObjectChunk> do_transform(Stream<JsonObjectChunk> input,
                                                     RunConfig config) const override;
  std::shared_ptr<const Members<JsonObject>> members_;
};

}  // namespace detail

/// An object with more members: `assign("summary", summarise, "title", make_title)`.
/// Shape:    each step is given the whole object, all at once; what it gives becomes, or replaces,
///           the member of its name. Members that are passed on come first in a stream.
/// Errors:   as parallel().
template <class... Items>
[[nodiscard]] Chain<JsonObject, JsonObject> assign(Items&&... items) {
  static_assert(sizeof...(Items) % 2 == 0, "assign() takes names and steps in turn");
  detail::Members<JsonObject> members;
  detail::add_members_of<detail::Assign>(members, std::forward<Items>(items)...);
  std::shared_ptr<const Runnable<JsonObject, JsonObject>> step =
      std::make_shared<const detail::Assign>(std::move(members));
  return Chain<JsonObject, JsonObject>(std::move(step));
}

/// One member of an object: `pick("answer")`.
/// Errors: InvalidInputError if the object has no such member.
[[nodiscard]] Chain<JsonObject, Json> pick(std::string key);

namespace detail {
[[nodiscard]] Chain<JsonObject, JsonObject> pick_several(std::vector<std::string> keys);
}  // namespace detail

/// Some members of an object: `pick("answer", "sources")`. What is not there is left out.
template <class... Keys>
[[nodiscard]] Chain<JsonObject, JsonObject> pick(std::string first, std::string second,
                                                 Keys&&... more) {
  std::vector<std::string> keys;
  keys.reserve(2 + sizeof...(Keys));
  keys.push_back(std::move(first));
  keys.push_back(std::move(second));
  (keys.push_back(std::string(std::forward<Keys>(more))), ...);
  return detail::pick_several(std::move(keys));
}

/// JSON where text is wanted: a string is its text, anything else is written as JSON.
template <>
class StepLink<Json, std::string> {
 public:
  static constexpr bool kMeets = true;
  static std::string give(Json value);
};

}  // namespace cochain
