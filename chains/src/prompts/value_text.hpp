// How a JSON value stands in a text: shared by all kinds of templates.
#pragma once

#include <string>

#include "cochain/chains/model/json.hpp"

namespace cochain::detail {

/// Appends a string as it is, anything else as JSON text.
void append_value_text(const Json& value, std::string& out);

}  // namespace cochain::detail
