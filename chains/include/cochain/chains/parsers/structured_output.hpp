// A model that answers with a value of a C++ type: asked for in the provider's own way, read,
// checked, and asked again with what was wrong. Whole, or member by member while it is spoken.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cochain/chains/model/chat_model.hpp"
#include "cochain/chains/model/json_schema.hpp"

namespace cochain {

/// How a model is brought to answer in the form of a schema.
enum class StructuredMethod : std::uint8_t {
  kAuto,             ///< kJsonSchema
  kJsonSchema,       ///< `response_format` with the schema: the provider holds the model to it
  kFunctionCalling,  ///< a tool with the schema that the model must call; never run
  kJsonMode,         ///< `response_format` says JSON, and a system message tells the schema
};

/// Whether the provider shall hold the model to the schema.
enum class SchemaStrictness : std::uint8_t {
  kStrict,  ///< strict_schema(); a type that has no strict schema is refused
  kLoose,   ///< json_schema() as it is: for maps and Json, and for servers without a strict mode
};

/// How structured output is asked for: `StructuredOptions().repair_max(2)`.
/// Shape:    `name` names the schema or the tool; by default the type's. `repair_max` is how often
///           the model is asked again after an answer in the wrong form; the default is 1, since a
///           second failure seldom heals, and every try is paid for.
class StructuredOptions {
 public:
  StructuredOptions() = default;
  StructuredOptions& method(StructuredMethod value) { return set(method_, value); }
  StructuredOptions& strictness(SchemaStrictness value) { return set(strictness_, value); }
  StructuredOptions& repair_max(int value) { return set(repair_max_, value); }
  StructuredOptions& name(std::string value) { return set(name_, std::move(value)); }
  StructuredOptions& decode(DecodeOptions value) { return set(decode_, value); }
  /// The options of the calls, in place of the model's own; format and tools are added to them.
  StructuredOptions& chat(ChatOptions value) { return set(chat_, std::move(value)); }

  [[nodiscard]] StructuredMethod method() const noexcept { return method_; }
  [[nodiscard]] SchemaStrictness strictness() const noexcept { return strictness_; }
  [[nodiscard]] int repair_max() const noexcept { return repair_max_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const DecodeOptions& decode() const noexcept { return decode_; }
  [[nodiscard]] const std::optional<ChatOptions>& chat() const noexcept { return chat_; }

 private:
  template <class Member, class Value>
  StructuredOptions& set(Member& member, Value value) {
    member = std::move(value);
    return *this;
  }
  StructuredMethod method_ = StructuredMethod::kAuto;
  SchemaStrictness strictness_ = SchemaStrictness::kStrict;
  int repair_max_ = 1;
  std::string name_;
  DecodeOptions decode_;
  std::optional<ChatOptions> chat_;
};

/// The model's answer is not the value that was asked for.
/// Shape:    text() is what the model wrote, as far as it came; raw() its last answer, with the
///           tokens of all tries; issues() what was wrong in its JSON, if that is what was wrong.
class StructuredOutputError : public ParseError {
 public:
  enum class Reason : std::uint8_t {
    kWrongForm,  ///< no JSON, or JSON that does not fit; the only one that is repaired
    kRefused,    ///< the model declined to answer
    kTruncated,  ///< the answer ran into the limit of tokens
    kFiltered,   ///< the provider's filter stopped it
  };
  StructuredOutputError(Reason reason, const std::string& message, AIMessage raw,
                        std::vector<JsonIssue> issues = {});
  [[nodiscard]] Reason reason() const noexcept { return reason_; }
  [[nodiscard]] const AIMessage& raw() const noexcept { return raw_; }
  [[nodiscard]] const std::vector<JsonIssue>& issues() const noexcept { return issues_; }

