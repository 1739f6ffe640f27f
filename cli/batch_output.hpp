// From an answer, or what came instead, to a line of a batch's output. Pure.
#pragma once

#include <cstdint>
#include <exception>
#include <map>
#include <optional>
#include <string>

#include "batch_input.hpp"
#include "cochain/chains/model/message.hpp"

namespace cochain::cli {

/// The line for a row that was answered: OpenAI's form for batch results, with the answer as a
/// chat completion.
/// Units:    `created` in seconds since 1970.
[[nodiscard]] std::string format_answer(std::uint64_t line, const std::string& id,
                                        const AIMessage& answer, std::int64_t created);

/// The line for a row whose call failed: with the HTTP status and body if the server answered.
[[nodiscard]] std::string format_failure(std::uint64_t line, const std::string& id,
                                         const std::exception_ptr& error);

/// The line for a row that was bad before it was asked.
[[nodiscard]] std::string format_bad_row(const BatchRow& row);

/// Puts lines back into the order of their rows.
/// Shape:    add() in any order, next() in order; skip_gaps() when what is missing will not come.
class ReorderBuffer {
 public:
  void add(std::uint64_t sequence, std::string line) { lines_.emplace(sequence, std::move(line)); }
  [[nodiscard]] std::optional<std::string> next();
  void skip_gaps() noexcept { gaps_allowed_ = true; }
  [[nodiscard]] std::size_t size() const noexcept { return lines_.size(); }

 private:
  std::map<std::uint64_t, std::string> lines_;
  std::uint64_t next_ = 0;
  bool gaps_allowed_ = false;
};

}  // namespace cochain::cli
