// What the questions of one structured output have in common, and how an answer is looked at.
#pragma once

#include "cochain/chains/parsers/structured_output.hpp"

namespace cochain::detail {

class StructuredPlan {
 public:
  StructuredPlan() = default;
  /// The conversation as the model shall see it.
  [[nodiscard]] Messages question(Messages messages) const;
  /// Reads an answer into `out`.
  /// Errors: StructuredOutputError.
  void read(const AIMessage& answer, void* out) const;
  /// Adds the answer and what is wrong with it to the conversation.
  void add_repair(Messages& messages, const AIMessage& answer,
                  const StructuredOutputError& error) const;
  /// Throws if there is no point in looking at the answer's JSON.
  static void check_end(const AIMessage& answer);
  /// Whether the JSON comes as the arguments of a tool.
  [[nodiscard]] bool by_tool() const noexcept {
    return method == StructuredMethod::kFunctionCalling;
  }

  std::shared_ptr<const ChatModel> model;  // with the format or the tool among its options
  const JsonType* type = nullptr;
  void (*reset)(void*) = nullptr;
  StructuredMethod method = StructuredMethod::kJsonSchema;
  std::string name;
  std::string instructions;  // in JSON mode
  DecodeOptions decode;
  int repair_max = 1;
  bool is_wrapped = false;  // the value is the member `value` of an object

 private:
  [[nodiscard]] std::string json_of(const AIMessage& answer) const;
};

}  // namespace cochain::detail
