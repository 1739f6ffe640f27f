// Mustache templates and their partials, put together once.

#include "cochain/chains/prompts/mustache.hpp"

#include <algorithm>
#include <map>

#include "prompts/compiled_template.hpp"
#include "prompts/mustache_program.hpp"

namespace cochain {
namespace {

using detail::MustacheLines;
using detail::MustacheNode;
using detail::MustacheNodes;
using detail::MustacheProgram;

constexpr std::size_t kPartialsMax = 1000;

/// Gives each partial tag its template: names are fixed in the text, so all are known beforehand,
/// and a template that includes itself is a circle of places and no endless text.
class Linker {
 public:
  Linker(MustacheProgram& program, const MustachePartials& partials)
      : program_(program), partials_(partials) {}

  void link() {
    link_nodes(program_.nodes);
    // Partials that are found on the way are added behind and get their turn.
    for (std::size_t at = 0; at < program_.partials.size(); ++at) {
      MustacheNodes nodes = std::move(program_.partials[at]);
      link_nodes(nodes);
      program_.partials[at] = std::move(nodes);
    }
  }

 private:
  void link_nodes(MustacheNodes& nodes) {
    for (MustacheNode& node : nodes) {
      if (node.kind == MustacheNode::Kind::kPartial) node.partial = place_of(node.text);
      link_nodes(node.children);
    }
  }

  std::size_t place_of(const std::string& name) {
    const auto [known, is_new] = places_.try_emplace(name, MustacheNode::kNone);
    if (!is_new) return known->second;
    if (places_.size() > kPartialsMax) {
      throw PromptError("a template has more than " + std::to_string(kPartialsMax) + " partials");
    }
    const std::optional<std::string> text = partials_.find(name);
    if (!text) return MustacheNode::kNone;
    known->second = program_.partials.size();
    program_.partials.push_back(
        detail::parse_mustache(*text, MustacheLines::kIndentable, "the partial '" + name + "'"));
    return known->second;
  }

  MustacheProgram& program_;
  const MustachePartials& partials_;
  std::map<std::string, std::size_t> places_;
};

/// The names that a template looks up outside of sections, those of its partials too.
void add_names_of(const MustacheProgram& program, const MustacheNodes& nodes,
                  std::vector<bool>& seen, std::vector<std::string>& names) {
  for (const MustacheNode& node : nodes) {
    if (!node.path.empty()) detail::add_name(names, node.path.front());
    if (node.partial != MustacheNode::kNone && !seen[node.partial]) {
      seen[node.partial] = true;
      add_names_of(program, program.partials[node.partial], seen, names);
    }
  }
}

}  // namespace

MustachePartials& MustachePartials::add(std::string name, std::string text) {
  const auto same = [&name](const auto& entry) { return entry.first == name; };
  std::erase_if(texts_, same);
  texts_.emplace_back(std::move(name), std::move(text));
  return *this;
}

std::optional<std::string> MustachePartials::find(const std::string& name) const {
  for (const auto& [key, text] : texts_) {
    if (key == name) return text;
  }
  return function_ ? function_(name) : std::nullopt;
}

MustacheTemplate::MustacheTemplate(std::string_view text, const MustachePartials& partials) {
  auto program = std::make_shared<MustacheProgram>();
  program->nodes = detail::parse_mustache(text, MustacheLines::kPlain, "the prompt");
  Linker(*program, partials).link();
  program_ = std::move(program);
}

std::string MustacheTemplate::render(const Json& data) const {
  std::string out;
  detail::render_mustache(*program_, nullptr, &data, out);
  return out;
}

std::string MustacheTemplate::render(const Variables& variables) const {
  std::string out;
  detail::render_mustache(*program_, &variables, nullptr, out);
  return out;
}

std::vector<std::string> MustacheTemplate::variable_names() const {
  std::vector<std::string> names;
  std::vector<bool> seen(program_->partials.size());
  add_names_of(*program_, program_->nodes, seen, names);
  return names;
}

}  // namespace cochain
