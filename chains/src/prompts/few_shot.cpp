// Examples put into prompts.

#include "cochain/chains/prompts/few_shot.hpp"

#include <algorithm>
#include <iterator>

#include "prompts/compiled_template.hpp"

namespace cochain {

ExampleSource::ExampleSource(std::shared_ptr<const ExampleSelector> selector)
    : selector_(std::move(selector)) {
  if (!selector_) throw InvalidStateError("a few-shot prompt was given an empty selector");
}

Coro<std::vector<Variables>> ExampleSource::select(Variables input) const {
  if (!selector_) co_return examples_;
  std::vector<Variables> chosen = co_await selector_->select(std::move(input));
  co_return chosen;
}

std::vector<Variables> ExampleSource::select_now(const Variables& input) const {
  if (!selector_) return examples_;
  std::optional<std::vector<Variables>> chosen = selector_->try_select(input);
  if (!chosen) {
    throw InvalidStateError("the examples of this prompt must be waited for: use invoke()");
  }
  return std::move(*chosen);
}

FewShotPromptTemplate& FewShotPromptTemplate::examples(std::vector<Variables> examples) {
  source_ = ExampleSource(std::move(examples));
  return *this;
}

FewShotPromptTemplate& FewShotPromptTemplate::selector(
    std::shared_ptr<const ExampleSelector> selector) {
  source_ = ExampleSource(std::move(selector));
  return *this;
}

FewShotPromptTemplate& FewShotPromptTemplate::prefix(std::string_view text) {
  prefix_.reset();
  if (!text.empty()) prefix_.emplace(text, format_);
  return *this;
}

FewShotPromptTemplate& FewShotPromptTemplate::suffix(std::string_view text) {
  suffix_.reset();
  if (!text.empty()) suffix_.emplace(text, format_);
  return *this;
}

FewShotPromptTemplate& FewShotPromptTemplate::separator(std::string text) {
  separator_ = std::move(text);
  return *this;
}

std::string FewShotPromptTemplate::join(const std::vector<Variables>& examples,
                                        const Variables& variables) const {
  std::vector<std::string> pieces;
  if (prefix_) pieces.push_back(prefix_->format(variables));
  for (const Variables& example : examples) {
    std::string shown = example_.format(example);
    if (!shown.empty()) pieces.push_back(std::move(shown));
  }
  if (suffix_) pieces.push_back(suffix_->format(variables));
  std::string text;
  for (std::size_t n = 0; n < pieces.size(); ++n) {
    if (n > 0) text += separator_;
    text += pieces[n];
  }
  return text;
}

std::string FewShotPromptTemplate::format(const Variables& variables) const {
  Variables storage;
  const Variables& all = partials_.fill(variables, storage);
  return join(source_.select_now(all), all);
}

std::vector<std::string> FewShotPromptTemplate::variable_names() const {
  std::vector<std::string> names;
  for (const std::optional<TextTemplate>* text : {&prefix_, &suffix_}) {
    if (!*text) continue;
    for (const std::string& name : (*text)->variable_names()) detail::add_name(names, name);
  }
  std::erase_if(names, [this](const std::string& name) { return partials_.contains(name); });
  return names;
}

Coro<std::string> FewShotPromptTemplate::do_invoke(Variables input, RunConfig) const {
  Variables storage;
  const Variables& all = partials_.fill(input, storage);
  const std::vector<Variables> examples = co_await source_.select(all);
  co_return join(examples, all);
}

FewShotChatMessagePromptTemplate& FewShotChatMessagePromptTemplate::examples(
    std::vector<Variables> examples) {
  source_ = ExampleSource(std::move(examples));
  return *this;
}

FewShotChatMessagePromptTemplate& FewShotChatMessagePromptTemplate::selector(
    std::shared_ptr<const ExampleSelector> selector) {
  source_ = ExampleSource(std::move(selector));
  return *this;
}

FewShotChatMessagePromptTemplate& FewShotChatMessagePromptTemplate::input_names(
    std::vector<std::string> names) {
  input_names_ = std::move(names);
  return *this;
}

Messages FewShotChatMessagePromptTemplate::format(const Variables& variables) const {
  Messages messages;
  for (const Variables& example : source_.select_now(variables)) {
    Messages shown = example_.format(example);
    messages.insert(messages.end(), std::make_move_iterator(shown.begin()),
                    std::make_move_iterator(shown.end()));
  }
  return messages;
}

Coro<Messages> FewShotChatMessagePromptTemplate::do_invoke(Variables input,
                                                           RunConfig config) const {
  const std::vector<Variables> examples = co_await source_.select(std::move(input));
  Messages messages;
  for (const Variables& example : examples) {
    Messages shown = co_await example_.invoke(example, config);
    messages.insert(messages.end(), std::make_move_iterator(shown.begin()),
                    std::make_move_iterator(shown.end()));
  }
  co_return messages;
}

}  // namespace cochain
