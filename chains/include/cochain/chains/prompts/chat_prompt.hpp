// A conversation with holes.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "cochain/chains/model/content_part.hpp"
#include "cochain/chains/model/message.hpp"
#include "cochain/chains/prompts/template.hpp"

namespace cochain {

/// The place of a variable that holds messages, such as the conversation so far.
/// Shape: `MessagesPlaceholder("history").optional().n_messages(10)`: may be left out, and only the
///        last ten are taken. Without optional() the variable must be given.
class MessagesPlaceholder {
 public:
  explicit MessagesPlaceholder(std::string name) : name_(std::move(name)) {}
  MessagesPlaceholder& optional() {
    optional_ = true;
    return *this;
  }
  /// Errors: std::invalid_argument for 0.
  MessagesPlaceholder& n_messages(std::size_t last);

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] bool is_optional() const noexcept { return optional_; }
  /// Messages, or an array of them in JSON as message_to_json() writes it.
  /// Errors: PromptError if the variable is missing, or holds no messages.
  [[nodiscard]] Messages format(const Variables& variables) const;

 private:
  [[nodiscard]] Messages last_of(const Messages& messages) const;
  std::string name_;
  bool optional_ = false;
  std::size_t last_ = static_cast<std::size_t>(-1);
};

/// One part of a message that is more than a text; each of its fields is a template.
/// Shape: text, an image by address, an image in base64, or any ContentPart as it is. In mustache
///        write `{{{url}}}`: `{{url}}` would write an `&` as `&amp;`.
class PartTemplate {
 public:
  [[nodiscard]] static PartTemplate text(std::string text);
  [[nodiscard]] static PartTemplate image_url(std::string url, std::string detail = {});
  [[nodiscard]] static PartTemplate image_base64(std::string data, std::string mime_type,
                                                 std::string detail = {});
  PartTemplate(ContentPart part);  // NOLINT(google-explicit-*)
  PartTemplate(const PartTemplate& other);
  PartTemplate(PartTemplate&& other) noexcept;
  PartTemplate& operator=(const PartTemplate& other);
  PartTemplate& operator=(PartTemplate&& other) noexcept;
  ~PartTemplate();

 private:
  friend class ChatPromptTemplate;
  enum class Kind : std::uint8_t { kReady, kText, kImageUrl, kImageBase64 };
  PartTemplate(Kind kind, std::vector<std::string> texts);

  Kind kind_ = Kind::kReady;
  std::vector<std::string> texts_;
  ContentPart part_;
};

extern template class Runnable<Variables, Messages>;

/// What makes messages out of variables: ChatPromptTemplate and FewShotChatMessagePromptTemplate.
/// Shape: a derived class may wait in do_invoke(), for a search or a model, and then format() may
///        throw.
class BaseChatPromptTemplate : public Runnable<Variables, Messages> {
 public:
  [[nodiscard]] RunKind kind() const noexcept override { return RunKind::kPrompt; }
  /// Errors: PromptError, as TextTemplate; InvalidStateError if the messages must be waited for.
  [[nodiscard]] virtual Messages format(const Variables& variables) const = 0;
  /// The names of what has to be given, each once, in order.
  [[nodiscard]] virtual std::vector<std::string> variable_names() const = 0;
  [[nodiscard]] Json input_schema() const override {
    return detail::schema_of_variables(variable_names());
  }
};

/// A prompt of several messages, each with holes.
/// Shape:  `ChatPromptTemplate().system("You translate to {language}.").human("{text}")`. Texts are
///         templates in the prompt's format; a Message is taken as it is. The functions that add
///         change the prompt; partial(), slice(), strict() and `+` return a new one.
/// Errors: PromptError, as TextTemplate.
class ChatPromptTemplate final : public BaseChatPromptTemplate {
 public:
  ChatPromptTemplate();
  ChatPromptTemplate(const ChatPromptTemplate& other);
  ChatPromptTemplate(ChatPromptTemplate&& other) noexcept;
  ChatPromptTemplate& operator=(const ChatPromptTemplate& other);
  ChatPromptTemplate& operator=(ChatPromptTemplate&& other) noexcept;
  ~ChatPromptTemplate();
  explicit ChatPromptTemplate(TemplateFormat format);

