// Reading one message where it stands in a larger document, in each of the two forms.
#pragma once

#include "cochain/chains/model/message.hpp"
#include "json_place.hpp"

namespace cochain::detail {

/// In our own form.
[[nodiscard]] Message read_message(const JsonPlace& place);
/// In OpenAI's form.
[[nodiscard]] Message read_openai_message(const JsonPlace& place);

}  // namespace cochain::detail
