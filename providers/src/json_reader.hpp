// Reading JSON with simdjson's DOM: it picks its kernel at run time, and it validates the whole
// document, fields that nobody looks at included.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cochain::detail {

using DomElement = simdjson::dom::element;
using DomObject = simdjson::dom::object;
using DomArray = simdjson::dom::array;

/// Parses a document that has simdjson's padding behind it, mending broken UTF-8 and surrogates.
/// Lives:    the element, until the next parse on this thread: one parser per thread serves all
///           streams, so that a thousand of them cost one parser's memory.
/// Errors:   returns the error; throws nothing but std::bad_alloc.
simdjson::error_code parse_padded(std::string_view json, DomElement& out);

/// The same for a text without padding; it is copied.
simdjson::error_code parse_text(std::string_view json, DomElement& out);

/// Throws what an error of the parser means: LimitError for depth and size, else ProtocolError
/// with the document's first bytes.
[[noreturn]] void throw_json_error(simdjson::error_code error, std::string_view what,
                                   std::string_view json);

/// The value as a string, empty if it is none.
std::string_view as_string(const DomElement& value) noexcept;
/// The value as a number, however it is written; nullopt if it is none or does not fit.
std::optional<std::int64_t> as_integer(const DomElement& value) noexcept;
/// The member, if the object has it.
std::optional<DomElement> member(const DomElement& value, std::string_view name) noexcept;
/// The member as a string, empty if there is none.
std::string_view string_member(const DomElement& value, std::string_view name) noexcept;
/// The value as JSON text.
std::string to_json(const DomElement& value);

}  // namespace cochain::detail