  ChatPromptTemplate& system(std::string_view text) { return add(Role::kSystem, text); }
  ChatPromptTemplate& human(std::string_view text) { return add(Role::kHuman, text); }
  ChatPromptTemplate& ai(std::string_view text) { return add(Role::kAI, text); }
  ChatPromptTemplate& placeholder(std::string name) {
    return append(MessagesPlaceholder(std::move(name)));
  }
  /// A human message of several parts:
  /// `human_parts(PartTemplate::text("What is {what}?"), PartTemplate::image_url("{url}"))`.
  template <class... Parts>
  ChatPromptTemplate& human_parts(Parts&&... parts) {
    std::vector<PartTemplate> all;
    all.reserve(sizeof...(Parts));
    (all.emplace_back(std::forward<Parts>(parts)), ...);
    return add_parts(std::move(all));
  }
  /// By the name of the role, as LangChain has it: "system", "human" or "user", "ai" or
  /// "assistant"; "placeholder" takes a text `{name}` and is optional.
  /// Errors: PromptError for any other role.
  ChatPromptTemplate& add(std::string_view role, std::string_view text);
  /// Errors: PromptError for Role::kTool: append a ToolMessage.
  ChatPromptTemplate& add(Role role, std::string_view text) {
    return add(role, TextTemplate(text, format_));
  }
  ChatPromptTemplate& add(Role role, TextTemplate text);

  ChatPromptTemplate& append(Message message);
  ChatPromptTemplate& append(MessagesPlaceholder placeholder);
  /// Another prompt in this place, such as a few-shot prompt.
  ChatPromptTemplate& append(std::shared_ptr<const BaseChatPromptTemplate> prompt);
  template <std::derived_from<BaseChatPromptTemplate> Prompt>
  ChatPromptTemplate& append(Prompt prompt) {
    return append(std::shared_ptr<const BaseChatPromptTemplate>(
        std::make_shared<const Prompt>(std::move(prompt))));
  }
  ChatPromptTemplate& extend(Messages messages);
  /// The entries of `other`, with its partial values.
  ChatPromptTemplate& extend(const ChatPromptTemplate& other);

  /// How many entries there are.
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  /// The entries from `first` to before `last`; fewer if there are not so many.
  [[nodiscard]] ChatPromptTemplate slice(std::size_t first,
                                         std::size_t last = static_cast<std::size_t>(-1)) const;
  /// With a value for `name`, or with a function that is asked for it at each format() that was
  /// given none.
  template <class ValueOrFunction>
  [[nodiscard]] ChatPromptTemplate partial(std::string name, ValueOrFunction&& given) const {
    ChatPromptTemplate made = *this;
    made.partials_.set(std::move(name), std::forward<ValueOrFunction>(given));
    return made;
  }
  /// All of variable_names() must be given, in mustache templates too.
  [[nodiscard]] ChatPromptTemplate strict() const;
  /// Errors: PromptError if both have a partial value for the same name, unless it is equal.
  [[nodiscard]] friend ChatPromptTemplate operator+(ChatPromptTemplate first,
                                                    const ChatPromptTemplate& second) {
    first.extend(second);
    return first;
  }
  [[nodiscard]] friend ChatPromptTemplate operator+(ChatPromptTemplate first, Message second) {
    first.append(std::move(second));
    return first;
  }
  /// A text is what the human says, and a template.
  [[nodiscard]] friend ChatPromptTemplate operator+(ChatPromptTemplate first,
                                                    std::string_view second) {
    first.human(second);
    return first;
  }

  [[nodiscard]] Messages format(const Variables& variables) const override;
  [[nodiscard]] std::vector<std::string> variable_names() const override;
  /// The names of optional placeholders.
  [[nodiscard]] std::vector<std::string> optional_names() const;

 private:
  class Text {
   public:
    Role role;
    TextTemplate text;
  };
  class Part {
   public:
    PartTemplate::Kind kind;
    std::vector<TextTemplate> texts;
    ContentPart ready;
  };
  using Parts = std::vector<Part>;
  using Inner = std::shared_ptr<const BaseChatPromptTemplate>;
  using Entry = std::variant<Text, Message, MessagesPlaceholder, Parts, Inner>;

  [[nodiscard]] Coro<Messages> do_invoke(Variables input, RunConfig config) const override;
  ChatPromptTemplate& add_parts(std::vector<PartTemplate> parts);
  void check_given(const Variables& variables) const;
  static Messages format_entry(const Entry& entry, const Variables& variables);
  static ContentPart format_part(const Part& part, const Variables& variables);

  std::vector<Entry> entries_;
  TemplateFormat format_ = TemplateFormat::kFString;
  PartialVariables partials_;
  bool strict_ = false;
};

}  // namespace cochain
