// The floor of the structured rows: simdjson parses the whole document at once, and what it found
// is copied into the same JSON type that cochain's parser makes. No pieces, nothing to see before
// the end, no errors but an exception.

#include <cstdlib>
#include <string>
#include <string_view>

#include <simdjson.h>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "meter.hpp"
#include "texts.hpp"

namespace {

using cochain::bench::Meter;
using cochain::bench::Row;

boost::json::value copy(const simdjson::dom::element& element) {
  using simdjson::dom::element_type;
  switch (element.type()) {
    case element_type::ARRAY: {
      boost::json::array made;
      const simdjson::dom::array array = element.get_array();
      made.reserve(array.size());
      for (const simdjson::dom::element item : array) made.push_back(copy(item));
      return made;
    }
    case element_type::OBJECT: {
      boost::json::object made;
      const simdjson::dom::object object = element.get_object();
      made.reserve(object.size());
      for (const auto& [key, value] : object) made.emplace(key, copy(value));
      return made;
    }
    case element_type::STRING: return boost::json::string(element.get_string().value());
    case element_type::INT64: return element.get_int64().value();
    case element_type::UINT64: return element.get_uint64().value();
    case element_type::DOUBLE: return element.get_double().value();
    case element_type::BOOL: return element.get_bool().value();
    case element_type::NULL_VALUE: break;
  }
  return nullptr;
}

template <std::size_t Bytes>
void parse(Meter& meter, std::size_t n) {
  const std::string text = cochain::bench::document(Bytes);
  simdjson::dom::parser parser;
  std::size_t items = 0;
  meter.start();
  for (std::size_t i = 0; i < n; ++i) {
    const boost::json::value value = copy(parser.parse(text));
    items += value.at("items").as_array().size();
  }
  meter.stop();
  if (items < n * Bytes / 200) std::abort();
}

constexpr Row kRows[] = {
    Row("parse10k", parse<10240>),
    Row("parse1m", parse<1048576>, 20),
};

}  // namespace

int main(int argc, char** argv) { return cochain::bench::run_rows(argc, argv, "simdjson", kRows); }
