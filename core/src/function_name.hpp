// Names of functions as people read them.
#pragma once

#include <string>
#include <string_view>

namespace cochain::detail {

/// "cook" of "cochain::Coro<int> {anonymous}::cook(std::string, int)", with the last qualifier of a
/// member ("Kitchen::cook"), and "lambda in main" for a lambda.
[[nodiscard]] std::string short_function_name(std::string_view name);

}  // namespace cochain::detail
