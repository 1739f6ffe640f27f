// Walks a schema and invents a value, taking numbers and names from the prompt where it can.
// A model would do it better; this does it the same way each time, which is what tests want.
#include "simulator_schema.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <vector>

#include <boost/json.hpp>

#include "simulator_text.hpp"

namespace cochain {
namespace {

namespace json = boost::json;

constexpr int kDepthMax = 12;
constexpr std::size_t kItemsMax = 16;
constexpr int kValuesMax = 2000;  // a schema that refers to itself would grow without end

/// The place that a schema refers to, empty if it stands for itself.
std::string_view reference_of(const json::object& schema) {
  const json::value* member = schema.if_contains("$ref");
  if (member == nullptr || !member->is_string()) {
    return std::string_view();
  }
  return member->get_string();
}

/// The numbers of a prompt in order; a figure inside a word does not count.
std::vector<double> numbers_in(std::string_view prompt) {
  const auto is_digit = [](char byte) { return byte >= '0' && byte <= '9'; };
  std::vector<double> numbers;
  for (std::size_t i = 0; i < prompt.size();) {
    const bool starts =
        is_digit(prompt[i]) && (i == 0 || !std::isalnum(static_cast<unsigned char>(prompt[i - 1])));
    if (!starts) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < prompt.size() && end - i < 17 &&
           (is_digit(prompt[end]) ||
            (prompt[end] == '.' && end + 1 < prompt.size() && is_digit(prompt[end + 1])))) {
      ++end;
    }
    const bool negative = i > 0 && prompt[i - 1] == '-' && (i == 1 || prompt[i - 2] == ' ');
    const double number = std::strtod(std::string(prompt.substr(i, end - i)).c_str(), nullptr);
    numbers.push_back(negative ? -number : number);
    i = end;
  }
  return numbers;
}

/// The longest stretch of a prompt that reads like arithmetic, such as "17 * 23".
std::string expression_in(std::string_view prompt) {
  constexpr std::string_view kSigns = "0123456789+-*/^%(). ";
  std::string_view best;
  for (std::size_t i = 0; i < prompt.size();) {
    std::size_t end = i;
    while (end < prompt.size() && kSigns.find(prompt[end]) != std::string_view::npos) {
      ++end;
    }
    const std::string_view run = prompt.substr(i, end - i);
    if (run.size() > best.size() && run.find_first_of("0123456789") != std::string_view::npos) {
      best = run;
    }
    i = std::max(end, i + 1);
  }
  const std::size_t first = best.find_first_not_of(" .");
  const std::size_t last = best.find_last_not_of(" .");
  return first == std::string_view::npos ? std::string()
                                         : std::string(best.substr(first, last - first + 1));
}

/// The name in a prompt: a capitalised word that does not open a sentence, with its followers.
std::string name_in(std::string_view prompt) {
  const auto upper = [](char byte) { return byte >= 'A' && byte <= 'Z'; };
  for (std::size_t i = 2; i < prompt.size(); ++i) {
    const bool opens =
        prompt[i - 1] == ' ' && std::isalnum(static_cast<unsigned char>(prompt[i - 2]));
    if (!upper(prompt[i]) || !(opens || prompt[i - 2] == ',')) {
      continue;
    }
    std::size_t end = i;
    while (end < prompt.size() &&
           (std::isalnum(static_cast<unsigned char>(prompt[end])) ||
            static_cast<unsigned char>(prompt[end]) >= 0x80 ||
            (prompt[end] == ' ' && end + 1 < prompt.size() && upper(prompt[end + 1])))) {
      ++end;
    }
    if (end - i > 1) {
      return std::string(prompt.substr(i, end - i));
    }
  }
  return std::string();
}

class SchemaFiller {
 public:
  SchemaFiller(const json::value& root, std::string_view prompt)
      : root_(root), prompt_(prompt), numbers_(numbers_in(prompt)) {}

  json::value fill(const json::value& schema, std::string_view name, int depth) {
    if (!schema.is_object() || depth > kDepthMax || ++values_ > kValuesMax) {
      return json::value(nullptr);
    }
    const json::object& object = schema.get_object();
    if (const json::value* constant = object.if_contains("const")) {
      return *constant;
    }
    if (const json::value* options = object.if_contains("enum")) {
      return choose(*options);
    }
    if (const json::value* target = resolve(reference_of(object))) {
      return fill(*target, name, depth + 1);
    }
    for (const char* key : {"anyOf", "oneOf", "allOf"}) {
      const json::value* branches = object.if_contains(key);
      if (branches != nullptr && branches->is_array() && !branches->get_array().empty()) {
        return fill(branches->get_array().front(), name, depth + 1);
      }
    }
    return fill_type(object, type_of(object), name, depth);
  }

 private:
  static std::string_view type_of(const json::object& schema) {
    const json::value* type = schema.if_contains("type");
    if (type != nullptr && type->is_array() && !type->get_array().empty()) {
      type = &type->get_array().front();
    }
    if (type != nullptr && type->is_string()) {
      return type->get_string();
    }
    if (schema.contains("items")) {
      return "array";
    }
    return schema.contains("properties") ? "object" : "string";
  }

