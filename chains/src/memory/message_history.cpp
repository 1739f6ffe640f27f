// Sessions, and what counts as said.

#include "cochain/chains/memory/message_history.hpp"

namespace cochain::detail {

std::string session_of(const RunConfig& config, const std::string& key) {
  const Json session = configured(config, key);
  if (session.is_null()) {
    throw InvalidInputError(
        "with_message_history(): the run has no session; call it with "
        "RunConfig().with_configurable(\"" +
        key + "\", ...)");
  }
  if (const auto* text = session.if_string()) return std::string(std::string_view(*text));
  return json_text(session);
}

Messages output_messages(AIMessage output) { return messages(std::move(output)); }
Messages output_messages(Message output) { return Messages(1, std::move(output)); }
Messages output_messages(std::string output) { return messages(AIMessage(std::move(output))); }
Messages output_messages(Messages output) { return output; }

}  // namespace cochain::detail
