// Several steps on one input at once: their outputs as the members of an object.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cochain/chains/runnable/json_object_chunk.hpp"
#include "cochain/chains/runnable/tee.hpp"
#include "cochain/core/locks.hpp"
#include "cochain/core/queue.hpp"
#include "cochain/core/task_group.hpp"

namespace cochain {

namespace detail {

/// One of several steps that go on at once: its name, and how to run it.
class ParallelBranch {
 public:
  using Run = std::function<Coro<>(RunConfig turn)>;
  ParallelBranch(std::string the_key, Run the_run)
      : key(std::move(the_key)), run(std::move(the_run)) {}
  std::string key;
  Run run;
};

/// The first error of several branches, which stops the others.
class FirstError {
 public:
  /// For a catch block of a branch: keeps the error and cancels the group. Goes on as an error if
  /// the branch was asked to stop; a CancelledError that only came out of a step is one like
  /// others.
  void keep(TaskGroup& group);
  explicit operator bool() const noexcept { return error_ != nullptr; }
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  std::exception_ptr error_;
};

/// Runs all branches at once, in turn where the run has a limit. The first error cancels the
/// others, which are waited for, and is thrown by itself and not in a group.
Coro<> run_branches(std::vector<ParallelBranch> branches, RunConfig config);

/// The pieces of a stream; while the next one is waited for, the turn of the step is lent: who
/// makes the pieces may need it.
template <class T>
Stream<T> lending(Stream<T> pieces, RunConfig turn) {
  for (;;) {
    Turns waiting(turn);
    std::optional<T> piece = co_await pieces.next();
    co_await waiting.done();
    if (!piece) co_return;
    co_yield std::move(*piece);
  }
}

/// What runs the members of an object.
template <class In>
class MemberRun {
 public:
  using Shared = std::shared_ptr<const Members<In>>;

  static Coro<JsonObject> invoke(Shared members, In input, RunConfig config) {
    std::vector<Json> values(members->size());
    std::vector<ParallelBranch> branches;
    branches.reserve(members->size());
    for (std::size_t i = 0; i < members->size(); ++i) {
      branches.emplace_back((*members)[i].first,
                            [&members, i, &input, &value = values[i]](RunConfig turn) {
                              return set(members, i, input, std::move(turn), value);
                            });
    }
    Coro<> running = run_branches(std::move(branches), std::move(config));
    co_await std::move(running);
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
    Pieces pieces;
    std::deque<Semaphore> rooms;  // each member is ahead of the consumer by one piece at most
    FirstError first;
    TaskGroup group;
    for (std::size_t i = 0; i < count; ++i) {
      rooms.emplace_back(1);
      group.create_task(
          pull(members, i, std::move(shares[i]), turns.config(), pieces, rooms[i], first, group));
    }
    for (std::size_t left = count; left > 0;) {
      Piece piece = co_await pieces.get();
      if (first) break;
      if (piece.chunk) {
        rooms[piece.member].release();
        co_yield std::move(*piece.chunk);
      } else {
        --left;
      }
    }
    co_await group.join();
    co_await turns.done();
    first.rethrow();
  }

 private:
  class Piece {
   public:
    Piece(std::size_t the_member, std::optional<JsonObjectChunk> the_chunk)
        : member(the_member), chunk(std::move(the_chunk)) {}
    std::size_t member;
    std::optional<JsonObjectChunk> chunk;  // nothing: the member is over
  };
  using Pieces = Queue<Piece>;

  // The objects referred to live in the frame that owns the group, above it.
  static Coro<> set(Shared members, std::size_t index, In input, RunConfig turn, Json& value) {
    value = co_await (*members)[index].second->invoke(std::move(input), std::move(turn));
  }
  static Coro<> pull(Shared members, std::size_t index, Stream<chunk_of_t<In>> input,
                     RunConfig config, Pieces& pieces, Semaphore& room, FirstError& first,
                     TaskGroup& group) {
    const auto& [key, member] = (*members)[index];
    try {
      const Turn turn = co_await Turns::take(config.child("map:key", key));
      if (Turns::limited(turn.config())) input = lending(std::move(input), turn.config());
      Stream<JsonObjectChunk> output = member->transform(key, std::move(input), turn.config());
      for (;;) {
        if (room.locked()) {
          Turns waiting(turn.config());  // nothing is done meanwhile
          co_await room.acquire();
          co_await waiting.done();
        } else {
          co_await room.acquire();
        }
        std::optional<JsonObjectChunk> chunk = co_await output.next();
        if (!chunk) break;
        pieces.put_nowait(Piece(index, std::move(chunk)));
      }
    } catch (...) {
      first.keep(group);
    }
    pieces.put_nowait(Piece(index, std::nullopt));
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
  [[nodiscard]] Json input_schema() const override {
    return members_->front().second->step().input_schema();
  }
  [[nodiscard]] Json output_schema() const override { return schema_of_members(*members_); }
  [[nodiscard]] bool streams() const noexcept override {
    return std::any_of(members_->begin(), members_->end(),
                       [](const auto& member) { return member.second->streams(); });
  }
  [[nodiscard]] StepInfo info() const override {
    StepInfo made = Runnable<In, JsonObject>::info().with_shape(StepShape::kParallel);
    for (const auto& [key, step] : *members_) made.add(step->step().info(), key);
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
template <detail::Step A, class... Rest>
[[nodiscard]] auto parallel(std::string key, A&& first, Rest&&... rest) {
  static_assert(sizeof...(Rest) % 2 == 0, "parallel() takes names and steps in turn");
  using First = std::remove_cvref_t<A>;
  using In = typename detail::StepOf<First>::Input;
  detail::Members<In> members;
  detail::add_members_of<First>(members, std::move(key), std::forward<A>(first),
                                std::forward<Rest>(rest)...);
  std::shared_ptr<const Runnable<In, JsonObject>> step =
      std::make_shared<const detail::Parallel<In>>(std::move(members));
  return Chain<In, JsonObject>(std::move(step));
}

}  // namespace cochain
