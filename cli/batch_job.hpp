// A batch while it runs: reader, workers and writer, with queues between them.
//
//   input -> reader -> rows (2 x workers) -> workers -> finished -> writer -> output
//
// A row holds a place in the window from when it is read until its line is in the output's buffer.
// So the memory does not grow with the input, nor where the output is slow, nor where one row of an
// ordered job takes longer than all the others; and a worker that has a result never waits to hand
// it over, so that none is lost when the job is interrupted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "batch_input.hpp"
#include "batch_output.hpp"
#include "batch_stats.hpp"
#include "cochain/chains/model/chat_model.hpp"
#include "cochain/chains/runnable/policy.hpp"
#include "cochain/core/locks.hpp"
#include "cochain/core/queue.hpp"
#include "cochain/core/task_group.hpp"
#include "fd_io.hpp"
#include "line_splitter.hpp"
#include "model_call.hpp"
#include "progress_display.hpp"

namespace cochain::cli {

/// How a batch is worked off.
class BatchJobOptions {
 public:
  enum class Order : std::uint8_t { kAsCompleted, kAsRead };
  enum class Mode : std::uint8_t { kStreamed, kWhole };

  BatchJobOptions() = default;
  std::shared_ptr<ChatModel> model;
  RetryPolicy policy;
  std::size_t workers = 16;
  Order order = Order::kAsCompleted;
  Mode mode = Mode::kStreamed;
};

/// One run over one input.
/// Shape:    run() once; then close(), whatever run() did; then look at the stats.
/// Suspends: run() until every row has its line. Cancelling it stops reading and cancels the calls
///           in flight.
/// Lives:    with all that it was given, longer than run().
/// Errors:   run() throws an ExceptionGroup with what ended the job: an unreadable input, an output
///           that takes no more, or the AuthError after which it stopped. A row's error is data.
class BatchJob {
 public:
  BatchJob(BatchJobOptions options, BatchRowParser parser, FdReader& input, FdWriter& output,
           BatchStats& stats, ProgressDisplay& display);

  Coro<> run();
  /// Writes the lines that are finished, in order as far as there is one, and brings them to the
  /// disk. False if the output did not take them all.
  bool close();
  /// The key was refused again and again, and never taken: nothing more was asked.
  [[nodiscard]] bool stopped_by_auth() const noexcept { return stopped_by_auth_; }
  [[nodiscard]] Duration elapsed() const noexcept { return elapsed_; }

 private:
  /// A line for the output, or a request to look at the clock.
  class Finished {
   public:
    Finished() = default;
    Finished(std::uint64_t the_sequence, std::string the_line)
        : sequence(the_sequence), line(std::move(the_line)) {}
    std::uint64_t sequence = 0;
    std::string line;  // empty: a tick
  };

  Coro<> run_stages(TaskGroup& group);
  Coro<> start_workers(TaskGroup& group);
  Coro<> read_rows();
  Coro<> work();
  Coro<> answer_row(BatchRow row);
  Coro<> write_lines();
  Coro<> tick();

  void on_answer(const BatchRow& row, const TimedAnswer& answer);
  void on_failure(const BatchRow& row, const std::exception_ptr& error);
  void on_bad_row(const BatchRow& row);
  void deliver(const BatchRow& row, std::string line);
  void take(Finished finished);
  [[nodiscard]] bool wants_flush() const noexcept;
  void update_display();

  BatchJobOptions options_;
  BatchRowParser parser_;
  FdReader& input_;
  FdWriter& output_;
  BatchStats& stats_;
  ProgressDisplay& display_;

  Semaphore window_;
  Queue<BatchRow> rows_;
  Queue<Finished> finished_;  // never longer than the window, and a tick
  ReorderBuffer in_order_;
  TimePoint start_{};
  TimePoint last_flush_{};
  Duration elapsed_{0};
  std::uint64_t auth_errors_in_a_row_ = 0;
  std::uint64_t bad_rows_told_ = 0;
  bool stopped_by_auth_ = false;
};

}  // namespace cochain::cli
