// A mustache template as a tree: made by the parser, walked by the renderer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cochain/chains/prompts/variables.hpp"

namespace cochain::detail {

inline constexpr std::size_t kMustacheSectionsMax = 100;

class MustacheNode {
 public:
  enum class Kind : std::uint8_t {
    kText,
    kIndent,  // where a line of a partial begins: here its indentation is written
    kEscaped,
    kRaw,
    kSection,
    kInverted,
    kPartial,
  };
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  explicit MustacheNode(Kind the_kind) : kind(the_kind) {}

  Kind kind;
  std::string text;                    // literal; name of a partial
  std::string indent;                  // of a partial that has its line for itself
  std::vector<std::string> path;       // `a.b`; empty for `.`
  std::vector<MustacheNode> children;  // of a section
  std::size_t partial = kNone;         // its place among the program's partials, if there is one
};
using MustacheNodes = std::vector<MustacheNode>;

class MustacheProgram {
 public:
  MustacheNodes nodes;
  std::vector<MustacheNodes> partials;
};

/// Only a partial can be indented, so only there the beginnings of lines are noted.
enum class MustacheLines : std::uint8_t { kPlain, kIndentable };

/// Takes a text apart. `what` names it in errors: "the prompt", "the partial 'x'".
[[nodiscard]] MustacheNodes parse_mustache(std::string_view text, MustacheLines lines,
                                           std::string_view what);

/// Renders with names looked up in `variables`, or in `data` if there are none.
void render_mustache(const MustacheProgram& program, const Variables* variables, const Json* data,
                     std::string& out);

}  // namespace cochain::detail