  json::value fill_type(const json::object& schema, std::string_view type, std::string_view name,
                        int depth) {
    if (type == "object") {
      return fill_object(schema, depth);
    }
    if (type == "array") {
      return fill_array(schema, name, depth);
    }
    if (type == "integer" || type == "number") {
      return fill_number(schema, type == "integer");
    }
    if (type == "boolean") {
      return json::value(true);
    }
    if (type == "null") {
      return json::value(nullptr);
    }
    return fill_text(schema, name);
  }

  json::value fill_object(const json::object& schema, int depth) {
    json::object result;
    const json::value* properties = schema.if_contains("properties");
    if (properties == nullptr || !properties->is_object()) {
      return result;
    }
    const json::value* required = schema.if_contains("required");
    for (const auto& [key, property] : properties->get_object()) {
      if (required != nullptr && required->is_array()) {
        const json::array& names = required->get_array();
        if (std::find(names.begin(), names.end(), json::value(key)) == names.end()) {
          continue;
        }
      }
      result[key] = fill(property, key, depth + 1);
    }
    return result;
  }

  json::value fill_array(const json::object& schema, std::string_view name, int depth) {
    std::size_t count = 1;
    if (const json::value* least = schema.if_contains("minItems")) {
      count = least->is_int64() && least->get_int64() > 0
                  ? std::min(static_cast<std::size_t>(least->get_int64()), kItemsMax)
                  : 1;
    }
    json::array result;
    const json::value* items = schema.if_contains("items");
    for (std::size_t i = 0; items != nullptr && i < count; ++i) {
      result.push_back(fill(*items, name, depth + 1));
    }
    return result;
  }

  json::value fill_number(const json::object& schema, bool whole) {
    double number = 1.0;
    if (numbers_used_ < numbers_.size()) {
      number = numbers_[numbers_used_++];
    }
    json::error_code ignored;
    if (const json::value* least = schema.if_contains("minimum")) {
      const double bound = least->to_number<double>(ignored);
      number = ignored ? number : std::max(number, bound);
    }
    ignored.clear();
    if (const json::value* most = schema.if_contains("maximum")) {
      const double bound = most->to_number<double>(ignored);
      number = ignored ? number : std::min(number, bound);
    }
    if (whole || (number == std::floor(number) && std::abs(number) < 1e15)) {
      return json::value(static_cast<std::int64_t>(std::clamp(number, -1e15, 1e15)));
    }
    return json::value(number);
  }

  json::value fill_text(const json::object& schema, std::string_view name) const {
    std::string text = guess_text(name);
    const json::value* least = schema.if_contains("minLength");
    if (least != nullptr && least->is_int64() && least->get_int64() < 4096) {
      while (static_cast<std::int64_t>(text.size()) < least->get_int64()) {
        text += text.empty() ? "x" : text;
      }
    }
    return json::value(text);
  }

  std::string guess_text(std::string_view name) const {
    const std::vector<std::string> words = lower_words(name);
    const auto has = [&words](std::initializer_list<std::string_view> wanted) {
      return std::any_of(words.begin(), words.end(), [&wanted](const std::string& word) {
        return std::find(wanted.begin(), wanted.end(), word) != wanted.end();
      });
    };
    if (has({"expression", "formula", "calculation"})) {
      const std::string expression = expression_in(prompt_);
      return expression.empty() ? "1 + 1" : expression;
    }
    if (has({"query", "question", "text", "input", "prompt", "request", "task", "answer"})) {
      return std::string(prompt_);
    }
    const std::string found = name_in(prompt_);
    return found.empty() ? subject_words(prompt_).back() : found;
  }

  json::value choose(const json::value& options) const {
    if (!options.is_array() || options.get_array().empty()) {
      return json::value(nullptr);
    }
    const std::vector<std::string> words = lower_words(prompt_);
    for (const json::value& option : options.get_array()) {
      if (!option.is_string()) {
        continue;
      }
      const std::vector<std::string> wanted = lower_words(option.get_string());
      const auto mentioned = [&words](const std::string& word) {
        return std::find(words.begin(), words.end(), word) != words.end();
      };
      if (!wanted.empty() && std::all_of(wanted.begin(), wanted.end(), mentioned)) {
        return option;
      }
    }
    return options.get_array().front();
  }

  const json::value* resolve(std::string_view reference) const {
    if (reference.size() < 2 || reference.substr(0, 2) != "#/") {
      return nullptr;
    }
    json::error_code error;
    return root_.find_pointer(reference.substr(1), error);
  }

  const json::value& root_;
  std::string_view prompt_;
  std::vector<double> numbers_;
  std::size_t numbers_used_ = 0;
  int values_ = 0;
};

}  // namespace

std::string value_for_schema(std::string_view schema_json, std::string_view prompt) {
  json::error_code error;
  json::parse_options parse_options;
  parse_options.max_depth = 64;
  const json::value schema = json::parse(schema_json, error, json::storage_ptr(), parse_options);
  if (error || !schema.is_object() || schema.get_object().empty()) {
    return json::serialize(json::object{{"answer", subject_words(prompt).front()}});
  }
  return json::serialize(SchemaFiller(schema, prompt).fill(schema, "answer", 0));
}

}  // namespace cochain
