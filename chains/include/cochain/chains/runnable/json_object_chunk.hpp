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
///           member's whole value, so far; kNothing says that there is an object, and no more.
class JsonObjectChunk {
 public:
  enum class How : std::uint8_t { kReplace, kAppend, kNothing };
  JsonObjectChunk() = default;
  [[nodiscard]] static JsonObjectChunk nothing() {
    return JsonObjectChunk(std::string(), Json(), How::kNothing);
  }
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

namespace fit {
template <class TheStep, class ItGives>
constexpr bool kJson = false;
template <class A, class Out>
constexpr bool kJson<Step<A>, Gives<Out>> = kHasJson<Out>;
}  // namespace fit

/// A step whose output becomes one member of an object.
template <class In>
class Member {
 public:
  virtual ~Member() = default;
  [[nodiscard]] virtual Coro<Json> invoke(In input, RunConfig config) const = 0;
  [[nodiscard]] virtual Stream<JsonObjectChunk> transform(std::string key,
                                                          Stream<chunk_of_t<In>> input,
                                                          RunConfig config) const = 0;
  [[nodiscard]] virtual const RunnableBase& step() const noexcept = 0;
  /// True if pieces of the member come before the input is over.
  [[nodiscard]] virtual bool streams() const noexcept = 0;
};

template <class In, class Out>
class MemberOf final : public Member<In> {
 public:
  using Step = std::shared_ptr<const Runnable<In, Out>>;
  explicit MemberOf(Step step) : step_(std::move(step)) {}
  [[nodiscard]] const RunnableBase& step() const noexcept override { return *step_; }
  [[nodiscard]] bool streams() const noexcept override { return kInPieces && step_->streams(); }
  [[nodiscard]] Coro<Json> invoke(In input, RunConfig config) const override {
    return call(step_, std::move(input), std::move(config));
  }
  [[nodiscard]] Stream<JsonObjectChunk> transform(std::string key, Stream<chunk_of_t<In>> input,
                                                  RunConfig config) const override {
    auto output = step_->transform(std::move(input), std::move(config));
    if constexpr (std::is_same_v<Out, std::string>) {
      return pieces(step_, std::move(key), std::move(output), JsonObjectChunk::How::kAppend);
    } else if constexpr (kInPieces) {
      return pieces(step_, std::move(key), std::move(output), JsonObjectChunk::How::kReplace);
    } else {
      return whole(step_, std::move(key), std::move(output));
    }
  }

 private:
  // Pieces of other kinds are no JSON; they are added up first.
  static constexpr bool kInPieces = std::is_same_v<chunk_of_t<Out>, Out>;
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

/// The schema of an object with these members.
template <class In>
Json schema_of_members(const Members<In>& members) {
  JsonObject properties;
  JsonArray required;
  for (const auto& [key, member] : members) {
    properties[key] = member->step().output_schema();
    required.emplace_back(key);
  }
  return json_object("type", "object", "properties", std::move(properties), "required",
                     std::move(required));
}

template <class Step, class Gives>
constexpr void check_gives_json() {
  static_assert(fit::kJson<fit::Step<Step>, fit::Gives<Gives>>,
                "what this step gives cannot become a member of a JSON object: write "
                "`Json json_value(const Gives&)` beside its type, or put a step behind it");
}

/// `First` is what all take the same input as.
template <class First, class In>
void add_members_of(Members<In>&) {}
template <class First, class In, class A, class... Rest>
void add_members_of(Members<In>& members, std::string key, A&& step, Rest&&... rest) {
  using Given = std::remove_cvref_t<A>;
  check_is_step<Given>();
  if constexpr (StepOf<Given>::kIsStep) {
    using Out = typename StepOf<Given>::Output;
    check_same_input<First, In, Given, typename StepOf<Given>::Input>();
    check_gives_json<Given, Out>();
    if constexpr (std::is_same_v<typename StepOf<Given>::Input, In>) {
      members.emplace_back(std::move(key), std::make_shared<const MemberOf<In, Out>>(
                                               StepOf<Given>::share(std::forward<A>(step))));
    }
  }
  add_members_of<First>(members, std::forward<Rest>(rest)...);
}

}  // namespace detail

}  // namespace cochain
