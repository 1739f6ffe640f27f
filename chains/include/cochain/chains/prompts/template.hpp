// Texts with holes: `{name}` is replaced by a variable, `{{` and `}}` stand for braces; or
// mustache.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cochain/chains/prompts/common_chains.hpp"
#include "cochain/chains/prompts/mustache.hpp"
#include "cochain/chains/prompts/variables.hpp"

namespace cochain {

/// How the holes of a template are written.
enum class TemplateFormat : std::uint8_t { kFString, kMustache };

namespace detail {
class CompiledTemplate;
}  // namespace detail

/// A text with holes, taken apart once.
/// Shape:  kFString: `{name}` is a hole; a name is letters, digits and `_`, not starting with a
///         digit. No attributes, indexes or formats: a template from a stranger can reach nothing
///         but the variables. Each variable must be given. kMustache: as MustacheTemplate, where
///         what is not given is the empty text; see strict(). A value is never read as a template
///         again, and is written as Variables::Value::text() says. A copy shares what was taken
///         apart; partial(), optional(), strict() and `+` return a new template.
/// Errors: PromptError on a bad template, telling where; from format() for a missing variable,
///         naming it.
class TextTemplate {
 public:
  explicit TextTemplate(std::string_view text, TemplateFormat format = TemplateFormat::kFString);
  explicit TextTemplate(const MustacheTemplate& mustache);
  TextTemplate(const TextTemplate& other);
  TextTemplate(TextTemplate&& other) noexcept;
  TextTemplate& operator=(const TextTemplate& other);
  TextTemplate& operator=(TextTemplate&& other) noexcept;
  ~TextTemplate();

  [[nodiscard]] std::string format(const Variables& variables) const;
  /// The names of what has to be given, each once, in order: none that has a partial value or is
  /// optional. For mustache, those that are looked up outside of sections.
  [[nodiscard]] std::vector<std::string> variable_names() const;
  /// The names of variable_names() that `variables` lacks.
  [[nodiscard]] std::vector<std::string> missing_names(const Variables& variables) const;

  /// With a value for `name`, or with a function that is asked for it at each format() that was
  /// given none.
  template <class ValueOrFunction>
  [[nodiscard]] TextTemplate partial(std::string name, ValueOrFunction&& given) const {
    TextTemplate made = *this;
    made.partials_.set(std::move(name), std::forward<ValueOrFunction>(given));
    return made;
  }
  /// `name` may be left out, and is the empty text then.
  [[nodiscard]] TextTemplate optional(std::string name) const;
  /// All of variable_names() must be given, in a mustache template too.
  [[nodiscard]] TextTemplate strict() const;

  /// One text behind the other; each keeps its own format, and partial values hold for both.
  /// Errors: PromptError if both have a partial value for the same name, unless it is equal.
  [[nodiscard]] friend TextTemplate operator+(TextTemplate first, const TextTemplate& second) {
    first.append(second);
    return first;
  }
  /// The text is a template in the format of the last part.
  [[nodiscard]] friend TextTemplate operator+(TextTemplate first, std::string_view second) {
    first.append(TextTemplate(second, first.format_));
    return first;
  }

 private:
  void append(const TextTemplate& other);

  std::vector<std::shared_ptr<const detail::CompiledTemplate>> parts_;
  TemplateFormat format_;
  PartialVariables partials_;
  bool strict_ = false;
};

extern template class Runnable<Variables, std::string>;

/// A prompt of one text: `PromptTemplate("Translate to {language}: {text}") | model`.
class PromptTemplate final : public Runnable<Variables, std::string> {
 public:
  [[nodiscard]] RunKind kind() const noexcept override { return RunKind::kPrompt; }
  [[nodiscard]] Json input_schema() const override {
    return detail::schema_of_variables(variable_names());
  }
  explicit PromptTemplate(std::string_view text, TemplateFormat format = TemplateFormat::kFString)
      : template_(text, format) {}
  explicit PromptTemplate(TextTemplate text) : template_(std::move(text)) {}

  [[nodiscard]] std::string format(const Variables& variables) const {
    return template_.format(variables);
  }
  [[nodiscard]] std::vector<std::string> variable_names() const {
    return template_.variable_names();
  }
  [[nodiscard]] const TextTemplate& text() const noexcept { return template_; }

  /// As those of TextTemplate.
  template <class ValueOrFunction>
  [[nodiscard]] PromptTemplate partial(std::string name, ValueOrFunction&& given) const {
    return PromptTemplate(template_.partial(std::move(name), std::forward<ValueOrFunction>(given)));
  }
  [[nodiscard]] PromptTemplate optional(std::string name) const {
    return PromptTemplate(template_.optional(std::move(name)));
  }
  [[nodiscard]] PromptTemplate strict() const { return PromptTemplate(template_.strict()); }
  [[nodiscard]] friend PromptTemplate operator+(const PromptTemplate& first,
                                                const PromptTemplate& second) {
    return PromptTemplate(first.template_ + second.template_);
  }
  [[nodiscard]] friend PromptTemplate operator+(const PromptTemplate& first,
                                                std::string_view second) {
    return PromptTemplate(first.template_ + second);
  }

 private:
  [[nodiscard]] Coro<std::string> do_invoke(Variables input, RunConfig config) const override;

  TextTemplate template_;
};

/// What parallel() and assign() give is what a prompt takes: members are variables by their names.
template <>
class StepLink<JsonObject, Variables> {
 public:
  static constexpr bool kMeets = true;
  static Variables give(JsonObject object) {
    return JsonCodec<Variables>::from_json(Json(std::move(object)));
  }
};

}  // namespace cochain
