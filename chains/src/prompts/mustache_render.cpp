// Walking a mustache template: the stack of contexts, and the limits.

#include <cmath>

#include "prompts/mustache_program.hpp"
#include "prompts/value_text.hpp"

namespace cochain::detail {
namespace {

using Kind = MustacheNode::Kind;

// A template from a stranger may be made to run for long: lists within lists, or partials that
// each use two others. Every bound here ends one way of doing so.
constexpr std::size_t kPartialDepthMax = 32;
constexpr std::size_t kSectionDepthMax = 256;
constexpr std::size_t kStepsMax = 1'000'000;
constexpr std::size_t kBytesMax = 64U << 20U;

[[noreturn]] void refuse_size(const std::string& limit) {
  throw PromptError("a template goes beyond its limits: " + limit);
}

/// What a name stands for: JSON, or messages, or nothing.
class Found {
 public:
  const Json* json = nullptr;
  const Messages* messages = nullptr;
};

bool is_false(const Found& found) {
  if (found.messages != nullptr) return found.messages->empty();
  if (found.json == nullptr) return true;
  switch (found.json->kind()) {
    case boost::json::kind::null: return true;
    case boost::json::kind::bool_: return !found.json->get_bool();
    case boost::json::kind::int64: return found.json->get_int64() == 0;
    case boost::json::kind::uint64: return found.json->get_uint64() == 0;
    case boost::json::kind::double_: {
      const double value = found.json->get_double();
      return value == 0 || std::isnan(value);
    }
    case boost::json::kind::string: return found.json->get_string().empty();
    case boost::json::kind::array: return found.json->get_array().empty();
    case boost::json::kind::object: return false;
  }
  return false;
}

void append_escaped(std::string_view text, std::string& out) {
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      default: out += c;
    }
  }
}

const Json* member_of(const Json& value, const std::string& name) {
  const JsonObject* object = value.if_object();
  return object == nullptr ? nullptr : object->if_contains(name);
}

class MustacheRenderer {
 public:
  MustacheRenderer(const MustacheProgram& program, const Variables* variables, const Json* data,
                   std::string& out)
      : program_(program), variables_(variables), out_(out), begin_(out.size()) {
    if (data != nullptr) contexts_.push_back(data);
  }

  void render(const MustacheNodes& nodes) {
    if (++depth_ > kSectionDepthMax) {
      refuse_size("sections and partials nest more than " + std::to_string(kSectionDepthMax) +
                  " deep");
    }
    for (const MustacheNode& node : nodes) {
      if (++steps_ > kStepsMax) refuse_size(std::to_string(kStepsMax) + " steps");
      render_node(node);
      if (out_.size() - begin_ > kBytesMax) refuse_size(std::to_string(kBytesMax) + " bytes");
    }
    --depth_;
  }

 private:
  void render_node(const MustacheNode& node) {
    switch (node.kind) {
      case Kind::kText: out_ += node.text; return;
      case Kind::kIndent: out_ += indent_; return;
      case Kind::kEscaped:
      case Kind::kRaw: return write(node);
      case Kind::kSection: return render_section(node);
      case Kind::kInverted:
        if (is_false(find(node.path))) render(node.children);
        return;
      case Kind::kPartial: return render_partial(node);
    }
  }

  [[nodiscard]] Found find(const std::vector<std::string>& path) const {
    Found found;
    if (path.empty()) {
      if (!contexts_.empty()) found.json = contexts_.back();
      return found;
    }
    for (auto context = contexts_.rbegin(); context != contexts_.rend(); ++context) {
      found.json = member_of(**context, path.front());
      if (found.json != nullptr) break;
    }
    if (found.json == nullptr && variables_ != nullptr) {
      if (const Variables::Value* value = variables_->find(path.front())) {
        found.json = value->if_json();
        found.messages = value->if_messages();
      }
    }
    for (std::size_t part = 1; part < path.size(); ++part) {
      found.messages = nullptr;
      if (found.json != nullptr) found.json = member_of(*found.json, path[part]);
    }
    return found;
  }

  void write(const MustacheNode& node) {
    const Found found = find(node.path);
    if (found.messages != nullptr) {
      throw PromptError("the variable '" + node.path.front() +
                        "' holds messages, which no text can take in: use a placeholder");
    }
    if (found.json == nullptr || found.json->is_null()) return;
    if (node.kind == Kind::kRaw) return append_value_text(*found.json, out_);
    if (const boost::json::string* text = found.json->if_string()) {
      return append_escaped(std::string_view(text->data(), text->size()), out_);
    }
    std::string text;
    append_value_text(*found.json, text);
    append_escaped(text, out_);
  }

  void render_section(const MustacheNode& node) {
    const Found found = find(node.path);
    if (is_false(found)) return;
    if (found.messages != nullptr) return render(node.children);
    if (const JsonArray* array = found.json->if_array()) {
      for (const Json& item : *array) {
        if (++steps_ > kStepsMax) refuse_size(std::to_string(kStepsMax) + " steps");
        render_with(item, node.children);
      }
    } else {
      render_with(*found.json, node.children);
    }
  }

  void render_with(const Json& context, const MustacheNodes& nodes) {
    contexts_.push_back(&context);
    render(nodes);
    contexts_.pop_back();
  }

  void render_partial(const MustacheNode& node) {
    if (node.partial == MustacheNode::kNone) return;
    if (++partial_depth_ > kPartialDepthMax) {
      refuse_size("partials nest more than " + std::to_string(kPartialDepthMax) + " deep, at '" +
                  node.text + "'");
    }
    const std::size_t before = indent_.size();
    indent_ += node.indent;
    render(program_.partials[node.partial]);
    indent_.resize(before);
    --partial_depth_;
  }

  const MustacheProgram& program_;
  const Variables* variables_;
  std::string& out_;
  std::size_t begin_;
  std::vector<const Json*> contexts_;
  std::string indent_;
  std::size_t depth_ = 0;
  std::size_t partial_depth_ = 0;
  std::size_t steps_ = 0;
};

}  // namespace

void render_mustache(const MustacheProgram& program, const Variables* variables, const Json* data,
                     std::string& out) {
  MustacheRenderer(program, variables, data, out).render(program.nodes);
}

}  // namespace cochain::detail
