// The rows of bench_tokens: a text and an encoding each.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace cochain::bench {

/// Where run_tokens.py has put the texts and the rank files.
class TokenData {
 public:
  explicit TokenData(std::filesystem::path folder) : folder_(std::move(folder)) {}
  [[nodiscard]] std::filesystem::path texts() const { return folder_ / "texts"; }
  [[nodiscard]] std::filesystem::path vocabularies() const { return folder_ / "vocab"; }

 private:
  std::filesystem::path folder_;
};

/// The names of all rows: `<text>_<encoding>`, `load_<encoding>`, `open_<encoding>`,
/// `memory_<encoding>` and `split_tokens_<chunk size>`.
[[nodiscard]] std::vector<std::string> token_rows(const TokenData& data);

/// One line of JSON: what the row costs and, for texts, which ids came out.
/// Errors: std::runtime_error for a row that is not there.
[[nodiscard]] std::string measure_tokens(const TokenData& data, const std::string& row);

}  // namespace cochain::bench
