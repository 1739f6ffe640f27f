// The stages of a batch. What a row is and what its line looks like is decided elsewhere.

#include "batch_job.hpp"

#include <chrono>
#include <utility>

#include "cochain/chains/model/error.hpp"
#include "cochain/chains/model/redact.hpp"
#include "cochain/core/event_loop.hpp"
#include "cochain/core/timeouts.hpp"
#include "exit_code.hpp"

namespace cochain::cli {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kFlushBytes = std::size_t{64} * 1024;
constexpr Duration kFlushEvery = 200ms;
constexpr Duration kTickEvery = 100ms;
constexpr std::uint64_t kAuthErrorsMax = 3;
constexpr std::uint64_t kBadRowsTold = 20;

std::int64_t seconds_since_1970() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

}  // namespace

BatchJob::BatchJob(BatchJobOptions options, BatchRowParser parser, FdReader& input,
                   FdWriter& output, BatchStats& stats, ProgressDisplay& display)
    : options_(std::move(options)),
      parser_(std::move(parser)),
      input_(input),
      output_(output),
      stats_(stats),
      display_(display),
      window_(4 * options_.workers),
      rows_(2 * options_.workers) {}

Coro<> BatchJob::run() {
  start_ = last_flush_ = EventLoop::current().time();
  std::exception_ptr error;
  try {
    auto stages = [this](TaskGroup& group) -> Coro<> { return run_stages(group); };
    Coro<> running = task_group(std::move(stages));
    co_await std::move(running);
  } catch (...) {
    error = std::current_exception();
  }
  elapsed_ = EventLoop::current().time() - start_;
  if (error) std::rethrow_exception(std::move(error));
}

Coro<> BatchJob::run_stages(TaskGroup& group) {
  group.create_task(write_lines(), "writer");
  const Task<> ticker = group.create_task(tick(), "ticker");
  auto start = [this](TaskGroup& workers) -> Coro<> { return start_workers(workers); };
  Coro<> working = task_group(std::move(start));
  co_await std::move(working);
  ticker.cancel();
  finished_.shutdown();
}

Coro<> BatchJob::start_workers(TaskGroup& group) {
  group.create_task(read_rows(), "reader");
  for (std::size_t i = 0; i < options_.workers; ++i) group.create_task(work());
  co_return;
}

Coro<> BatchJob::read_rows() {
  LineSplitter lines;
  for (bool ended = false; !ended;) {
    const std::string block = co_await input_.read();
    ended = block.empty();
    if (ended) {
      lines.finish();
    } else {
      lines.feed(block);
    }
    while (const std::optional<TextLine> line = lines.next()) {
      std::optional<BatchRow> row = parser_.parse(*line);
      if (!row) continue;
      co_await window_.acquire();
      ++stats_.rows_read;
      co_await rows_.put(std::move(*row));
    }
  }
  rows_.shutdown();
}

Coro<> BatchJob::work() {
  try {
    for (;;) {
      BatchRow row = co_await rows_.get();
      Coro<> answering = answer_row(std::move(row));
      co_await std::move(answering);
    }
  } catch (const QueueShutDown&) {
  }
}

Coro<> BatchJob::answer_row(BatchRow row) {
  if (row.bad()) {
    on_bad_row(row);
    co_return;
  }
  std::exception_ptr error;
  try {
    const bool streamed = options_.mode == BatchJobOptions::Mode::kStreamed;
    auto attempt = [&]() -> Coro<TimedAnswer> {
      return streamed ? ask_streamed(options_.model, row.messages, row.options)
                      : ask_whole(options_.model, row.messages, row.options);
    };
    RetryHooks hooks;
    hooks.with_on_retry([this](const RetryNotice&) { ++stats_.retries; });
    Coro<TimedAnswer> asking = retry(options_.policy, std::move(attempt), std::move(hooks));
    const TimedAnswer answer = co_await std::move(asking);
    on_answer(row, answer);
    co_return;
  } catch (const std::exception&) {
    error = std::current_exception();
  }
  on_failure(row, error);
}

void BatchJob::on_answer(const BatchRow& row, const TimedAnswer& answer) {
  deliver(row, format_answer(row.line, row.id, answer.message, seconds_since_1970()));
  ++stats_.ok;
  stats_.input_tokens += answer.message.usage.input_tokens;
  stats_.output_tokens += answer.message.usage.output_tokens;
  if (answer.first_token) stats_.first_token.add(*answer.first_token);
  stats_.duration.add(answer.duration);
  auth_errors_in_a_row_ = 0;
}

void BatchJob::on_failure(const BatchRow& row, const std::exception_ptr& error) {
  deliver(row, format_failure(row.line, row.id, error));
  ++stats_.failed;
  const std::string word = error_word(error);
  if (++stats_.errors[word] == 1) {
    display_.note("cochain: line " + std::to_string(row.line) + ": " + error_line(error) +
                  " (the first of its kind; others are counted)");
  }
  auth_errors_in_a_row_ = word == "auth" ? auth_errors_in_a_row_ + 1 : 0;
  if (stats_.ok > 0 || auth_errors_in_a_row_ < kAuthErrorsMax) return;
  // The key will not become right, and a provider may lock an account that keeps trying.
  stopped_by_auth_ = true;
  std::rethrow_exception(error);
}

void BatchJob::on_bad_row(const BatchRow& row) {
  deliver(row, format_bad_row(row));
  ++stats_.bad;
  ++stats_.errors[row.error_code];
  if (++bad_rows_told_ > kBadRowsTold) return;
  display_.note("cochain: line " + std::to_string(row.line) + ": " + one_line(row.error, 300));
  if (bad_rows_told_ == kBadRowsTold) {
    display_.note("cochain: further bad rows are counted, and told in the output");
  }
}

void BatchJob::deliver(const BatchRow& row, std::string line) {
  finished_.put_nowait(Finished(row.sequence, std::move(line)));
}

Coro<> BatchJob::write_lines() {
  try {
    for (;;) {
      Finished finished = co_await finished_.get();
      take(std::move(finished));
      if (wants_flush()) {
        co_await output_.flush();
        last_flush_ = EventLoop::current().time();
      }
    }
  } catch (const QueueShutDown&) {
  }
  co_await output_.flush();
}

void BatchJob::take(Finished finished) {
  if (finished.line.empty()) return;
  if (options_.order == BatchJobOptions::Order::kAsCompleted) {
    output_.add(finished.line);
    window_.release();
    return;
  }
  in_order_.add(finished.sequence, std::move(finished.line));
  while (const std::optional<std::string> line = in_order_.next()) {
    output_.add(*line);
    window_.release();
  }
}

bool BatchJob::wants_flush() const noexcept {
  if (output_.buffered() == 0) return false;
  if (output_.buffered() >= kFlushBytes) return true;
  return EventLoop::current().time() - last_flush_ >= kFlushEvery;
}

/// Wakes the writer when nothing else does, so that no line waits for the next one; draws progress.
Coro<> BatchJob::tick() {
  for (;;) {
    co_await sleep(kTickEvery);
    if (finished_.empty()) finished_.put_nowait(Finished());
    update_display();
  }
}

void BatchJob::update_display() {
  display_.update(stats_.progress(EventLoop::current().time() - start_));
}

bool BatchJob::close() {
  display_.finish();
  while (!finished_.empty()) take(finished_.get_nowait());
  in_order_.skip_gaps();
  while (const std::optional<std::string> line = in_order_.next()) output_.add(*line);
  if (!output_.flush_now()) return false;
  output_.sync();
  return true;
}

}  // namespace cochain::cli
