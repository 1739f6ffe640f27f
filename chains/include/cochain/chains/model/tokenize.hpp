// Long texts tokenized beside the loop: in slices, on threads of their own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cochain/chains/model/token_count.hpp"
#include "cochain/chains/model/tokenizer.hpp"
#include "cochain/core/coro.hpp"
#include "cochain/core/executor.hpp"

namespace cochain {

/// The threads of the process that tokenize: one fewer than there are processors, so that loops
/// keep theirs, and at least one. Two slices may wait for each.
[[nodiscard]] ThreadPoolExecutor& tokenizer_executor();

/// How long texts are tokenized.
/// Units: bytes. A slice of 64 KiB takes some 1 to 6 ms.
class TokenizeOptions {
 public:
  TokenizeOptions() = default;
  /// Texts up to this length are tokenized at once, on the loop; 4 KiB, which take some 0.1 ms.
  TokenizeOptions& inline_bytes_max(std::size_t value) { return set(inline_bytes_max_, value); }
  /// How much is tokenized before others have their turn; at least 1.
  TokenizeOptions& slice_bytes(std::size_t value) { return set(slice_bytes_, value); }
  /// Other threads than those of tokenizer_executor().
  /// Lives: the executor as long as the call.
  TokenizeOptions& executor(ThreadPoolExecutor& value) { return set(executor_, &value); }

  [[nodiscard]] std::size_t inline_bytes_max() const noexcept { return inline_bytes_max_; }
  [[nodiscard]] std::size_t slice_bytes() const noexcept { return slice_bytes_; }
  [[nodiscard]] ThreadPoolExecutor& executor() const {
    return executor_ != nullptr ? *executor_ : tokenizer_executor();
  }

 private:
  template <class Member, class Value>
  TokenizeOptions& set(Member& member, Value value) {
    member = value;
    return *this;
  }

  std::size_t inline_bytes_max_ = std::size_t{4} * 1024;
  std::size_t slice_bytes_ = std::size_t{64} * 1024;
  ThreadPoolExecutor* executor_ = nullptr;
};

/// How many tokens the text has.
/// Suspends: only for a text longer than `inline_bytes_max`: it is tokenized in slices, each of
///           them one piece of work for the executor, which takes those of all callers in turn.
///           Cancellable between slices; one that runs ends unheard. A single word, or a run of
///           marks or of blanks, is one slice, however long.
/// Errors:   what the tokenizer throws; InvalidStateError if the executor was shut down.
[[nodiscard]] Coro<std::size_t> count_tokens(std::shared_ptr<const Tokenizer> tokenizer,
                                             std::string text,
                                             TokenizeOptions options = TokenizeOptions());
/// The tokens of the text.
/// Suspends: as count_tokens() of a text.
[[nodiscard]] Coro<std::vector<TokenId>> encode_text(std::shared_ptr<const Tokenizer> tokenizer,
                                                     std::string text,
                                                     TokenizeOptions options = TokenizeOptions());
/// How many tokens the conversation takes.
/// Shape:    as the count_tokens() that does not suspend.
/// Suspends: as count_tokens() of a text, by the length of all texts together.
[[nodiscard]] Coro<std::int64_t> count_tokens(std::shared_ptr<const Tokenizer> tokenizer,
                                              Messages messages,
                                              TokenCounting how = TokenCounting(),
                                              TokenizeOptions options = TokenizeOptions());

}  // namespace cochain