 private:
  Reason reason_;
  AIMessage raw_;
  std::vector<JsonIssue> issues_;
};

/// What came of one question: the answer as the model gave it, and its value if it has one.
/// Shape:    `raw.usage` is the sum over all `attempts`; `error` is null if there is a value.
template <class T>
class StructuredAnswer {
 public:
  StructuredAnswer() = default;
  AIMessage raw;
  std::optional<T> parsed;
  std::exception_ptr error;
  int attempts = 1;
};

namespace detail {

/// Everything about the questions of one StructuredOutput; its runs share it.
class StructuredPlan;
using SharedStructuredPlan = std::shared_ptr<const StructuredPlan>;
[[nodiscard]] SharedStructuredPlan make_structured_plan(std::shared_ptr<const ChatModel> model,
                                                        const JsonType& type, void (*reset)(void*),
                                                        const StructuredOptions& options);

/// How asking went, without the value, which was read into a place of the caller's.
class StructuredAttempt {
 public:
  StructuredAttempt() = default;
  AIMessage raw;
  std::exception_ptr error;
  int attempts = 0;
};
[[nodiscard]] Coro<StructuredAttempt> ask_structured(SharedStructuredPlan plan, Messages messages,
                                                     RunConfig config, void* out);

/// A member of the answer as it is looked for in the stream.
class StructuredField {
 public:
  StructuredField() = default;
  std::string name;  // in JSON
  const JsonType* type = nullptr;
};
[[nodiscard]] StructuredField find_field(const JsonType& type, const void* object,
                                         const void* member);
/// A value in the answer that is whole, and what it is called in errors: "$.days[2]".
class StructuredItem {
 public:
  StructuredItem() = default;
  StructuredItem(Json the_value, std::string the_path)
      : value(std::move(the_value)), path(std::move(the_path)) {}
  Json value;
  std::string path;
};
/// Elements of the member if it is a list, else the member.
[[nodiscard]] Stream<StructuredItem> stream_items(SharedStructuredPlan plan, Messages messages,
                                                  RunConfig config, StructuredField field);
[[nodiscard]] Stream<std::string> stream_text(SharedStructuredPlan plan, Messages messages,
                                              RunConfig config, StructuredField field);
void read_item(const SharedStructuredPlan& plan, const JsonType& type, const StructuredItem& item,
               void* out);

template <class Pointer>
class MemberPointer;
template <class Member, class Class>
class MemberPointer<Member Class::*> {
 public:
  using Struct = Class;
  using Type = Member;
};

template <class T>
class FieldItem {
 public:
  using Type = T;
};
template <JsonList T>
  requires(!std::is_same_v<T, std::string>)
class FieldItem<T> {
 public:
  using Type = typename T::value_type;
};

template <class T, auto Member>
StructuredField field_of() {
  T object = T();
  return find_field(json_type<T>(), &object, &(object.*Member));
}

}  // namespace detail

/// What stream_field<Member>() gives: the elements of a list, or the member itself.
template <auto Member>
using field_item_t =
    typename detail::FieldItem<typename detail::MemberPointer<decltype(Member)>::Type>::Type;

/// Asks a model and gives a StructuredAnswer<T>: with the raw answer, and without throwing for an
/// answer in the wrong form. Made by StructuredOutput::include_raw().
template <class T>
class StructuredOutputWithRaw final : public Runnable<Messages, StructuredAnswer<T>> {
 public:
  explicit StructuredOutputWithRaw(detail::SharedStructuredPlan plan) : plan_(std::move(plan)) {}
  [[nodiscard]] Coro<StructuredAnswer<T>> do_invoke(Messages input,
                                                    RunConfig config) const override {
    return ask(plan_, std::move(input), std::move(config));
  }
  static Coro<StructuredAnswer<T>> ask(detail::SharedStructuredPlan plan, Messages messages,
                                       RunConfig config) {
    T value = T();
    auto asking =
        detail::ask_structured(std::move(plan), std::move(messages), std::move(config), &value);
    detail::StructuredAttempt attempt = co_await std::move(asking);
    StructuredAnswer<T> answer;
    answer.raw = std::move(attempt.raw);
    answer.error = std::move(attempt.error);
    answer.attempts = attempt.attempts;
    if (!answer.error) answer.parsed = std::move(value);
    co_return answer;
  }

