// Members of a structured answer while it is spoken. Each byte is looked at once.
#include <utility>
#include <vector>

#include "cochain/chains/parsers/partial_json.hpp"
#include "structured_plan.hpp"

namespace cochain::detail {
namespace {

using Reason = StructuredOutputError::Reason;

/// Keeps the elements of the member that is asked for, or the member.
class ItemFinder final : public PartialJsonListener {
 public:
  ItemFinder(std::string name, bool elements) : name_(std::move(name)), elements_(elements) {}
  void on_value_end(const JsonPlace& place, const Json& value) override {
    const std::size_t depth = elements_ ? 2 : 1;
    if (place.depth() != depth || place.key(0) != name_) return;
    if (elements_ && !place.is_index(1)) return;
    items.emplace_back(value, place.text());
  }
  std::vector<StructuredItem> items;

 private:
  std::string name_;
  bool elements_;
};

/// The answer as it arrives: the message that it adds up to, and its JSON as it is seen so far.
class Arrival {
 public:
  Arrival(SharedStructuredPlan plan, PartialProfile profile)
      : parser(profile), plan_(std::move(plan)) {}

  void take(ContentEvent event) {
    const BlockType wanted = plan_->by_tool() ? BlockType::kToolCall : BlockType::kText;
    std::string text;
    if (event.kind == EventKind::kDelta && event.block == wanted) text = event.text;
    const std::uint32_t index = event.index;
    apply(raw, std::move(event));
    if (text.empty() || parser.done() || !is_ours(index)) return;
    // Before the JSON, models like to say a few words, or open a fence.
    const std::size_t begin = started_ ? 0 : text.find('{');
    if (begin == std::string::npos) return;
    started_ = true;
    parser.feed(std::string_view(text).substr(begin));
    check_form();
  }

  /// The answer is over: it must be whole.
  void finish() {
    parser.finish();
    StructuredPlan::check_end(raw);
    check_form();
    if (parser.done()) return;
    throw StructuredOutputError(
        Reason::kWrongForm,
        started_ ? "the JSON of the answer ended too early" : "the answer has no JSON", raw);
  }

  AIMessage raw;
  PartialJsonParser parser;

 private:
  [[nodiscard]] bool is_ours(std::uint32_t index) const {
    if (!plan_->by_tool()) return true;
    const ToolCall* call =
        index < raw.parts.size() ? std::get_if<ToolCall>(&raw.parts[index]) : nullptr;
    return call != nullptr && call->name == plan_->name;
  }
  void check_form() const {
    // Once it is whole, what follows is the end of the fence, or words.
    if (!parser.failed() || parser.done()) return;
    throw StructuredOutputError(Reason::kWrongForm, "no JSON: " + parser.error(), raw);
  }

  SharedStructuredPlan plan_;
  bool started_ = false;
};

}  // namespace

StructuredField find_field(const JsonType& type, const void* object, const void* member) {
  for (const TypePlan::Field& field : type.plan().fields) {
    if (field.member->member(const_cast<void*>(object)) != member) continue;
    StructuredField found;
    found.name = field.name;
    found.type = &field.member->type();
    return found;
  }
  throw InvalidStateError("this member of " + type.plan().title + " is not described");
}

void read_item(const SharedStructuredPlan& plan, const JsonType& type, const StructuredItem& item,
               void* out) {
  try {
    read_json(type, item.value, out, plan->decode, item.path);
  } catch (const DecodeError& error) {
    AIMessage raw(error.text());
    throw StructuredOutputError(Reason::kWrongForm, error.what(), std::move(raw), error.issues());
  }
}

Stream<StructuredItem> stream_items(SharedStructuredPlan plan, Messages messages, RunConfig config,
                                    StructuredField field) {
  ItemFinder finder(field.name, field.type->kind == JsonKind::kArray);
  Arrival arrival(plan, PartialProfile::kComplete);
  arrival.parser.listen(&finder);
  Stream<AIMessageChunk> chunks =
      plan->model->stream(plan->question(std::move(messages)), std::move(config));
  while (auto chunk = co_await chunks.next()) {
    std::exception_ptr error;
    try {
      arrival.take(chunk->take_event());
    } catch (const ParseError&) {
      error = std::current_exception();
    }
    // What was whole before the text went wrong is given out first.
    std::vector<StructuredItem> items = std::exchange(finder.items, {});
    for (StructuredItem& item : items) co_yield std::move(item);
    if (error) std::rethrow_exception(error);
  }
  arrival.finish();
  for (StructuredItem& item : finder.items) co_yield std::move(item);
}

Stream<std::string> stream_text(SharedStructuredPlan plan, Messages messages, RunConfig config,
                                StructuredField field) {
  Arrival arrival(plan, PartialProfile::kLangChain);
  std::size_t given = 0;
  Stream<AIMessageChunk> chunks =
      plan->model->stream(plan->question(std::move(messages)), std::move(config));
  while (auto chunk = co_await chunks.next()) {
    arrival.take(chunk->take_event());
    const Json* seen = arrival.parser.visible();
    const JsonObject* object = seen == nullptr ? nullptr : seen->if_object();
    const Json* member = object == nullptr ? nullptr : object->if_contains(field.name);
    if (member == nullptr || !member->is_string()) continue;
    const std::string_view text = member->get_string();
    if (text.size() <= given) continue;
    std::string piece(text.substr(given));
    given = text.size();
    co_yield std::move(piece);
  }
  arrival.finish();
}

}  // namespace cochain::detail
