// From a line of a batch's input to a conversation, or to what is wrong with it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cochain/chains/model/chat_options.hpp"
#include "cochain/chains/model/message.hpp"
#include "cochain/chains/prompts/template.hpp"
#include "line_splitter.hpp"
#include "row_ids.hpp"

namespace cochain::cli {

/// What the lines of an input are.
enum class InputFormat : std::uint8_t {
  kDetect,     // JSON lines if the first line that is not blank begins with '{', else text
  kJsonLines,  // one JSON object in each line
  kText,       // one prompt in each line
};

/// One row of a batch, ready to be asked, or bad.
class BatchRow {
 public:
  BatchRow() = default;

  std::uint64_t line = 0;
  std::uint64_t sequence = 0;  // counts the rows from 0, without blank lines
  std::string id;
  Messages messages;
  ChatOptions options;
  std::string error_code;  // of a bad row, such as "invalid_json"; empty if it is good
  std::string error;

  [[nodiscard]] bool bad() const noexcept { return !error_code.empty(); }
};

/// What holds for all rows.
class RowSettings {
 public:
  RowSettings() = default;
  InputFormat format = InputFormat::kDetect;
  std::optional<TextTemplate> prompt_template;
  std::string system;
  ChatOptions options;
};

/// Reads rows out of lines.
/// Shape:    a JSON row is a line of an OpenAI batch file (`custom_id`, `method`, `url`, `body`),
///           or an object with "prompt" or "messages", or with the variables of the template; "id"
///           is optional. A line of text is a prompt, and the variable "prompt" of a template.
///           A row without an id is called `row-<line>`; so is one whose id was seen before, since
///           an answer must not hide behind another row's name.
///           Messages and other members of a body are sent as they are written: what this program
///           does not know, a server may. What a row says wins over the settings of the job.
/// Errors:   a bad row is a row with an error; parse() itself does not throw.
class BatchRowParser {
 public:
  explicit BatchRowParser(RowSettings settings) : settings_(std::move(settings)) {}

  /// The row of a line; nothing if the line is blank.
  [[nodiscard]] std::optional<BatchRow> parse(const TextLine& line);
  /// What the input was found to be; kDetect until its first row.
  [[nodiscard]] InputFormat format() const noexcept { return settings_.format; }

 private:
  void fill(BatchRow& row, const TextLine& line);
  void fill_from_text(BatchRow& row, const std::string& text);
  void fill_from_json(BatchRow& row, std::string_view text);

  RowSettings settings_;
  RowIds ids_;
  std::uint64_t rows_ = 0;
};

}  // namespace cochain::cli
