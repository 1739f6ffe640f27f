// The writer. Its only state is the text: whether a comma is due can be read off the last byte.

#include "json_writer.hpp"

#include <simdjson.h>

#include <charconv>
#include <cmath>

#include "cochain/chains/model/error.hpp"
#include "json_reader.hpp"
#include "utf8.hpp"

namespace cochain::detail {

void JsonWriter::comma() {
  // No value ends in one of these: a string ends in its quote.
  if (!text_.empty() && text_.back() != '{' && text_.back() != '[' && text_.back() != ':') {
    text_ += ',';
  }
}

JsonWriter& JsonWriter::open_object() {
  comma();
  text_ += '{';
  return *this;
}

JsonWriter& JsonWriter::close_object() {
  text_ += '}';
  return *this;
}

JsonWriter& JsonWriter::open_array() {
  comma();
  text_ += '[';
  return *this;
}

JsonWriter& JsonWriter::close_array() {
  text_ += ']';
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  string(name);
  text_ += ':';
  return *this;
}

JsonWriter& JsonWriter::string(std::string_view value) {
  static constexpr char kHex[] = "0123456789abcdef";
  comma();
  std::string mended;
  if (!simdjson::validate_utf8(value.data(), value.size())) {
    mended = mend_utf8(value);
    value = mended;
  }
  text_ += '"';
  std::size_t written = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(value[i]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    text_.append(value.substr(written, i - written));
    written = i + 1;
    text_ += '\\';
    switch (byte) {
      case '\n': text_ += 'n'; break;
      case '\t': text_ += 't'; break;
      case '\r': text_ += 'r'; break;
      case '"':
      case '\\': text_ += static_cast<char>(byte); break;
      default:
        text_.append("u00");
        text_ += kHex[byte >> 4U];
        text_ += kHex[byte & 15U];
    }
  }
  text_.append(value.substr(written));
  text_ += '"';
  return *this;
}

JsonWriter& JsonWriter::integer(std::int64_t value) {
  comma();
  text_.append(std::to_string(value));
  return *this;
}

JsonWriter& JsonWriter::number(double value) {
  if (!std::isfinite(value)) throw BadRequestError("a number in the request is not finite");
  comma();
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  text_.append(digits, end);
  return *this;
}

JsonWriter& JsonWriter::boolean(bool value) {
  comma();
  text_.append(value ? "true" : "false");
  return *this;
}

JsonWriter& JsonWriter::null() {
  comma();
  text_.append("null");
  return *this;
}

JsonWriter& JsonWriter::raw(std::string_view json, std::string_view what) {
  DomElement value;
  const simdjson::error_code error = parse_text(json, value);
  if (error != simdjson::SUCCESS) {
    throw BadRequestError(
        std::string(what).append(" is not JSON: ").append(simdjson::error_message(error)));
  }
  return trusted(to_json(value));
}

JsonWriter& JsonWriter::trusted(std::string_view json) {
  comma();
  text_.append(json);
  return *this;
}

}  // namespace cochain::detail
