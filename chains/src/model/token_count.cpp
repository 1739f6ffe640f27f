// The texts of a conversation, one after the other. What a tool costs is how a model writes it:
// `name:description`, and a line `name:type:description` for each of its arguments.

#include "cochain/chains/model/token_count.hpp"

#include <boost/json.hpp>

#include "message_texts.hpp"

namespace cochain {
namespace detail {
namespace {

// What a model puts around tools, each argument and each word that is allowed.
constexpr std::int64_t kTokensForTools = 12;
constexpr std::int64_t kTokensForArguments = 3;
constexpr std::int64_t kTokensPerArgument = 3;
constexpr std::int64_t kTokensForWords = -3;
constexpr std::int64_t kTokensPerWord = 3;

std::string_view role_on_the_wire(Role role) noexcept {
  switch (role) {
    case Role::kSystem: return "system";
    case Role::kHuman: return "user";
    case Role::kAI: return "assistant";
    case Role::kTool: break;
  }
  return "tool";
}

std::string_view without_full_stop(std::string_view text) noexcept {
  if (text.ends_with('.')) text.remove_suffix(1);
  return text;
}

std::string_view string_member(const boost::json::object& object, std::string_view name) noexcept {
  const Json* member = object.if_contains(name);
  if (member == nullptr || !member->is_string()) return {};
  return member->get_string();
}

}  // namespace

MessageTexts::MessageTexts(std::span<const Message> messages, const TokenCounting& how) {
  for (const Message& message : messages) add_message(message, how);
  if (!messages.empty()) extra_ += how.tokens_per_reply();
  for (const ToolSpec& tool : how.tools()) add_tool(tool, how);
  if (!how.tools().empty()) extra_ += kTokensForTools;
}

void MessageTexts::add_message(const Message& message, const TokenCounting& how) {
  extra_ += how.tokens_per_message();
  add(role_on_the_wire(message.role()));
  message.visit([&](const auto& spoken) {
    if (!spoken.name.empty()) {
      extra_ += how.tokens_per_name();
      add(spoken.name);
    }
    if constexpr (requires { spoken.parts; }) {
      for (const ContentPart& part : spoken.parts) add_part(part, how);
    } else {
      add(spoken.content);
    }
  });
}

void MessageTexts::add_part(const ContentPart& part, const TokenCounting& how) {
  if (const auto* call = std::get_if<ToolCall>(&part)) {
    add(call->name);
    add(call->arguments);
    return;
  }
  std::visit(
      [&](const auto& held) {
        if constexpr (requires { held.text; }) {
          add(held.text);
        } else {
          extra_ += how.tokens_per_image();
        }
      },
      part);
}

void MessageTexts::add_tool(const ToolSpec& tool, const TokenCounting& how) {
  extra_ += how.tokens_per_tool();
  add_made(tool.name + ":" + std::string(without_full_stop(tool.description)));
  boost::system::error_code error;
  const Json schema = boost::json::parse(tool.parameters, error);
  if (error || !schema.is_object()) return add(tool.parameters);
  const Json* properties = schema.get_object().if_contains("properties");
  if (properties == nullptr || !properties->is_object()) return;
  if (properties->get_object().empty()) return;
  extra_ += kTokensForArguments;
  for (const auto& [name, property] : properties->get_object()) add_parameter(name, property);
}

void MessageTexts::add_parameter(std::string_view name, const Json& schema) {
  extra_ += kTokensPerArgument;
  const boost::json::object* object = schema.if_object();
  if (object == nullptr) return add_made(std::string(name));
  if (const Json* words = object->if_contains("enum"); words != nullptr && words->is_array()) {
    extra_ += kTokensForWords;
    for (const Json& word : words->get_array()) {
      extra_ += kTokensPerWord;
      add_made(word.is_string() ? std::string(word.get_string()) : boost::json::serialize(word));
    }
  }
  const Json* type = object->if_contains("type");
  const std::string type_text = type == nullptr     ? std::string()
                                : type->is_string() ? std::string(type->get_string())
                                                    : boost::json::serialize(*type);
  add_made(std::string(name) + ":" + type_text + ":" +
           std::string(without_full_stop(string_member(*object, "description"))));
}

}  // namespace detail

std::int64_t count_tokens(std::span<const Message> messages, const Tokenizer& tokenizer,
                          const TokenCounting& how) {
  const detail::MessageTexts texts(messages, how);
  std::int64_t tokens = texts.extra();
  for (const std::string_view text : texts.texts()) {
    tokens += static_cast<std::int64_t>(tokenizer.count(text));
  }
  return tokens;
}

}  // namespace cochain
