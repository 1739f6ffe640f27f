// The parser, its thread-local state, and the small questions that wire code asks of a value.

#include "json_reader.hpp"

#include <cmath>
#include <memory>

#include "cochain/chains/model/error.hpp"
#include "cochain/chains/model/redact.hpp"
#include "cochain/providers/sse.hpp"
#include "utf8.hpp"

namespace cochain::detail {
namespace {

static_assert(kSsePadding >= simdjson::SIMDJSON_PADDING);

// A parser holds about 14 bytes per byte of the largest document that it saw. One that grew on a
// picture is not kept for the next million chunks of text.
constexpr std::size_t kKeptDocumentBytesMax = std::size_t{1} << 20U;

struct Parsing {
  std::unique_ptr<simdjson::dom::parser> parser = std::make_unique<simdjson::dom::parser>();
  std::string copy;
};

Parsing& here() {
  thread_local Parsing parsing;
  return parsing;
}

simdjson::error_code parse_once(std::string_view json, DomElement& out) {
  Parsing& mine = here();
  if (mine.parser->capacity() > kKeptDocumentBytesMax && json.size() <= kKeptDocumentBytesMax) {
    mine.parser = std::make_unique<simdjson::dom::parser>();
  }
  return mine.parser->parse(json.data(), json.size(), false).get(out);
}

simdjson::error_code parse_mended(std::string mended, DomElement& out) {
  std::string& copy = here().copy;
  copy = std::move(mended);
  const std::size_t size = copy.size();
  copy.resize(size + simdjson::SIMDJSON_PADDING);
  const simdjson::error_code error = parse_once(std::string_view(copy).substr(0, size), out);
  // The document's strings are the parser's own by now.
  if (copy.capacity() > kKeptDocumentBytesMax) copy = std::string();
  return error;
}

}  // namespace

simdjson::error_code parse_padded(std::string_view json, DomElement& out) {
  simdjson::error_code error = parse_once(json, out);
  if (error == simdjson::SUCCESS) return error;
  if (error != simdjson::UTF8_ERROR && error != simdjson::STRING_ERROR) return error;
  // Each at most once, in this order: the parser looks at the encoding before it reads strings.
  std::string mended(json);
  if (error == simdjson::UTF8_ERROR) {
    mended = mend_utf8(mended);
    error = parse_mended(mended, out);
  }
  if (error == simdjson::STRING_ERROR) error = parse_mended(mend_surrogates(mended), out);
  return error;
}

simdjson::error_code parse_text(std::string_view json, DomElement& out) {
  std::string padded;
  padded.reserve(json.size() + simdjson::SIMDJSON_PADDING);
  padded.append(json).append(simdjson::SIMDJSON_PADDING, '\0');
  return parse_padded(std::string_view(padded).substr(0, json.size()), out);
}

void throw_json_error(simdjson::error_code error, std::string_view what, std::string_view json) {
  std::string message(what);
  message.append(": ").append(simdjson::error_message(error));
  if (error == simdjson::DEPTH_ERROR || error == simdjson::CAPACITY) throw LimitError(message);
  message.append(" Text: ").append(one_line(redact_keys(json.substr(0, 1024)), 200));
  throw ProtocolError(message);
}

std::string_view as_string(const DomElement& value) noexcept {
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) return {};
  return text;
}

std::optional<std::int64_t> as_integer(const DomElement& value) noexcept {
  std::int64_t integer = 0;
  if (value.get(integer) == simdjson::SUCCESS) return integer;
  double number = 0;
  if (!value.is_double() || value.get(number) != simdjson::SUCCESS) return std::nullopt;
  if (!std::isfinite(number) || std::abs(number) > 9e15) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

std::optional<DomElement> member(const DomElement& value, std::string_view name) noexcept {
  DomObject object;
  if (value.get(object) != simdjson::SUCCESS) return std::nullopt;
  std::optional<DomElement> found;
  // To the end: of members with the same name the last one counts, as everywhere else in JSON.
  for (const auto [key, each] : object) {
    if (key == name) found = each;
  }
  return found;
}

std::string_view string_member(const DomElement& value, std::string_view name) noexcept {
  const std::optional<DomElement> found = member(value, name);
  return found ? as_string(*found) : std::string_view();
}

std::string to_json(const DomElement& value) { return simdjson::minify(value); }

}  // namespace cochain::detail
