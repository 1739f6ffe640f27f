// A job goes from thread to thread, one slice at a time. Between two slices it belongs to the loop,
// where it may be cancelled; a slice that runs keeps it alive.

#include "cochain/chains/model/tokenize.hpp"

#include <algorithm>
#include <string_view>
#include <thread>
#include <utility>

#include "message_texts.hpp"

namespace cochain {
namespace detail {
namespace {

enum class Keep : std::uint8_t { kCount, kIds };

/// Some texts that are tokenized one after the other.
class TokenizeJob {
 public:
  TokenizeJob(std::shared_ptr<const Tokenizer> tokenizer, Keep keep)
      : tokenizer_(std::move(tokenizer)), keep_(keep) {}
  virtual ~TokenizeJob() = default;
  TokenizeJob(const TokenizeJob&) = delete;
  TokenizeJob& operator=(const TokenizeJob&) = delete;

  [[nodiscard]] std::size_t bytes() const noexcept {
    std::size_t sum = 0;
    for (const std::string_view text : texts_) sum += text.size();
    return sum;
  }
  /// True if there is more to do.
  bool run_slice(std::size_t bytes) {
    constexpr std::size_t kLeast = 64;  // beginning a text is work too
    while (bytes > 0 && next_ != texts_.size()) {
      bytes -= std::min(bytes, std::max(run_part(texts_[next_], bytes), kLeast));
    }
    return next_ != texts_.size();
  }
  [[nodiscard]] std::size_t tokens() const noexcept { return tokens_; }
  [[nodiscard]] std::vector<TokenId> take_ids() noexcept { return std::move(ids_); }

 protected:
  std::vector<std::string_view> texts_;

 private:
  /// At most so many bytes of the text, from where the last part ended; says how many.
  std::size_t run_part(std::string_view text, std::size_t bytes) {
    if (!encoder_) encoder_ = tokenizer_->incremental();
    const std::string_view part = text.substr(at_, bytes);
    encoder_->append(part);
    at_ += part.size();
    const bool at_end = at_ == text.size();
    if (at_end) encoder_->finish();
    const std::vector<TokenId> ids = encoder_->take();
    tokens_ += ids.size();
    if (keep_ == Keep::kIds) ids_.insert(ids_.end(), ids.begin(), ids.end());
    if (at_end) {
      encoder_.reset();
      at_ = 0;
      ++next_;
    }
    return part.size();
  }

  std::shared_ptr<const Tokenizer> tokenizer_;
  Keep keep_;
  std::size_t next_ = 0;                         // the text
  std::size_t at_ = 0;                           // and the place in it
  std::unique_ptr<IncrementalEncoder> encoder_;  // inside a text
  std::size_t tokens_ = 0;
  std::vector<TokenId> ids_;
};

class TextJob final : public TokenizeJob {
 public:
  TextJob(std::shared_ptr<const Tokenizer> tokenizer, Keep keep, std::string text)
      : TokenizeJob(std::move(tokenizer), keep), text_(std::move(text)) {
    texts_.emplace_back(text_);
  }

 private:
  std::string text_;
};

class ConversationJob final : public TokenizeJob {
 public:
  ConversationJob(std::shared_ptr<const Tokenizer> tokenizer, Messages messages, TokenCounting how)
      : TokenizeJob(std::move(tokenizer), Keep::kCount),
        messages_(std::move(messages)),
        how_(std::move(how)),
        counted_(messages_, how_) {
    texts_ = counted_.texts();
  }
  [[nodiscard]] std::int64_t extra() const noexcept { return counted_.extra(); }

 private:
  Messages messages_;
  TokenCounting how_;
  MessageTexts counted_;
};

Coro<> run_job(std::shared_ptr<TokenizeJob> job, TokenizeOptions options) {
  const std::size_t slice = std::max<std::size_t>(options.slice_bytes(), 1);
  if (job->bytes() <= options.inline_bytes_max()) {
    while (job->run_slice(slice)) {
    }
    co_return;
  }
  ThreadPoolExecutor& executor = options.executor();
  bool more = true;
  while (more) {
    more = co_await run_in_executor(
        executor,
        [](const std::shared_ptr<TokenizeJob>& sliced, std::size_t bytes) {
          return sliced->run_slice(bytes);
        },
        job, slice);
  }
}

}  // namespace
}  // namespace detail

ThreadPoolExecutor& tokenizer_executor() {
  static const std::size_t threads =
      std::max<std::size_t>(std::thread::hardware_concurrency(), 2) - 1;
  static ThreadPoolExecutor executor(ExecutorOptions()
                                         .with_threads_max(threads)
                                         .with_queue_max(2 * threads)
                                         .with_thread_name("tokenizer"));
  return executor;
}

Coro<std::size_t> count_tokens(std::shared_ptr<const Tokenizer> tokenizer, std::string text,
                               TokenizeOptions options) {
  if (text.size() <= options.inline_bytes_max()) co_return tokenizer->count(text);
  auto job = std::make_shared<detail::TextJob>(std::move(tokenizer), detail::Keep::kCount,
                                               std::move(text));
  co_await detail::run_job(job, options);
  co_return job->tokens();
}

Coro<std::vector<TokenId>> encode_text(std::shared_ptr<const Tokenizer> tokenizer, std::string text,
                                       TokenizeOptions options) {
  if (text.size() <= options.inline_bytes_max()) co_return tokenizer->encode_ordinary(text);
  auto job =
      std::make_shared<detail::TextJob>(std::move(tokenizer), detail::Keep::kIds, std::move(text));
  co_await detail::run_job(job, options);
  co_return job->take_ids();
}

Coro<std::int64_t> count_tokens(std::shared_ptr<const Tokenizer> tokenizer, Messages messages,
                                TokenCounting how, TokenizeOptions options) {
  auto job = std::make_shared<detail::ConversationJob>(std::move(tokenizer), std::move(messages),
                                                       std::move(how));
  co_await detail::run_job(job, options);
  co_return static_cast<std::int64_t>(job->tokens()) + job->extra();
}

}  // namespace cochain
