// Conversations from templates.

#include "cochain/chains/prompts/chat_prompt.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>

#include "prompts/compiled_template.hpp"

namespace cochain {

template class Runnable<Variables, Messages>;
namespace {

Message make_message(Role role, std::string text) {
  switch (role) {
    case Role::kSystem: return SystemMessage(std::move(text));
    case Role::kAI: return AIMessage(std::move(text));
    case Role::kHuman:
    case Role::kTool: break;
  }
  return HumanMessage(std::move(text));
}

void move_to(Messages& all, Messages more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

PartTemplate::PartTemplate(ContentPart part) : part_(std::move(part)) {}
PartTemplate::PartTemplate(Kind kind, std::vector<std::string> texts)
    : kind_(kind), texts_(std::move(texts)) {}
PartTemplate::PartTemplate(const PartTemplate& other) = default;
PartTemplate::PartTemplate(PartTemplate&& other) noexcept = default;
PartTemplate& PartTemplate::operator=(const PartTemplate& other) = default;
PartTemplate& PartTemplate::operator=(PartTemplate&& other) noexcept = default;
PartTemplate::~PartTemplate() = default;

ChatPromptTemplate::ChatPromptTemplate() = default;
ChatPromptTemplate::ChatPromptTemplate(TemplateFormat format) : format_(format) {}
ChatPromptTemplate::ChatPromptTemplate(const ChatPromptTemplate& other) = default;
ChatPromptTemplate::ChatPromptTemplate(ChatPromptTemplate&& other) noexcept = default;
ChatPromptTemplate& ChatPromptTemplate::operator=(const ChatPromptTemplate& other) = default;
ChatPromptTemplate& ChatPromptTemplate::operator=(ChatPromptTemplate&& other) noexcept = default;
ChatPromptTemplate::~ChatPromptTemplate() = default;

MessagesPlaceholder& MessagesPlaceholder::n_messages(std::size_t last) {
  if (last == 0) throw std::invalid_argument("a placeholder takes at least one message");
  last_ = last;
  return *this;
}

Messages MessagesPlaceholder::format(const Variables& variables) const {
  const Variables::Value* value = variables.find(name_);
  if (value == nullptr) {
    if (optional_) return {};
    throw PromptError("the prompt needs messages '" + name_ + "' that were not given");
  }
  if (const Messages* messages = value->if_messages()) return last_of(*messages);
  if (value->if_json()->is_array()) {
    try {
      return last_of(messages_from_json(*value->if_json()));
    } catch (const ParseError& error) {
      throw PromptError("the messages of the variable '" + name_ + "': " + error.what());
    }
  }
  throw PromptError("the variable '" + name_ + "' holds no messages, as its placeholder asks");
}

Messages MessagesPlaceholder::last_of(const Messages& messages) const {
  const std::size_t count = std::min(last_, messages.size());
  return Messages(messages.end() - static_cast<std::ptrdiff_t>(count), messages.end());
}

PartTemplate PartTemplate::text(std::string text) {
  return PartTemplate(Kind::kText, std::vector<std::string>(1, std::move(text)));
}

PartTemplate PartTemplate::image_url(std::string url, std::string detail) {
  return PartTemplate(Kind::kImageUrl, std::vector<std::string>{std::move(url), std::move(detail)});
}

PartTemplate PartTemplate::image_base64(std::string data, std::string mime_type,
                                        std::string detail) {
  return PartTemplate(
      Kind::kImageBase64,
      std::vector<std::string>{std::move(data), std::move(mime_type), std::move(detail)});
}

ChatPromptTemplate& ChatPromptTemplate::add(std::string_view role, std::string_view text) {
  if (role == "system") return add(Role::kSystem, text);
  if (role == "human" || role == "user") return add(Role::kHuman, text);
  if (role == "ai" || role == "assistant") return add(Role::kAI, text);
  if (role != "placeholder") {
    throw PromptError("no role of a prompt: '" + std::string(role) +
                      "'; there are system, human, ai and placeholder");
  }
  const std::vector<std::string> names = TextTemplate(text).variable_names();
  if (names.size() != 1 || text != "{" + names.front() + "}") {
    throw PromptError("a placeholder is one {name} and nothing else");
  }
  return append(MessagesPlaceholder(names.front()).optional());
}

ChatPromptTemplate& ChatPromptTemplate::add(Role role, TextTemplate text) {
  if (role == Role::kTool) {
    throw PromptError("the message of a tool is no template: append a ToolMessage");
  }
  entries_.emplace_back(Text{role, std::move(text)});
  return *this;
}

ChatPromptTemplate& ChatPromptTemplate::append(Message message) {
  entries_.emplace_back(std::move(message));
  return *this;
}

ChatPromptTemplate& ChatPromptTemplate::append(MessagesPlaceholder placeholder) {
  entries_.emplace_back(std::move(placeholder));
  return *this;
}

ChatPromptTemplate& ChatPromptTemplate::append(
    std::shared_ptr<const BaseChatPromptTemplate> prompt) {
  if (!prompt) throw InvalidStateError("a chat prompt was given an empty pointer as an entry");
  entries_.emplace_back(std::move(prompt));
  return *this;
}

ChatPromptTemplate& ChatPromptTemplate::extend(Messages messages) {
  for (Message& message : messages) append(std::move(message));
  return *this;
}

ChatPromptTemplate& ChatPromptTemplate::extend(const ChatPromptTemplate& other) {
  partials_.merge(other.partials_);
  const std::vector<Entry> others = other.entries_;  // `other` may be this
  entries_.insert(entries_.end(), others.begin(), others.end());
  strict_ = strict_ || other.strict_;
  return *this;
}

ChatPromptTemplate& ChatPromptTemplate::add_parts(std::vector<PartTemplate> parts) {
  Parts made;
  for (PartTemplate& part : parts) {
    std::vector<TextTemplate> texts;
    for (const std::string& text : part.texts_) texts.emplace_back(text, format_);
    made.push_back(Part{part.kind_, std::move(texts), std::move(part.part_)});
  }
  entries_.emplace_back(std::move(made));
  return *this;
}

ChatPromptTemplate ChatPromptTemplate::slice(std::size_t first, std::size_t last) const {
  ChatPromptTemplate made = *this;
  last = std::min(last, entries_.size());
  first = std::min(first, last);
  made.entries_.assign(entries_.begin() + static_cast<std::ptrdiff_t>(first),
                       entries_.begin() + static_cast<std::ptrdiff_t>(last));
  return made;
}

ChatPromptTemplate ChatPromptTemplate::strict() const {
  ChatPromptTemplate made = *this;
  made.strict_ = true;
  return made;
}

ContentPart ChatPromptTemplate::format_part(const Part& part, const Variables& variables) {
  const auto text = [&](std::size_t n) { return part.texts[n].format(variables); };
  switch (part.kind) {
    case PartTemplate::Kind::kText: return TextPart(text(0));
    case PartTemplate::Kind::kImageUrl: return ImagePart::from_url(text(0), text(1));
    case PartTemplate::Kind::kImageBase64: return ImagePart::from_base64(text(0), text(1), text(2));
    case PartTemplate::Kind::kReady: break;
  }
  return part.ready;
}

Messages ChatPromptTemplate::format_entry(const Entry& entry, const Variables& variables) {
  if (const auto* text = std::get_if<Text>(&entry)) {
    return messages(make_message(text->role, text->text.format(variables)));
  }
  if (const auto* message = std::get_if<Message>(&entry)) return messages(*message);
  if (const auto* placeholder = std::get_if<MessagesPlaceholder>(&entry)) {
    return placeholder->format(variables);
  }
  if (const auto* parts = std::get_if<Parts>(&entry)) {
    HumanMessage message;
    for (const Part& part : *parts) message.add(format_part(part, variables));
    return messages(std::move(message));
  }
  return std::get<Inner>(entry)->format(variables);
}

void ChatPromptTemplate::check_given(const Variables& variables) const {
  if (!strict_) return;
  for (const std::string& name : variable_names()) {
    if (!variables.contains(name)) {
      throw PromptError("the prompt needs a variable '" + name + "' that was not given");
    }
  }
}

Messages ChatPromptTemplate::format(const Variables& variables) const {
  Variables storage;
  const Variables& all = partials_.fill(variables, storage);
  check_given(all);
  Messages messages;
  messages.reserve(entries_.size());
  for (const Entry& entry : entries_) move_to(messages, format_entry(entry, all));
  return messages;
}

std::vector<std::string> ChatPromptTemplate::variable_names() const {
  std::vector<std::string> names;
  const auto add_all = [&names](const std::vector<std::string>& more) {
    for (const std::string& name : more) detail::add_name(names, name);
  };
  for (const Entry& entry : entries_) {
    if (const auto* text = std::get_if<Text>(&entry)) {
      add_all(text->text.variable_names());
    } else if (const auto* placeholder = std::get_if<MessagesPlaceholder>(&entry)) {
      if (!placeholder->is_optional()) detail::add_name(names, placeholder->name());
    } else if (const auto* parts = std::get_if<Parts>(&entry)) {
      for (const Part& part : *parts) {
        for (const TextTemplate& field : part.texts) add_all(field.variable_names());
      }
    } else if (const auto* inner = std::get_if<Inner>(&entry)) {
      add_all((*inner)->variable_names());
    }
  }
  std::erase_if(names, [this](const std::string& name) { return partials_.contains(name); });
  return names;
}

std::vector<std::string> ChatPromptTemplate::optional_names() const {
  std::vector<std::string> names;
  for (const Entry& entry : entries_) {
    const auto* placeholder = std::get_if<MessagesPlaceholder>(&entry);
    if (placeholder == nullptr || !placeholder->is_optional()) continue;
    if (!partials_.contains(placeholder->name())) detail::add_name(names, placeholder->name());
  }
  return names;
}

Coro<Messages> ChatPromptTemplate::do_invoke(Variables input, RunConfig config) const {
  Variables storage;
  const Variables& all = partials_.fill(input, storage);
  check_given(all);
  Messages messages;
  messages.reserve(entries_.size());
  for (const Entry& entry : entries_) {
    if (const auto* inner = std::get_if<Inner>(&entry)) {
      Messages more = co_await (*inner)->invoke(all, config);
      move_to(messages, std::move(more));
    } else {
      move_to(messages, format_entry(entry, all));
    }
  }
  co_return messages;
}

}  // namespace cochain
