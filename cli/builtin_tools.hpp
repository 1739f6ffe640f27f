// The tools that `cochain chat --tool` may lend to a model: three, and harmless.
#pragma once

#include <string>
#include <vector>

#include "cochain/chains/tools/tool.hpp"

namespace cochain::cli {

/// The names of all tools, in the order of the help.
[[nodiscard]] const std::vector<std::string>& builtin_tool_names();

/// Tools by name: "clock", "calculator", "read_file".
/// Shape:    each name once, however often it is given.
/// Errors:   UsageError for a name that there is not, with those that there are.
[[nodiscard]] std::vector<ToolPtr> make_builtin_tools(const std::vector<std::string>& names);

/// The value of an expression of numbers, + - * / ^, and brackets.
/// Errors:   ToolError that names the place.
[[nodiscard]] double calculate(const std::string& expression);

/// The text of a file below the current folder.
/// Units:    at most 64 KiB.
/// Errors:   ToolError: it lies elsewhere (links included), is no file, is too large, is no text.
[[nodiscard]] std::string read_file_below(const std::string& path);

}  // namespace cochain::cli
