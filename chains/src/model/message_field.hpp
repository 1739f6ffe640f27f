// Reading one message where it stands in a larger document, in each of the two forms.
#pragma once

#include "cochain/chains/model/message.hpp"
#include "json_field.hpp"

namespace cochain::detail {

/// In our own form.
[[nodiscard]] Message read_message(const JsonField& field);
/// In OpenAI's form.
[[nodiscard]] Message read_openai_message(const JsonField& field);

}  // namespace cochain::detail
