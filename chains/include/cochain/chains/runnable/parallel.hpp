// Several steps on one input at once: their outputs as the members of an object.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cochain/chains/runnable/json_object_chunk.hpp"
#include "cochain/chains/runnable/tee.hpp"
#include "cochain/core/queue.hpp"
#include "cochain/core/task_group.hpp"

namespace cochain {

namespace detail {

/// What runs the members: all at once, in turn where the run has a limit. The first error cancels
/// the others, which are waited for, and is thrown by itself and not in a group.
template <class In>
class MemberRun {
 public:
  using Shared = std::shared_ptr<const Members<In>>;

  static Coro<JsonObject> invoke(Shared members, In input, RunConfig config) {
    Turns turns(std::move(config));
    std::vector<Json> values(members->size());
    FirstError first;
    {
      TaskGroup group;
      for (std::size_t i = 0; i < members->size(); ++i) {
        group.create_task(call(members, i, input, turns.config(), values[i], first, group));
      }
      co_await group.join();
    }
    first.rethrow();
    co_await turns.done();
    JsonObject object;
    for (std::size_t i = 0; i < members->size(); ++i) {
      object.insert_or_assign((*members)[i].first, std::move(values[i]));
    }
    co_return object;
  }

  static Stream<JsonObjectChunk> transform(Shared members, Stream<chunk_of_t<In>> input,
                                           RunConfig config) {
    Turns turns(std::move(config));
    const std::size_t count = members->size();
    std::vector<Stream<chunk_of_t<In>>> shares = tee(std::move(input), count);
    Pieces pieces(count);  // each member is ahead of the consumer by one piece at most
    FirstError first;
    TaskGroup group;
    for (std::size_t i = 0; i < count; ++i) {
      group.create_task(
          pull(members, i, std::move(shares[i]), turns.config(), pieces, first, group));
    }
    for (std::size_t left = count; left > 0;) {
      std::optional<JsonObjectChunk> piece = co_await pieces.get();
      if (piece) {
        co_yield std::move(*piece);
      } else {
        --left;
      }
      if (first) break;
    }
    co_await group.join();
    first.rethrow();
    co_await turns.done();
  }

 private:
  using Pieces = Queue<std::optional<JsonObjectChunk>>;  // nothing: a member is over

  class FirstError {
   public:
    void keep(std::exception_ptr error) noexcept {
      if (!error_) error_ = std::move(error);
    }
    explicit operator bool() const noexcept { return error_ != nullptr; }
    void rethrow() const {
      if (error_) std::rethrow_exception(error_);
    }

   private:
    std::exception_ptr error_;
  };

  // The objects referred to live in the frame that owns the group, above it.
  static Coro<> call(Shared members, std::size_t index, In input, RunConfig config, Json& value,
                     FirstError& first, TaskGroup& group) {
    try {
      RunConfig turn = co_await Turns::take(config.child("map:key", (*members)[index].first));
      value = co_await (*members)[index].second->invoke(std::move(input), std::move(turn));
    } catch (const CancelledError&) {
      throw;
    } catch (...) {
      first.keep(std::current_exception());
      group.cancel();
    }
  }
  static Coro<> pull(Shared members, std::size_t index, Stream<chunk_of_t<In>> input,
                     RunConfig config, Pieces& pieces, FirstError& first, TaskGroup& group) {
    try {
      RunConfig turn = co_await Turns::take(config.child("map:key", (*members)[index].first));
      Stream<JsonObjectChunk> output = (*members)[index].second->transform(
          (*members)[index].first, std::move(input), std::move(turn));
      while (auto piece = co_await output.next()) {
        std::optional<JsonObjectChunk> item = std::move(piece);
        co_await pieces.put(std::move(item));
      }
    } catch (const CancelledError&) {
      throw;
    } catch (...) {
      first.keep(std::current_exception());
      group.cancel();
    }
    std::optional<JsonObjectChunk> end;
    co_await pieces.put(std::move(end));
  }
};

template <class In>
class Parallel final : public Runnable<In, JsonObject> {
 public:
  explicit Parallel(Members<In> members)
      : members_(std::make_shared<const Members<In>>(std::move(members))) {}
  [[nodiscard]] std::string name() const override {
    std::string keys;
    for (const auto& [key, step] : *members_) keys += (keys.empty() ? "" : ",") + key;
    return "RunnableParallel<" + keys + ">";
  }
  [[nodiscard]] bool streams() const noexcept override { return true; }
  [[nodiscard]] StepInfo info() const override {
    StepInfo made = Runnable<In, JsonObject>::info().with_shape(StepShape::kParallel);
    for (const auto& [key, step] : *members_) made.add(step->info(), key);
    return made;
  }

 private:
  [[nodiscard]] Coro<JsonObject> do_invoke(In input, RunConfig config) const override {
    return MemberRun<In>::invoke(members_, std::move(input), std::move(config));
  }
  [[nodiscard]] Stream<JsonObjectChunk> do_stream(In input, RunConfig config) const override {
    return MemberRun<In>::transform(members_, pieces_of(std::move(input)), std::move(config));
  }
  [[nodiscard]] Stream<JsonObjectChunk> do_transform(Stream<chunk_of_t<In>> input,
                                                     RunConfig config) const override {
    return MemberRun<In>::transform(members_, std::move(input), std::move(config));
  }
  static Stream<chunk_of_t<In>> pieces_of(In input) {
    for (auto& chunk : ChunkTraits<In>::split(std::move(input))) co_yield std::move(chunk);
  }

  std::shared_ptr<const Members<In>> members_;
};

}  // namespace detail

/// All steps at once on the same input: `parallel("joke", joke_chain, "poem", poem_chain)`.
/// Shape:    gives an object with a member for each, in this order; its pieces are JsonObjectChunk,
///           each as soon as its step has it. For a struct of your own, see parallel_into().
/// Suspends: until all are done. At most the run's `max_concurrency` go on at once.
/// Errors:   the first error of a step: the others are cancelled and waited for, and then it is
///           thrown.
template <class A, class... Rest>
[[nodiscard]] auto parallel(std::string key, A&& first, Rest&&... rest) {
  static_assert(sizeof...(Rest) % 2 == 0, "parallel() takes names and steps in turn");
  using In = typename detail::StepOf<std::remove_cvref_t<A>>::Input;
  detail::Members<In> members;
  detail::add_members_of<In>(members, std::move(key), std::forward<A>(first),
                             std::forward<Rest>(rest)...);
  std::shared_ptr<const Runnable<In, JsonObject>> step =
      std::make_shared<const detail::Parallel<In>>(std::move(members));
  return Chain<In, JsonObject>(std::move(step));
}

}  // namespace cochain
