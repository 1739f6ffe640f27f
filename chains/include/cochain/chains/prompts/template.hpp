// Texts with holes: `{name}` is replaced by a variable, `{{` and `}}` stand for braces.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cochain/chains/runnable/runnable.hpp"

namespace cochain {

/// A template is wrong, or a variable that it needs is missing; the message names it.
class PromptError : public Error {
 public:
  using Error::Error;
};

/// Values by name for the holes of a prompt.
/// Shape: `variables("text", "Good morning", "language", "French")`, or set() one by one.
class Variables {
 public:
  Variables() = default;
  Variables& set(std::string name, std::string value);
  /// Lives: until the next set().
  [[nodiscard]] const std::string* find(std::string_view name) const noexcept;
  [[nodiscard]] bool empty() const noexcept { return values_.empty(); }
  [[nodiscard]] auto begin() const noexcept { return values_.begin(); }
  [[nodiscard]] auto end() const noexcept { return values_.end(); }

 private:
  std::vector<std::pair<std::string, std::string>> values_;
};

namespace detail {
inline void set_variables(Variables&) {}
template <class Name, class Value, class... Rest>
void set_variables(Variables& variables, Name&& name, Value&& value, Rest&&... rest) {
  variables.set(std::string(std::forward<Name>(name)), std::string(std::forward<Value>(value)));
  set_variables(variables, std::forward<Rest>(rest)...);
}
}  // namespace detail

/// Builds Variables from names and values in turn: g++ 12 does not build a braced list in a
/// co_await expression, and this reads as well.
template <class... Items>
[[nodiscard]] Variables variables(Items&&... items) {
  static_assert(sizeof...(Items) % 2 == 0, "variables() takes names and values in turn");
  Variables made;
  detail::set_variables(made, std::forward<Items>(items)...);
  return made;
}

/// A text with holes, taken apart once.
/// Shape:  `{name}` is a hole; a name is letters, digits and `_`, not starting with a digit. No
///         attributes, indexes or formats: a template from a stranger can reach nothing but the
///         variables, and a value is never read as a template again.
/// Errors: PromptError on a lone brace or a bad name, telling where; from format() for a missing
///         variable, naming it.
class TextTemplate {
 public:
  explicit TextTemplate(std::string_view text);
  [[nodiscard]] std::string format(const Variables& variables) const;
  /// The names of its holes, each once, in order.
  [[nodiscard]] std::vector<std::string> variable_names() const;

 private:
  struct Piece {
    std::string text;  // literal, or the name of a hole
    bool hole;
  };
  std::vector<Piece> pieces_;
};

/// A prompt of one text: `PromptTemplate("Translate to {language}: {text}") | model`.
class PromptTemplate final : public Runnable<Variables, std::string> {
 public:
  explicit PromptTemplate(std::string_view text) : template_(text) {}
  [[nodiscard]] std::string format(const Variables& variables) const {
    return template_.format(variables);
  }
  [[nodiscard]] std::vector<std::string> variable_names() const {
    return template_.variable_names();
  }
  [[nodiscard]] Coro<std::string> do_invoke(Variables input, RunConfig config) const override;

 private:
  TextTemplate template_;
};

}  // namespace cochain
