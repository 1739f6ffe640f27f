// Long texts beside the loop: what runs where, in what turn, and what a cancellation leaves.

#include "cochain/chains/model/tokenize.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cochain/core.hpp"
#include "cochain/testing/async_test.hpp"
#include "word_tokenizer.hpp"

namespace cochain::testing {
namespace {

using ::testing::Each;
using ::testing::Le;
using ::testing::SizeIs;

std::string words_of(std::size_t count, std::string_view word = "word") {
  std::string text;
  for (std::size_t n = 0; n < count; ++n) text.append(word).append(" ");
  text.pop_back();
  return text;
}

/// Which parts were encoded, and on which threads.
class PartLog {
 public:
  WordTokenizer::OnPart hook() {
    return [this](std::string_view part) {
      const std::lock_guard lock(mutex_);
      sizes_.push_back(part.size());
      first_letters_.push_back(part.empty() ? ' ' : part.front());
      on_loop_ = on_loop_ || std::this_thread::get_id() == loop_thread_;
    };
  }
  std::vector<std::size_t> sizes() const {
    const std::lock_guard lock(mutex_);
    return sizes_;
  }
  std::string letters() const {
    const std::lock_guard lock(mutex_);
    return first_letters_;
  }
  bool on_loop() const {
    const std::lock_guard lock(mutex_);
    return on_loop_;
  }

 private:
  mutable std::mutex mutex_;
  std::thread::id loop_thread_ = std::this_thread::get_id();
  std::vector<std::size_t> sizes_;
  std::string first_letters_;
  bool on_loop_ = false;
};

ASYNC_TEST(Tokenize, CountsAShortTextWhereItIs) {
  PartLog log;
  const auto tokenizer = std::make_shared<WordTokenizer>(log.hook());
  const std::size_t count = co_await count_tokens(tokenizer, words_of(10));
  EXPECT_EQ(count, 10U);
  EXPECT_TRUE(log.on_loop());
}

ASYNC_TEST(TokenizeExecutor, CountsALongTextInSlicesOnOtherThreads) {
  PartLog log;
  const auto tokenizer = std::make_shared<WordTokenizer>(log.hook());
  const std::size_t count = co_await count_tokens(tokenizer, words_of(100'000));
  EXPECT_EQ(count, 100'000U);
  EXPECT_FALSE(log.on_loop());
  EXPECT_THAT(log.sizes(), Each(Le(64U * 1024U)));
  EXPECT_THAT(log.sizes(), SizeIs(8));  // 499,999 bytes
}

ASYNC_TEST(TokenizeExecutor, GivesTheSameTokensInSlicesOfAnySize) {
  const auto tokenizer = std::make_shared<WordTokenizer>();
  const std::string text = words_of(300, "abc") + "  " + words_of(200, "defgh");
  const std::vector<TokenId> whole = tokenizer->encode_ordinary(text);
  for (const std::size_t slice : {0U, 1U, 7U, 1000U, 1'000'000U}) {
    const std::vector<TokenId> ids = co_await encode_text(
        tokenizer, text, TokenizeOptions().inline_bytes_max(0).slice_bytes(slice));
    EXPECT_EQ(ids, whole) << slice;
  }
}

ASYNC_TEST(Tokenize, CountsAConversationAsAtOnce) {
  const auto tokenizer = std::make_shared<WordTokenizer>();
  const TokenCounting how = TokenCounting().tools({ToolSpec("f", "does this")});
  for (const std::size_t size : {0U, 1U, 3000U}) {
    const Messages said = messages(SystemMessage(size == 0 ? "" : words_of(size)), HumanMessage(""),
                                   AIMessage("some words"));
    const std::int64_t count = co_await count_tokens(tokenizer, said, how);
    EXPECT_EQ(count, count_tokens(said, *tokenizer, how)) << size;
  }
  const std::int64_t none = co_await count_tokens(tokenizer, Messages());
  EXPECT_EQ(none, 0);
}

ASYNC_TEST(Tokenize, CountsEveryConversationWhereItIsIfThereIsNoLimit) {
  PartLog log;
  const auto tokenizer = std::make_shared<WordTokenizer>(log.hook());
  const TokenizeOptions always =
      TokenizeOptions().inline_bytes_max(std::numeric_limits<std::size_t>::max());
  const Messages said = messages(HumanMessage(words_of(20'000)), AIMessage("some words"));
  const std::int64_t count = co_await count_tokens(tokenizer, said, TokenCounting(), always);
  EXPECT_EQ(count, count_tokens(said, *tokenizer, TokenCounting()));
  EXPECT_TRUE(log.on_loop());
}

ASYNC_TEST(TokenizeExecutor, LetsCallersTakeTurns) {
  PartLog log;
  const auto tokenizer = std::make_shared<WordTokenizer>(log.hook());
  ThreadPoolExecutor one_thread(ExecutorOptions().with_threads_max(1).with_queue_max(1));
  const TokenizeOptions options =
      TokenizeOptions().inline_bytes_max(0).slice_bytes(1000).executor(one_thread);
  co_await gather(count_tokens(tokenizer, words_of(2000, "a"), options),
                  count_tokens(tokenizer, words_of(2000, "b"), options),
                  count_tokens(tokenizer, words_of(500, "c"), options));
  EXPECT_EQ(log.letters(), "abcababab");
}

ASYNC_TEST(TokenizeExecutor, StopsAfterTheSliceThatRunsWhenItIsCancelled) {
  std::atomic<int> parts = 0;
  std::latch begun(1);
  std::latch cancelled(1);
  const auto tokenizer = std::make_shared<WordTokenizer>([&](std::string_view) {
    if (++parts > 1) return;
    begun.count_down();
    cancelled.wait();
  });
  ThreadPoolExecutor pool(1);
  const TokenizeOptions options =
      TokenizeOptions().inline_bytes_max(0).slice_bytes(100).executor(pool);
  Task<std::size_t> task = create_task(count_tokens(tokenizer, words_of(1000), options));
  co_await sleep(0s);
  begun.wait();
  task.cancel();
  bool was_cancelled = false;
  try {
    co_await task;
  } catch (const CancelledError&) {
    was_cancelled = true;
  }
  EXPECT_TRUE(was_cancelled);
  cancelled.count_down();
  pool.shutdown();
  EXPECT_EQ(parts, 1);
}

ASYNC_TEST(Tokenize, TellsWhatTheTokenizerThrows) {
  const auto tokenizer = std::make_shared<WordTokenizer>(
      [](std::string_view) { throw InvalidStateError("no vocabulary"); });
  std::string told;
  try {
    co_await count_tokens(tokenizer, words_of(5000));
  } catch (const InvalidStateError& error) {
    told = error.what();
  }
  EXPECT_EQ(told, "no vocabulary");
}

}  // namespace
}  // namespace cochain::testing
