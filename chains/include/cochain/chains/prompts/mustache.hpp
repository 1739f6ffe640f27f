// Mustache: templates with sections, lists and partials, and no logic.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cochain/chains/prompts/variables.hpp"

namespace cochain {

namespace detail {
class MustacheProgram;
}  // namespace detail

/// The templates that `{{> name}}` stands for, from the program and from nowhere else.
/// Shape: `MustachePartials().add("item", "- {{name}}\n")`, or a function that is asked, once for
///        each name, when a template that uses it is taken apart; nothing means that there is none.
class MustachePartials {
 public:
  using Function = std::function<std::optional<std::string>(const std::string& name)>;

  MustachePartials() = default;
  explicit MustachePartials(Function function) : function_(std::move(function)) {}
  MustachePartials& add(std::string name, std::string text);
  /// Those that were added, else what the function gives.
  [[nodiscard]] std::optional<std::string> find(const std::string& name) const;

 private:
  std::vector<std::pair<std::string, std::string>> texts_;
  Function function_;
};

/// A mustache template, taken apart once with all its partials, rendered many times.
/// Shape:  `{{name}}` is a value, with `& " < >` written as HTML entities; `{{{name}}}` and
///         `{{&name}}` write it as it is. That is what the specification asks for and LangChain
///         does too, so prompts mostly want `{{{name}}}`. Further `{{a.b}}`, sections
///         `{{#a}}..{{/a}}` and `{{^a}}..{{/a}}`, `{{.}}`, comments, partials, and
///         `{{=<% %>=}}`; no lambdas, no inheritance. What is not there is the empty text. False
///         are null, false, 0, "" and []. Names are looked up in the given JSON alone, and a value
///         is never read as a template again.
/// Units:  sections nest 100 deep; partials 32 deep, both together 256 deep; a template has at most
///         1000 partials; one rendering takes at most 1 million steps and gives at most 64 MiB.
/// Errors: PromptError on a bad template or partial, with line and character; from render() beyond
///         a limit.
/// Source: the mustache specification (github.com/mustache/spec), all of its core modules.
class MustacheTemplate {
 public:
  explicit MustacheTemplate(std::string_view text,
                            const MustachePartials& partials = MustachePartials());
  [[nodiscard]] std::string render(const Json& data) const;
  /// Values that hold messages are true or false in sections, and written nowhere.
  [[nodiscard]] std::string render(const Variables& variables) const;
  /// The names that are looked up outside of all sections, each once, in order; of `{{a.b}}`, `a`.
  [[nodiscard]] std::vector<std::string> variable_names() const;

 private:
  std::shared_ptr<const detail::MustacheProgram> program_;
};

}  // namespace cochain
