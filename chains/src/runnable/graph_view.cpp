// Drawings of chains. All of them walk the same graph: nodes in the order of their making, and
// edges.

#include "cochain/chains/runnable/graph_view.hpp"

#include <algorithm>
#include <string_view>

namespace cochain {
namespace {

class Edge {
 public:
  Edge(std::size_t the_from, std::size_t the_to, std::string the_label, bool is_choice)
      : from(the_from), to(the_to), label(std::move(the_label)), choice(is_choice) {}
  std::size_t from;
  std::size_t to;
  std::string label;
  bool choice;
};

/// Where to go on from: a node, and what to write at the edge.
class Exit {
 public:
  Exit(std::size_t the_node, std::string the_label = {}, bool is_choice = false)
      : node(the_node), label(std::move(the_label)), choice(is_choice) {}
  std::size_t node;
  std::string label;
  bool choice;
};

class Graph {
 public:
  explicit Graph(const StepInfo& chain) {
    std::vector<Exit> exits = add(chain, {Exit(node("in: " + chain.input))});
    const std::size_t end = node("out: " + chain.output);
    join(exits, end);
  }
  std::vector<std::string> nodes;
  std::vector<Edge> edges;

 private:
  std::size_t node(std::string text) {
    nodes.push_back(std::move(text));
    return nodes.size() - 1;
  }
  void join(const std::vector<Exit>& exits, std::size_t to) {
    for (const Exit& exit : exits) edges.emplace_back(exit.node, to, exit.label, exit.choice);
  }
  /// Puts a step behind `entries`; what comes next hangs on what is returned.
  std::vector<Exit> add(const StepInfo& step, std::vector<Exit> entries) {
    switch (step.shape) {
      case StepShape::kSequence:
        for (const StepInfo& part : step.parts) entries = add(part, std::move(entries));
        return entries;
      case StepShape::kWrapper: {
        if (step.parts.empty()) break;
        const std::size_t here = node(with_note(step));
        join(entries, here);
        return add(step.parts.front(), {Exit(here, step.labels.front())});
      }
      case StepShape::kParallel:
      case StepShape::kChoice: {
        const std::size_t here = node(with_note(step));
        join(entries, here);
        const bool choice = step.shape == StepShape::kChoice;
        std::vector<Exit> exits;
        for (std::size_t i = 0; i < step.parts.size(); ++i) {
          for (Exit& exit : add(step.parts[i], {Exit(here, step.labels[i], choice)})) {
            exits.push_back(std::move(exit));
          }
        }
        return exits;
      }
      case StepShape::kLeaf: break;
    }
    const std::size_t here = node(with_note(step));
    join(entries, here);
    return {Exit(here)};
  }
  static std::string with_note(const StepInfo& step) {
    return step.note.empty() ? step.name : step.name + " (" + step.note + ")";
  }
};

/// A text inside double quotes; `escaped` gives what stands for a character, or nothing.
template <class Escaped>
std::string quoted(std::string_view text, Escaped escaped) {
  std::string made;
  for (const char c : text) {
    const std::string_view other = escaped(c);
    if (!other.empty()) {
      made += other;
    } else if (static_cast<unsigned char>(c) >= 0x20) {
      made += c;
    }
  }
  return '"' + made + '"';
}
/// For Mermaid, which takes `<joke>` for a tag and shows nothing.
std::string for_mermaid(std::string_view text) {
  return quoted(text, [](char c) -> std::string_view {
    if (c == '"') return "#quot;";
    if (c == '<') return "#lt;";
    if (c == '>') return "#gt;";
    return {};
  });
}
std::string for_dot(std::string_view text) {
  return quoted(text, [](char c) -> std::string_view {
    if (c == '"') return "\\\"";
    if (c == '\\') return "\\\\";
    return {};
  });
}

void explain_step(const StepInfo& step, const std::string& label, const std::string& indent,
                  std::string& text) {
  text += indent;
  if (!label.empty()) text += label + ": ";
  text += step.name + "  " + step.input + " -> " + step.output;
  const bool leaf = step.parts.empty();
  if (leaf) text += step.streams ? "  [streams]" : "  [waits for its whole input]";
  if (!step.note.empty()) text += "  (" + step.note + ")";
  text += '\n';
  for (std::size_t i = 0; i < step.parts.size(); ++i) {
    explain_step(step.parts[i], step.labels[i], indent + "  ", text);
  }
}

/// The last step that waits for all of its input: nothing is streamed before it is done.
const StepInfo* last_barrier(const StepInfo& step) {
  if (step.shape != StepShape::kSequence) return step.streams ? nullptr : &step;
  for (auto part = step.parts.rbegin(); part != step.parts.rend(); ++part) {
    if (const StepInfo* barrier = last_barrier(*part)) return barrier;
  }
  return nullptr;
}

}  // namespace

std::string explain(const RunnableBase& step) {
  const StepInfo info = step.info();
  std::string text;
  explain_step(info, std::string(), std::string(), text);
  if (const StepInfo* barrier = last_barrier(info)) {
    text += "streams from " + barrier->name + " on: it waits for its whole input\n";
  } else {
    text += "streams from end to end\n";
  }
  return text;
}

std::string draw_mermaid(const RunnableBase& step) {
  const Graph graph(step.info());
  std::string text = "graph TD\n";
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    text += "  n" + std::to_string(i) + "[" + for_mermaid(graph.nodes[i]) + "]\n";
  }
  for (const Edge& edge : graph.edges) {
    text += "  n" + std::to_string(edge.from) + (edge.choice ? " -.->" : " -->");
    if (!edge.label.empty()) text += "|" + for_mermaid(edge.label) + "|";
    text += " n" + std::to_string(edge.to) + "\n";
  }
  return text;
}

std::string draw_dot(const RunnableBase& step) {
  const Graph graph(step.info());
  std::string text = "digraph chain {\n  node [shape=box];\n";
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    text += "  n" + std::to_string(i) + " [label=" + for_dot(graph.nodes[i]) + "];\n";
  }
  for (const Edge& edge : graph.edges) {
    text += "  n" + std::to_string(edge.from) + " -> n" + std::to_string(edge.to) + " [";
    if (!edge.label.empty()) text += "label=" + for_dot(edge.label) + " ";
    text += edge.choice ? "style=dashed];\n" : "style=solid];\n";
  }
  return text + "}\n";
}

namespace {

/// A step as lines of text, drawn below each other; parts of parallels and choices are indented.
void draw_step(const StepInfo& step, const std::string& label, const std::string& indent,
               std::string& text) {
  if (step.shape == StepShape::kSequence) {
    for (std::size_t i = 0; i < step.parts.size(); ++i) {
      draw_step(step.parts[i], i == 0 ? label : std::string(), indent, text);
    }
    return;
  }
  const std::string name = label.empty() ? step.name : label + ": " + step.name;
  const std::string line(name.size() + 2, '-');
  text += indent + "   |\n";
  text += indent + '+' + line + "+\n" + indent + "| " + name + " |\n" + indent + '+' + line + "+\n";
  for (std::size_t i = 0; i < step.parts.size(); ++i) {
    draw_step(step.parts[i], step.labels[i],
              indent + (step.shape == StepShape::kChoice ? "  : " : "  | "), text);
  }
}

}  // namespace

std::string draw_ascii(const RunnableBase& step) {
  const StepInfo info = step.info();
  std::string text = info.input + "\n";
  draw_step(info, std::string(), std::string(), text);
  return text + "   |\n" + info.output + "\n";
}

}  // namespace cochain
