// A JSON object in pieces: how the outputs of parallel branches come together while they arrive.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "cochain/chains/runnable/compose.hpp"

namespace cochain {

/// A piece of one member of an object.
/// Shape:    with kAppend the value is text that is added to the member's; with kReplace it is the
///           member's whole value, so far.
class JsonObjectChunk {
 public:
  enum class How : std::uint8_t { kReplace, kAppend };
  JsonObjectChunk() = default;
  JsonObjectChunk(std::string the_key, Json the_value, How the_how = How::kReplace)
      : key(std::move(the_key)), value(std::move(the_value)), how(the_how) {}

  std::string key;
  Json value;
  How how = How::kReplace;

  friend bool operator==(const JsonObjectChunk&, const JsonObjectChunk&) = default;
};

template <>
class ChunkTraits<JsonObject> {
 public:
  using Chunk = JsonObjectChunk;
  static void add(std::optional<JsonObject>& sum, Chunk chunk);
  static std::vector<Chunk> split(JsonObject value);
};

/// As JSON, in the events of a run.
[[nodiscard]] Json json_value(const JsonObjectChunk& chunk);

namespace detail {

/// A step whose output becomes one member of an object.
template <class In>
class Member {
 public:
  virtual ~Member() = default;
  [[nodiscard]] virtual Coro<Json> invoke(In input, RunConfig config) const = 0;
  [[nodiscard]] virtual Stream<JsonObjectChunk> transform(std::string key,
                                                          Stream<chunk_of_t<In>> input,
                                                          RunConfig config) const = 0;
  [[nodiscard]] virtual StepInfo info() const = 0;
};

template <class In, class Out>
class MemberOf final : public Member<In> {
 public:
  using Step = std::shared_ptr<const Runnable<In, Out>>;
  explicit MemberOf(Step step) : step_(std::move(step)) {}
  [[nodiscard]] StepInfo info() const override { return step_->info(); }
  [[nodiscard]] Coro<Json> invoke(In input, RunConfig config) const override {
    return call(step_, std::move(input), std::move(config));
  }
  [[nodiscard]] Stream<JsonObjectChunk> transform(std::string key, Stream<chunk_of_t<In>> input,
                                                  RunConfig config) const override {
    auto output = step_->transform(std::move(input), std::move(config));
    if constexpr (std::is_same_v<Out, std::string>) {
      return pieces(step_, std::move(key), std::move(output), JsonObjectChunk::How::kAppend);
    } else if constexpr (std::is_same_v<chunk_of_t<Out>, Out>) {
      return pieces(step_, std::move(key), std::move(output), JsonObjectChunk::How::kReplace);
    } else {
      return whole(step_, std::move(key), std::move(output));
    }
  }

 private:
  static Coro<Json> call(Step step, In input, RunConfig config) {
    Out output = co_await step->invoke(std::move(input), std::move(config));
    co_return json_of_value(output);
  }
  static Stream<JsonObjectChunk> pieces([[maybe_unused]] Step step, std::string key,
                                        Stream<chunk_of_t<Out>> output, JsonObjectChunk::How how) {
    while (auto chunk = co_await output.next()) {
      JsonObjectChunk piece(key, json_of_value(*chunk), how);
      co_yield std::move(piece);
    }
  }
  static Stream<JsonObjectChunk> whole([[maybe_unused]] Step step, std::string key,
                                       Stream<chunk_of_t<Out>> output) {
    std::optional<Out> value = co_await fold<Out>(std::move(output));
    if (!value) co_return;
    JsonObjectChunk piece(key, json_of_value(*value));
    co_yield std::move(piece);
  }
  Step step_;
};

/// The steps of an object's members, by name.
template <class In>
using Members = std::vector<std::pair<std::string, std::shared_ptr<const Member<In>>>>;

template <class In>
void add_members_of(Members<In>&) {}
template <class In, class A, class... Rest>
void add_members_of(Members<In>& members, std::string key, A&& step, Rest&&... rest) {
  using Step = StepOf<std::remove_cvref_t<A>>;
  static_assert(std::is_same_v<typename Step::Input, In>,
                "all branches of a parallel are given the same input: this one takes another");
  auto shared = Step::share(std::forward<A>(step));
  members.emplace_back(std::move(key), std::make_shared<const MemberOf<In, typename Step::Output>>(
                                           std::move(shared)));
  add_members_of<In>(members, std::forward<Rest>(rest)...);
}

}  // namespace detail

}  // namespace cochain