 private:
  detail::SharedStructuredPlan plan_;
};

/// A step of a chain that asks a model for a T: `prompt | with_structured_output<Trip>(model)`.
/// Shape:    T is anything of from_json<T>(). One that is no object in JSON is asked for as the
///           member `value` of one. stream() gives the whole value once; see stream_field().
///           An answer in the wrong form is given back to the model with all that is wrong with
///           it, up to repair_max times. A refusal, a truncated and a filtered answer are not:
///           asking again would not make them whole.
/// Suspends: as the model does, once per try.
/// Lives:    what it returned may outlive it; it keeps the model.
/// Errors:   StructuredOutputError; the model's ModelError as it is. Making one: InvalidStateError
///           for a schema that cannot be strict, see strict_schema().
template <class T>
class StructuredOutput final : public Runnable<Messages, T> {
 public:
  StructuredOutput(std::shared_ptr<const ChatModel> model, const StructuredOptions& options)
      : plan_(detail::make_structured_plan(std::move(model), detail::json_type<T>(),
                                           &detail::reset_to_default<T>, options)) {}

  [[nodiscard]] Coro<T> do_invoke(Messages input, RunConfig config) const override {
    return ask(plan_, std::move(input), std::move(config));
  }

  /// The same question, with the raw answer beside the value.
  [[nodiscard]] StructuredOutputWithRaw<T> include_raw() const {
    return StructuredOutputWithRaw<T>(plan_);
  }

  /// A member while the answer is spoken: `stream_field<&Trip::days>(question)` gives each Day as
  /// soon as it is whole; of a member that is no list, the member once it is whole.
  /// Errors: StructuredOutputError, when it comes to it. What was given out cannot be taken back,
  ///         so nothing is asked again. Other members are not looked at.
  template <auto Member>
  [[nodiscard]] Stream<field_item_t<Member>> stream_field(Messages input,
                                                          RunConfig config = RunConfig()) const {
    detail::StructuredField field = detail::field_of<T, Member>();
    constexpr bool kIsList =
        !std::is_same_v<field_item_t<Member>,
                        typename detail::MemberPointer<decltype(Member)>::Type>;
    const detail::JsonType* item = kIsList ? &field.type->item() : field.type;
    Stream<detail::StructuredItem> items =
        detail::stream_items(plan_, std::move(input), std::move(config), std::move(field));
    return read_items<field_item_t<Member>>(plan_, item, std::move(items));
  }

  /// A member that is a std::string, in pieces as they are spoken: `stream_text<&Reply::text>`.
  /// Errors: as stream_field().
  template <auto Member>
  [[nodiscard]] Stream<std::string> stream_text(Messages input,
                                                RunConfig config = RunConfig()) const {
    static_assert(
        std::is_same_v<typename detail::MemberPointer<decltype(Member)>::Type, std::string>,
        "stream_text<&Struct::member> wants a member that is a std::string");
    return detail::stream_text(plan_, std::move(input), std::move(config),
                               detail::field_of<T, Member>());
  }

 private:
  static Coro<T> ask(detail::SharedStructuredPlan plan, Messages messages, RunConfig config) {
    T value = T();
    auto asking =
        detail::ask_structured(std::move(plan), std::move(messages), std::move(config), &value);
    const detail::StructuredAttempt attempt = co_await std::move(asking);
    if (attempt.error) std::rethrow_exception(attempt.error);
    co_return value;
  }
  template <class Item>
  static Stream<Item> read_items(detail::SharedStructuredPlan plan, const detail::JsonType* type,
                                 Stream<detail::StructuredItem> items) {
    while (auto item = co_await items.next()) {
      Item value = Item();
      detail::read_item(plan, *type, *item, &value);
      co_yield std::move(value);
    }
  }

  detail::SharedStructuredPlan plan_;
};

/// A step that asks `model` for a T: `co_await with_structured_output<Trip>(model).invoke(...)`.
template <class T>
[[nodiscard]] StructuredOutput<T> with_structured_output(
    std::shared_ptr<const ChatModel> model,
    const StructuredOptions& options = StructuredOptions()) {
  return StructuredOutput<T>(std::move(model), options);
}

/// The elements of one list of the answer, each as soon as it is whole:
/// `Stream<Day> days = stream_field<&Trip::days>(model, messages("Three days in Rome."));`
template <auto Member>
[[nodiscard]] Stream<field_item_t<Member>> stream_field(
    std::shared_ptr<const ChatModel> model, Messages input,
    const StructuredOptions& options = StructuredOptions()) {
  using T = typename detail::MemberPointer<decltype(Member)>::Struct;
  return StructuredOutput<T>(std::move(model), options)
      .template stream_field<Member>(std::move(input));
}

}  // namespace cochain
