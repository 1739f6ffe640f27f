// A large text tokenized while hundreds of streams go on: no step holds the loop.

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bpe_reference.hpp"
#include "cochain/chains/model/tokenize.hpp"
#include "cochain/core.hpp"
#include "cochain/providers/tokenizers/encoding.hpp"
#include "process_state.hpp"

namespace cochain::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;

constexpr int kStreams = 500;
const std::size_t kMegabytes = sanitized() ? 2 : 100;

/// Tokens of a model, 20 ms apart in real time.
Stream<int> paced() {
  for (int n = 0;; ++n) {
    co_await sleep(20ms);
    co_yield n;
  }
}

Coro<> read_until(const Event* done, std::size_t* tokens) {
  Stream<int> stream = paced();
  while (auto token = co_await stream.next()) {
    ++*tokens;
    if (done->is_set()) co_return;
  }
}

Coro<std::size_t> tokenize_beside_streams(std::shared_ptr<const Tokenizer> tokenizer,
                                          std::string text, std::size_t* tokens) {
  Event done;
  std::vector<Task<>> streams;
  for (int n = 0; n < kStreams; ++n) streams.push_back(create_task(read_until(&done, tokens)));
  const std::size_t count = co_await count_tokens(std::move(tokenizer), std::move(text));
  done.set();
  co_await gather(std::move(streams));
  co_return count;
}

TEST(TokenizeExecutorBesideStreams, NeverHoldsTheLoop) {
  const std::string_view prose = training_text();
  std::string text;
  while (text.size() < kMegabytes * 1'000'000) text += prose;
  const auto encoding = std::make_shared<Encoding>(
      "small", PieceRule::kO200k, Vocabulary::parse(rank_file(trained_ranks(prose, 300))),
      std::vector<SpecialToken>());

  std::mutex mutex;
  std::vector<std::string> held;
  set_diagnostic_handler([&](const Diagnostic& found) {
    const std::lock_guard lock(mutex);
    if (found.kind == DiagnosticKind::kBlockedLoop) held.push_back(found.message);
  });
  std::size_t tokens = 0;
  const std::size_t count = run(tokenize_beside_streams(encoding, text, &tokens),
                                RunOptions().with_debug(DebugOptions()));
  set_diagnostic_handler(nullptr);

  EXPECT_THAT(held, IsEmpty());
  EXPECT_GE(tokens, 2U * kStreams) << "the streams went on meanwhile";
  const std::size_t of_prose = encoding->count(prose);
  EXPECT_GE(count, of_prose * (text.size() / prose.size()) * 9 / 10);
}

}  // namespace
}  // namespace cochain::testing
