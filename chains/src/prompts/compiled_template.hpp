// A template that was taken apart: what f-strings and mustache have in common.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cochain/chains/prompts/variables.hpp"

namespace cochain::detail {

class CompiledTemplate {
 public:
  virtual ~CompiledTemplate() = default;
  virtual void render(const Variables& variables, std::string& out) const = 0;
  /// Adds the names that it looks up in the variables themselves, those that are new.
  virtual void add_names(std::vector<std::string>& names) const = 0;
};

[[nodiscard]] std::shared_ptr<const CompiledTemplate> compile_f_string(std::string_view text);

void add_name(std::vector<std::string>& names, std::string_view name);

/// "line 2, character 5": the place of a byte, in characters as an editor counts them.
[[nodiscard]] std::string place_in(std::string_view text, std::size_t offset);

}  // namespace cochain::detail
