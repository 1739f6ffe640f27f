// Reading and writing JSON values, with errors of our own.

#include "cochain/chains/model/json.hpp"

#include <boost/json/parse_options.hpp>
#include <boost/json/parser.hpp>
#include <boost/json/serialize.hpp>

#include "cochain/chains/model/error.hpp"

namespace cochain {
namespace {

constexpr std::size_t kParsedDepthMax = 100;

void write_pretty(const Json& value, std::string indent, std::string& out) {
  const std::string deeper = indent + "  ";
  if (const JsonObject* object = value.if_object(); object != nullptr && !object->empty()) {
    const char* before = "{\n";
    for (const auto& [key, member] : *object) {
      out += before + deeper + boost::json::serialize(key) + ": ";
      write_pretty(member, deeper, out);
      before = ",\n";
    }
    out += '\n' + indent + '}';
  } else if (const JsonArray* array = value.if_array(); array != nullptr && !array->empty()) {
    const char* before = "[\n";
    for (const Json& item : *array) {
      out += before + deeper;
      write_pretty(item, deeper, out);
      before = ",\n";
    }
    out += '\n' + indent + ']';
  } else {
    out += boost::json::serialize(value);
  }
}

}  // namespace

Json parse_json(std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = kParsedDepthMax;
  boost::json::parser parser(boost::json::storage_ptr(), options);
  boost::system::error_code error;
  const std::size_t read = parser.write(text.data(), text.size(), error);
  if (error) {
    throw ParseError("no JSON: " + error.message() + " at byte " + std::to_string(read),
                     std::string(text));
  }
  return parser.release();
}

std::string json_text(const Json& value) { return boost::json::serialize(value); }

std::string json_text_pretty(const Json& value) {
  std::string text;
  write_pretty(value, std::string(), text);
  return text;
}

}  // namespace cochain
