// Texts of errors about JSON values, and the limits that readers and checkers share.
#include "json_path.hpp"

#include <algorithm>
#include <utility>

namespace cochain {

std::string JsonIssue::text() const { return path + ": wanted " + wanted + ", found " + found; }

namespace detail {
namespace {

constexpr std::size_t kFoundBytesMax = 80;

bool is_name(std::string_view key) noexcept {
  const auto plain = [](char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' ||
           (byte >= '0' && byte <= '9');
  };
  return !key.empty() && std::all_of(key.begin(), key.end(), plain) && key[0] > '9';
}

std::string cut(std::string text) {
  if (text.size() <= kFoundBytesMax) return text;
  std::size_t end = kFoundBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  text.resize(end);
  return text + "...";
}

bool is_less(const Json& left, const Json& right) {
  if (left.is_int64() && right.is_int64()) return left.get_int64() < right.get_int64();
  if (left.is_uint64() && right.is_uint64()) return left.get_uint64() < right.get_uint64();
  return left.to_number<double>() < right.to_number<double>();
}

void check_count(const JsonObject& keywords, std::string_view least, std::string_view most,
                 std::size_t count, std::string_view what, const Json& value, const JsonPath& path,
                 JsonIssues& issues) {
  const Json have(count);
  const Json* limit = keywords.if_contains(least);
  if (limit != nullptr && limit->is_number() && is_less(have, *limit)) {
    issues.add(path, "at least " + json_text(*limit) + std::string(what), value);
  }
  limit = keywords.if_contains(most);
  if (limit != nullptr && limit->is_number() && is_less(*limit, have)) {
    issues.add(path, "at most " + json_text(*limit) + std::string(what), value);
  }
}

}  // namespace

std::string JsonPath::text() const {
  if (parent_ == nullptr) return "$";
  std::string text = parent_->text();
  if (is_index_) return text + '[' + std::to_string(index_) + ']';
  if (is_name(key_)) return text + '.' + std::string(key_);
  return text + '[' + json_text(Json(key_)) + ']';
}

void JsonIssues::add(const JsonPath& path, std::string wanted, const Json& found) {
  keep(path, std::move(wanted), found_text(found));
}

void JsonIssues::add_missing(const JsonPath& path, std::string wanted) {
  keep(path, std::move(wanted), "nothing: it is missing");
}

void JsonIssues::keep(const JsonPath& path, std::string wanted, std::string found) {
  if (++count > kIssuesMax) return;
  kept.emplace_back(path.text(), std::move(wanted), std::move(found));
}

void JsonIssues::add_all(JsonIssues&& other) {
  count += other.count;
  for (JsonIssue& issue : other.kept) {
    if (kept.size() < kIssuesMax) kept.push_back(std::move(issue));
  }
}

std::string found_text(const Json& value) {
  if (const JsonArray* array = value.if_array(); array != nullptr && !array->empty()) {
    return "an array of " + std::to_string(array->size()) + " " + cut(json_text(value));
  }
  if (value.is_object()) return "an object " + cut(json_text(value));
  return cut(json_text(value));
}

std::size_t code_points(std::string_view text) noexcept {
  const auto starts = [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; };
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), starts));
}

std::string quoted_list(const std::vector<std::string_view>& texts) {
  std::string list;
  for (const std::string_view text : texts) {
    list += (list.empty() ? "" : ", ") + json_text(Json(text));
  }
  return list;
}

void check_limits(const JsonObject& keywords, const Json& value, const JsonPath& path,
                  JsonIssues& issues) {
  if (value.is_number()) {
    const auto check = [&](std::string_view keyword, std::string_view words, auto breaks) {
      const Json* limit = keywords.if_contains(keyword);
      if (limit == nullptr || !limit->is_number() || !breaks(*limit)) return;
      issues.add(path, std::string(words) + json_text(*limit), value);
    };
    check("minimum", "at least ", [&](const Json& limit) { return is_less(value, limit); });
    check("maximum", "at most ", [&](const Json& limit) { return is_less(limit, value); });
    check("exclusiveMinimum", "more than ",
          [&](const Json& limit) { return !is_less(limit, value); });
    check("exclusiveMaximum", "less than ",
          [&](const Json& limit) { return !is_less(value, limit); });
  } else if (value.is_string()) {
    const std::size_t length = code_points(std::string_view(value.get_string()));
    check_count(keywords, "minLength", "maxLength", length, " characters", value, path, issues);
  } else if (const JsonArray* array = value.if_array()) {
    check_count(keywords, "minItems", "maxItems", array->size(), " items", value, path, issues);
  }
}

}  // namespace detail
}  // namespace cochain
