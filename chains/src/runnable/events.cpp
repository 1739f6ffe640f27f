// Events of a run: kept until they are taken, and written as LangChain writes them.

#include "cochain/chains/runnable/events.hpp"

#include <algorithm>

namespace cochain {
namespace {

template <class T, class Value>
bool contains(const std::vector<T>& list, const Value& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

bool shares_tag(const std::vector<std::string>& list, const Run& run) {
  return std::any_of(list.begin(), list.end(),
                     [&run](const std::string& tag) { return run.has_tag(tag); });
}

std::string_view ending(RunEvent::Kind kind) noexcept {
  switch (kind) {
    case RunEvent::Kind::kStart: return "_start";
    case RunEvent::Kind::kStream: return "_stream";
    case RunEvent::Kind::kEnd: return "_end";
    case RunEvent::Kind::kError: return "_error";
    case RunEvent::Kind::kCustom: break;
  }
  return "";
}

}  // namespace

std::string RunEvent::event() const {
  if (kind == Kind::kCustom) return "on_custom_event";
  return "on_" + std::string(to_string(run->kind())) + std::string(ending(kind));
}

JsonObject RunEvent::json() const {
  JsonObject made;
  made["event"] = event();
  made["name"] = kind == Kind::kCustom ? custom_name : run->name();
  made["run_id"] = run->id();
  JsonArray parents;
  for (const std::string& id : run->parent_ids()) parents.emplace_back(id);
  made["parent_ids"] = std::move(parents);
  JsonArray tags;
  for (const std::string& tag : run->tags()) tags.emplace_back(tag);
  made["tags"] = std::move(tags);
  made["metadata"] = run->metadata();
  if (kind == Kind::kCustom) {
    made["data"] = custom_data;
    return made;
  }
  JsonObject data;
  if (!input.empty()) data["input"] = input.json();
  if (!chunk.empty()) data["chunk"] = chunk.json();
  if (!output.empty()) data["output"] = output.json();
  if (error) data["error"] = describe(error);
  made["data"] = std::move(data);
  return made;
}

bool EventOptions::wants(const Run& run) const {
  if (contains(exclude_names_, run.name()) || contains(exclude_kinds_, run.kind()) ||
      shares_tag(exclude_tags_, run)) {
    return false;
  }
  const bool all = include_names_.empty() && include_kinds_.empty() && include_tags_.empty();
  return all || contains(include_names_, run.name()) || contains(include_kinds_, run.kind()) ||
         shares_tag(include_tags_, run);
}

namespace detail {

RunEvent& EventQueue::add(RunEvent::Kind kind, const Run& run) {
  filling_.emplace_back(kind, run.shared_from_this());
  filled_.set();
  return filling_.back();
}

void EventQueue::on_start(const Run& run, const RunValue& input) {
  add(RunEvent::Kind::kStart, run).input = input.keep();
}
void EventQueue::on_stream(const Run& run, const RunValue& chunk) {
  add(RunEvent::Kind::kStream, run).chunk = chunk.keep();
}
void EventQueue::on_end(const Run& run, const RunValue& input, const RunValue& output) {
  RunEvent& event = add(RunEvent::Kind::kEnd, run);
  event.input = input.keep();
  event.output = output.keep();
}
void EventQueue::on_error(const Run& run, const std::exception_ptr& error) {
  add(RunEvent::Kind::kError, run).error = error;
}
void EventQueue::on_custom_event(const Run& run, std::string_view name, const Json& data) {
  RunEvent& event = add(RunEvent::Kind::kCustom, run);
  event.custom_name = name;
  event.custom_data = data;
}

void EventQueue::finish(std::exception_ptr error) noexcept {
  over_ = true;
  error_ = std::move(error);
  filled_.set();
}

RunEvent* EventQueue::take() {
  if (taken_ == taking_.size()) {
    taking_.clear();
    taken_ = 0;
    taking_.swap(filling_);
    if (taking_.empty()) return nullptr;
  }
  RunEvent* event = &taking_[taken_++];
  if (!full()) room_.set();
  return event;
}

Coro<bool> EventQueue::wait() {
  while (waiting() == 0) {
    if (over_ && error_) std::rethrow_exception(error_);
    if (over_) co_return false;
    filled_.clear();
    co_await filled_.wait();
  }
  co_return true;
}

Coro<> EventQueue::wait_for_room() {
  while (full()) {
    room_.clear();
    co_await room_.wait();
  }
}

}  // namespace detail

}  // namespace cochain
