// What the scenarios of every order share: turns that are taken in order, tasks that are counted,
// and the three ways in which each scenario is run.
#pragma once

#include <algorithm>
#include <deque>
#include <stdexcept>

#include "core_test.hpp"

namespace cochain::testing {

/// Throws, so that the run is named by its seed and suspension: EXPECT_* does not know them.
inline void require(bool holds, const char* invariant) {
  if (!holds) throw std::logic_error(invariant);
}

/// Who came in which order, and whether they are served in that order.
class Turns {
 public:
  /// `at_once` may be served at one time, and these in any order.
  explicit Turns(std::size_t at_once = 1) : at_once_(at_once) {}

  /// One task, from the moment before it waits until it is served or gives up.
  class Turn {
   public:
    explicit Turn(Turns& turns) : turns_(turns), task_(current_task()) {
      turns_.waiting_.push_back(this);
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() { leave(); }
    void served() {
      std::size_t before = 0;
      for (const Turn* other : turns_.waiting_) {
        if (other == this) break;
        if (other->task_.cancelling() == 0) ++before;  // else it has left, and does not know yet
      }
      leave();
      require(before < turns_.at_once_, "who came later was served first");
    }

   private:
    void leave() { std::erase(turns_.waiting_, this); }
    Turns& turns_;
    AnyTask task_;
  };
  [[nodiscard]] bool nobody_waits() const { return waiting_.empty(); }

 private:
  std::size_t at_once_;
  std::deque<Turn*> waiting_;
};

/// Counts who is inside a section, and lets no more in than may be there.
class Section {
 public:
  explicit Section(int most) : most_(most) {}

  class Visit {
   public:
    explicit Visit(Section& section) : section_(section) {
      ++section_.inside_;
      ++section_.visits_;
      if (section_.inside_ > section_.most_) section_.overfull_ = true;
    }
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;
    ~Visit() { --section_.inside_; }

   private:
    Section& section_;
  };
  void require_kept() const {
    require(!overfull_, "more were inside than may be");
    require(inside_ == 0, "somebody is still inside");
  }
  [[nodiscard]] int visits() const { return visits_; }

 private:
  int most_;
  int inside_ = 0;
  int visits_ = 0;
  bool overfull_ = false;
};

/// Runs `main`, the one that may be cancelled alone, and then waits for `others`; gives what was
/// thrown, an error before a cancellation.
inline Coro<std::exception_ptr> end_of(Coro<> main, TaskGroup& others) {
  std::exception_ptr error = co_await error_of(std::move(main));
  const std::exception_ptr more = co_await error_of(others.join());
  if (more && (!error || is<CancelledError>(error))) error = more;
  co_return error;
}

/// When, in milliseconds, a scenario cancels one of its tasks; all that happens in it happens at
/// whole milliseconds, so that a cancellation meets what wakes the same task. Never, if negative.
constexpr int kNever = -1;

inline Coro<> cancel_at(AnyTask victim, int when) {
  co_await sleep(std::chrono::milliseconds(when));
  victim.cancel();
}

inline void cancel_one(TaskGroup& group, const std::vector<Task<>>& of, int when) {
  if (when == kNever) return;
  group.create_task(cancel_at(of[static_cast<std::size_t>(when) % of.size()], when));
}

/// True if nobody was cancelled: then everything must have happened.
inline bool undisturbed(int when) { return when == kNever && current_task().cancelling() == 0; }

/// Runs a scenario in many orders, with one of its tasks cancelled early or late; cancels it itself
/// at every suspension; and both.
inline void run_in_any_order(Coro<> (*scenario)(int when)) {
  const auto whole = [scenario] { return scenario(kNever); };
  run_in_shuffled_orders(whole, 60);
  EXPECT_GE(cancel_at_every_suspension(whole), 1);
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    EXPECT_GE(cancel_at_every_suspension(whole, TestOptions().shuffled(seed)), 1);
  }
  for (int when = 0; when < 8; ++when) {
    try {
      run_in_shuffled_orders([scenario, when] { return scenario(when); }, 60);
    } catch (const std::exception& error) {
      throw Error("one cancelled after " + std::to_string(when) + " ms, " + error.what());
    }
  }
}

}  // namespace cochain::testing
