// What LangChain shows of a text that is no JSON.

#include <algorithm>

#include "partial_json_state.hpp"

namespace cochain::detail {
namespace {

std::size_t kind_of(char closing) { return closing == ']' ? 0 : 1; }

/// The frame of an object that holds an open container; nullptr for all others.
const PartialTree::Frame* open_frame(const PartialTree& tree, const JsonObject& object) {
  for (std::size_t level = 0; level + 1 < tree.frames.size(); ++level) {
    if (tree.frames[level].object == &object) return &tree.frames[level];
  }
  return nullptr;
}

}  // namespace

BrokenText::BrokenText(const PartialTree& tree, bool in_string, bool escaped)
    : in_string_(in_string), escaped_(escaped) {
  for (const PartialTree::Frame& frame : tree.frames) stack_ += frame.array != nullptr ? ']' : '}';
  at_error_ = stack_;
}

void BrokenText::scan(std::string_view text) {
  if (mismatched_) return;
  for (const char c : text) {
    if (in_string_) {
      if (c == '"' && !escaped_) in_string_ = false;
      escaped_ = c == '\\' && !escaped_;
    } else if (c == '"') {
      in_string_ = true;
      escaped_ = false;
    } else if (c == '{' || c == '[') {
      stack_ += c == '{' ? '}' : ']';
      changed_ = true;
    } else if (c == '}' || c == ']') {
      changed_ = true;
      if (stack_.empty() || stack_.back() != c) {
        mismatched_ = true;
        return;
      }
      stack_.pop_back();
    }
  }
}

const Json* BrokenText::visible(const PartialTree& tree) {
  if (!changed_) return shown_;
  changed_ = false;
  shown_ = nullptr;
  if (mismatched_) return nullptr;
  if (stack_ == at_error_) {
    shown_ = tree.has_root ? &tree.root : nullptr;
    return shown_;
  }
  // Nothing but a whole document needs no closing bracket, and then none was due at the error.
  if (stack_.empty() || !tree.has_root) return nullptr;
  if (!marked_) {
    nests_.emplace_back();
    mark_all(tree, tree.root, 0, -1, 0);
    marked_ = true;
  }
  int mark = find();
  if (mark < 0) return nullptr;
  std::vector<std::size_t> path;
  for (; marks_[static_cast<std::size_t>(mark)].parent >= 0;
       mark = marks_[static_cast<std::size_t>(mark)].parent) {
    path.push_back(marks_[static_cast<std::size_t>(mark)].index);
  }
  std::reverse(path.begin(), path.end());
  cut_ = cut(tree, tree.root, path, 0);
  shown_ = &cut_;
  return shown_;
}

void BrokenText::mark_all(const PartialTree& tree, const Json& value, int nest, int parent,
                          std::size_t index) {
  const JsonArray* array = value.if_array();
  const JsonObject* object = value.if_object();
  if (array == nullptr && object == nullptr) return;
  const std::size_t kind = array != nullptr ? 0 : 1;
  int inner = nests_[static_cast<std::size_t>(nest)].inner[kind];
  if (inner < 0) {
    inner = static_cast<int>(nests_.size());
    nests_[static_cast<std::size_t>(nest)].inner[kind] = inner;
    nests_.emplace_back();
  }
  const int self = static_cast<int>(marks_.size());
  marks_.emplace_back();
  marks_.back().parent = parent;
  marks_.back().index = index;
  nests_[static_cast<std::size_t>(inner)].latest = self;
  std::size_t count = 0;
  if (array != nullptr) {
    for (const Json& item : *array) mark_all(tree, item, inner, self, count++);
    return;
  }
  // The member that was open at the error came last, also where it took the place of an equal key.
  const PartialTree::Frame* frame = open_frame(tree, *object);
  const Json* open = nullptr;
  std::size_t open_index = 0;
  for (const auto& member : *object) {
    if (frame != nullptr && &member == frame->member) {
      open = &member.value();
      open_index = count++;
    } else {
      mark_all(tree, member.value(), inner, self, count++);
    }
  }
  if (open != nullptr) mark_all(tree, *open, inner, self, open_index);
}

int BrokenText::find() const {
  int nest = 0;
  for (const char closing : stack_) {
    nest = nests_[static_cast<std::size_t>(nest)].inner[kind_of(closing)];
    if (nest < 0) return -1;
  }
  return nests_[static_cast<std::size_t>(nest)].latest;
}

Json BrokenText::cut(const PartialTree& tree, const Json& value,
                     const std::vector<std::size_t>& path, std::size_t level) {
  const bool last = level == path.size();
  const JsonArray* array = value.if_array();
  const JsonObject* object = value.if_object();
  // A container that was open at the error and not the innermost holds one that is not whole.
  const PartialTree::Frame* frame = nullptr;
  if (level + 1 < tree.frames.size()) {
    const PartialTree::Frame& open = tree.frames[level];
    if (open.array == array && open.object == object) frame = &open;
  }
  std::size_t count = 0;
  if (array != nullptr) {
    JsonArray made;
    for (const Json& item : *array) {
      if (!last && count == path[level]) {
        made.push_back(cut(tree, item, path, level + 1));
        break;
      }
      if (++count == array->size() && frame != nullptr) break;
      made.push_back(item);
    }
    return Json(std::move(made));
  }
  JsonObject made;
  for (const auto& member : *object) {
    const bool open = frame != nullptr && &member == frame->member;
    if (!last && count++ == path[level]) {
      made.emplace(member.key(), cut(tree, member.value(), path, level + 1));
      if (!open) break;
    } else if (!open) {
      made.emplace(member.key(), member.value());
    } else if (frame->shadow) {
      made.emplace(member.key(), *frame->shadow);
    }
  }
  return Json(std::move(made));
}

}  // namespace cochain::detail
