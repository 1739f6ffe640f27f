// What stands between a call of a step and the step: the run, and the turn that it waits for.
// For runnable.hpp and for steps that start several others at once; programs need none of it.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "cochain/chains/runnable/config.hpp"
#include "cochain/core/context.hpp"
#include "cochain/core/waiter.hpp"

namespace cochain {

namespace detail {

/// The turns of one run: so many items of its batches and branches of its parallels go on at once.
/// Shape:    who was there first goes first, but deeper ones before shallower ones: what has begun
///           is finished before more is begun, and nothing waits for what waits for it.
class RunLimit {
 public:
  explicit RunLimit(std::size_t turns) noexcept : free_(static_cast<std::ptrdiff_t>(turns)) {}
  RunLimit(const RunLimit&) = delete;
  RunLimit& operator=(const RunLimit&) = delete;

  class Acquire;
  [[nodiscard]] Acquire acquire(unsigned urgency) noexcept;
  void release() noexcept;
  /// Takes a turn that may not be there: the next ones that are given back make up for it.
  void overdraw() noexcept { --free_; }

 private:
  std::ptrdiff_t free_;  // is 0 or less whenever somebody waits
  ListNode waiters_;     // the most urgent first, equals in the order of their coming
};

class RunLimit::Acquire final : public Waiter {
 public:
  Acquire(RunLimit& limit, unsigned urgency) noexcept : limit_(limit), urgency_(urgency) {}
  Acquire(Acquire&&) noexcept = default;
  ~Acquire() override {
    if (granted_) limit_.release();  // given, but its task never came to take it
  }
  bool await_ready() const noexcept;
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> frame) {
    line_up();
    suspend(frame);
  }
  void await_resume();

 private:
  friend class RunLimit;
  void line_up() noexcept;
  RunLimit& limit_;
  unsigned urgency_;
  bool granted_ = false;
};

/// The turn of one item or branch. While it waits for items of its own it lends its turn to them.
class RunPermit {
 public:
  RunPermit(std::shared_ptr<RunLimit> limit, unsigned depth) noexcept
      : limit_(std::move(limit)), depth_(depth) {}
  RunPermit(const RunPermit&) = delete;
  RunPermit& operator=(const RunPermit&) = delete;
  ~RunPermit() { give_back(); }
  Coro<> take();
  /// The item or branch is over. Copies of its configuration may live on; they have no turn.
  void give_back() noexcept;
  void lend() noexcept;
  /// The last of the loans is over: waits for a turn again, before all who have not begun.
  Coro<> take_back();
  /// The same where nothing can wait, as in a destructor: the turn is taken even if none is free.
  void forget_loan() noexcept;
  [[nodiscard]] unsigned depth() const noexcept { return depth_; }

 private:
  std::shared_ptr<RunLimit> limit_;
  unsigned depth_;
  int loans_ = 0;
  bool held_ = false;
  bool taking_ = false;  // somebody waits in take_back()
  bool over_ = false;
};

}  // namespace detail

/// The turn of one item or branch, given back when this is destroyed.
class Turn {
 public:
  Turn(RunConfig config, std::shared_ptr<detail::RunPermit> permit) noexcept
      : config_(std::move(config)), permit_(std::move(permit)) {}
  Turn(Turn&&) noexcept = default;
  Turn& operator=(Turn&&) = delete;
  ~Turn() {
    if (permit_) permit_->give_back();
  }
  /// What to run with.
  [[nodiscard]] const RunConfig& config() const noexcept { return config_; }

 private:
  RunConfig config_;
  std::shared_ptr<detail::RunPermit> permit_;
};

/// For steps that run several others at once: one turn for each, and the own turn lent meanwhile.
/// Shape:    `Turns turns(config)`; each child: `Turn turn = co_await turns.take(config)`, which
///           has the configuration to run with; at the end `co_await turns.done()`.
/// Suspends: take() and done() while the run's limit is used up; neither without a limit.
class Turns {
 public:
  /// Completes the configuration with what the current task inherits, and lends the own turn.
  explicit Turns(RunConfig config);
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;
  ~Turns();
  [[nodiscard]] const RunConfig& config() const noexcept { return config_; }
  [[nodiscard]] static Coro<Turn> take(RunConfig config);
  [[nodiscard]] Coro<> done();
  /// True if what runs with this configuration has a turn, or waits for one.
  [[nodiscard]] static bool limited(const RunConfig& config) noexcept;

 private:
  RunConfig config_;
  std::shared_ptr<detail::RunPermit> lent_;
};

/// Tells the observers of the run that `config` was handed down in of a piece of its output, or of
/// a failed try: for steps that know more than goes through their hands.
void tell_stream(const RunConfig& config, const RunValue& chunk);
void tell_retry(const RunConfig& config, int attempt, const std::exception_ptr& error);
/// True if somebody wants to hear of the pieces of that run.
[[nodiscard]] bool wants_pieces(const RunConfig& config) noexcept;
/// Waits until its observers can take more pieces.
[[nodiscard]] Coro<> wait_for_room(RunConfig config);

/// One run while it goes on: what stands between a call of a step and the step.
/// Shape:    made from the caller's configuration, which it completes with what the current task
///           inherits; config() is what the step is given. start(), then stream() for each piece,
///           then end() or fail(). Dropped without either, it tells of a cancellation.
/// Lives:    in the frame of the call. Between enter() and leave() the task is in this run.
class ActiveRun {
 public:
  explicit ActiveRun(RunConfig config);
  ActiveRun(const ActiveRun&) = delete;
  ActiveRun& operator=(const ActiveRun&) = delete;
  ~ActiveRun();

  /// True if a call with this configuration is a run that somebody must be told of.
  [[nodiscard]] static bool needed(const RunConfig& config) noexcept;

  [[nodiscard]] const RunConfig& config() const noexcept { return config_; }
  /// True if somebody hears of this run, so that values must be kept for the end.
  [[nodiscard]] bool heard() const noexcept { return run_ != nullptr && run_->heard_by() != 0; }

  /// Makes the Run, if there is an observer at all; `name` is that of the step.
  void begin(RunKind kind, std::string name);
  void start(const RunValue& input);
  void stream(const RunValue& chunk);
  void end(const RunValue& input, const RunValue& output);
  void fail(const std::exception_ptr& error);

  void enter();
  void leave() noexcept;

  /// Takes the current task out of this run, and of what is inside of it, as long as it lives: for
  /// work of others that is done in the middle of it.
  class Outside {
   public:
    explicit Outside(ActiveRun& run);
    Outside(const Outside&) = delete;
    Outside& operator=(const Outside&) = delete;
    ~Outside();

   private:
    ActiveRun& run_;
    Context* here_;
    bool left_ = false;                   // by leave(), and entered again
    std::shared_ptr<const void> inside_;  // else what the task was in
  };

  /// True if an observer cannot take more; then wait_for_room().
  [[nodiscard]] bool full() const noexcept;
  [[nodiscard]] Coro<> wait_for_room() const;

 private:
  RunConfig config_;
  std::shared_ptr<Run> run_;
  Context outside_;
  Context inside_;
  Context* entered_ = nullptr;  // the task's, while it is inside
  bool prepared_ = false;       // inside_ is outside_ with this run in it
  bool over_ = false;
};

}  // namespace cochain
