// Prompts that show examples of what is wanted.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cochain/chains/prompts/chat_prompt.hpp"
#include "cochain/chains/prompts/example_selector.hpp"
#include "cochain/chains/prompts/template.hpp"

namespace cochain {

/// Examples that are always the same, or a selector that chooses them for each input.
class ExampleSource {
 public:
  ExampleSource() = default;
  ExampleSource(std::vector<Variables> examples)  // NOLINT(google-explicit-*)
      : examples_(std::move(examples)) {}
  /// Errors: InvalidStateError for an empty pointer.
  explicit ExampleSource(std::shared_ptr<const ExampleSelector> selector);

  [[nodiscard]] Coro<std::vector<Variables>> select(Variables input) const;
  /// Errors: InvalidStateError if the selector has to wait.
  [[nodiscard]] std::vector<Variables> select_now(const Variables& input) const;

 private:
  std::vector<Variables> examples_;
  std::shared_ptr<const ExampleSelector> selector_;
};

/// A text prompt with examples: prefix, examples, suffix.
/// Shape:  `FewShotPromptTemplate(TextTemplate("Q: {q}\nA: {a}")).examples(all).suffix("Q: {q}")`.
///         The pieces are joined by separator(), empty ones are left out. An example's template
///         sees the values of its example alone, and neither examples nor values are read as
///         templates again.
/// Errors: PromptError, as TextTemplate; one that names the variable which an example lacks.
class FewShotPromptTemplate final : public Runnable<Variables, std::string> {
 public:
  [[nodiscard]] RunKind kind() const noexcept override { return RunKind::kPrompt; }
  /// `example` shows one example; prefix and suffix are written in `format`.
  explicit FewShotPromptTemplate(TextTemplate example,
                                 TemplateFormat format = TemplateFormat::kFString)
      : example_(std::move(example)), format_(format) {}
  FewShotPromptTemplate& examples(std::vector<Variables> examples);
  FewShotPromptTemplate& selector(std::shared_ptr<const ExampleSelector> selector);
  FewShotPromptTemplate& prefix(std::string_view text);
  FewShotPromptTemplate& suffix(std::string_view text);
  /// Two line ends if nothing else is said.
  FewShotPromptTemplate& separator(std::string text);

  template <class ValueOrFunction>
  [[nodiscard]] FewShotPromptTemplate partial(std::string name, ValueOrFunction&& given) const {
    FewShotPromptTemplate made = *this;
    made.partials_.set(std::move(name), std::forward<ValueOrFunction>(given));
    return made;
  }
  /// Errors: InvalidStateError if the selector has to wait: use invoke().
  [[nodiscard]] std::string format(const Variables& variables) const;
  /// The names in prefix and suffix of what has to be given.
  [[nodiscard]] std::vector<std::string> variable_names() const;
  [[nodiscard]] Json input_schema() const override {
    return detail::schema_of_variables(variable_names());
  }

 private:
  [[nodiscard]] Coro<std::string> do_invoke(Variables input, RunConfig config) const override;
  [[nodiscard]] std::string join(const std::vector<Variables>& examples,
                                 const Variables& variables) const;

  TextTemplate example_;
  TemplateFormat format_;
  ExampleSource source_;
  std::optional<TextTemplate> prefix_;
  std::optional<TextTemplate> suffix_;
  std::string separator_ = "\n\n";
  PartialVariables partials_;
};

/// Examples as messages, to stand in a chat prompt:
/// `ChatPromptTemplate().system("Do as shown.").append(few_shot).human("{input}")`.
/// Shape: `FewShotChatMessagePromptTemplate(ChatPromptTemplate().human("{q}").ai("{a}"))` with
///        examples() or selector(); each example becomes the messages of that template.
class FewShotChatMessagePromptTemplate final : public BaseChatPromptTemplate {
 public:
  explicit FewShotChatMessagePromptTemplate(ChatPromptTemplate example)
      : example_(std::move(example)) {}
  FewShotChatMessagePromptTemplate& examples(std::vector<Variables> examples);
  FewShotChatMessagePromptTemplate& selector(std::shared_ptr<const ExampleSelector> selector);
  /// The input that the selector needs, for variable_names().
  FewShotChatMessagePromptTemplate& input_names(std::vector<std::string> names);

  [[nodiscard]] Messages format(const Variables& variables) const override;
  [[nodiscard]] std::vector<std::string> variable_names() const override { return input_names_; }

 private:
  [[nodiscard]] Coro<Messages> do_invoke(Variables input, RunConfig config) const override;

  ChatPromptTemplate example_;
  ExampleSource source_;
  std::vector<std::string> input_names_;
};

}  // namespace cochain
