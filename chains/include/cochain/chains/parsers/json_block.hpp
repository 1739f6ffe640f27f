// JSON in the middle of what a model says: behind a sentence, inside a ```json fence.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "cochain/chains/parsers/partial_json.hpp"

namespace cochain {

namespace detail {
class JsonBlockState;
}  // namespace detail

/// Finds the JSON in a text that is still arriving, and shows its value so far.
/// Shape:    feed()* finish(). The text may begin with the JSON, or have it in a fence of three
///           backticks, with the word json or nothing behind them; the first fence with JSON in it
///           counts. Blanks and backticks around it are left out, so a string that is open does not
///           show the blanks at its end yet. What follows the JSON is ignored.
///           Unlike LangChain, a lone number or string before a fence does not win over it, nor
///           does a text that begins with a bracket and is no JSON; and a bracket in what follows
///           a whole document does not take it away.
/// Lives:    what visible() refers to, until the next feed() or finish().
/// Errors:   as PartialJsonParser.
/// Source:   langchain_core.utils.json.parse_json_markdown of langchain-core 1.2.19.
class JsonBlockParser {
 public:
  explicit JsonBlockParser(PartialProfile profile = PartialProfile::kLangChain,
                           PartialJsonLimits limits = PartialJsonLimits());
  JsonBlockParser(JsonBlockParser&& other) noexcept;
  JsonBlockParser& operator=(JsonBlockParser&& other) noexcept;
  JsonBlockParser(const JsonBlockParser&) = delete;
  JsonBlockParser& operator=(const JsonBlockParser&) = delete;
  ~JsonBlockParser();

  void feed(std::string_view text);
  void finish();

  /// The value so far, or nullptr if there is nothing to be seen.
  [[nodiscard]] const Json* visible();
  /// Counts the changes of what can be seen.
  [[nodiscard]] std::uint64_t revision();
  /// The document is whole.
  [[nodiscard]] bool done();
  /// Every change so far was at the end of the value, see PartialJsonParser.
  [[nodiscard]] bool grows_at_end();
  /// What is wrong with the text; empty if nothing is, so far.
  [[nodiscard]] std::string error();
  /// Where in the text the JSON begins, and where it ends as far as it is there, in bytes.
  [[nodiscard]] std::size_t begin();
  [[nodiscard]] std::size_t end();

 private:
  std::unique_ptr<detail::JsonBlockState> state_;
};

/// The part of a text that is JSON, whole or begun; nothing if there is none.
/// Lives:  a view into `text`.
[[nodiscard]] std::optional<std::string_view> extract_json_block(std::string_view text);

}  // namespace cochain
