// Where in a JSON value one is, and how a value is told in an error: for readers and checkers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cochain/chains/model/json_convert.hpp"

namespace cochain::detail {

constexpr std::size_t kIssuesMax = 8;

/// A chain of steps on the stack: nothing is built until there is something to complain of.
class JsonPath {
 public:
  JsonPath() = default;
  JsonPath(const JsonPath& parent, std::string_view key) : parent_(&parent), key_(key) {}
  JsonPath(const JsonPath& parent, std::size_t index)
      : parent_(&parent), index_(index), is_index_(true) {}
  [[nodiscard]] std::string text() const;

 private:
  const JsonPath* parent_ = nullptr;
  std::string_view key_;
  std::size_t index_ = 0;
  bool is_index_ = false;
};

/// The issues of one value, the first few of them kept.
class JsonIssues {
 public:
  JsonIssues() = default;
  void add(const JsonPath& path, std::string wanted, const Json& found);
  void add_missing(const JsonPath& path, std::string wanted);
  void add_all(JsonIssues&& other);

  std::vector<JsonIssue> kept;
  std::size_t count = 0;

 private:
  void keep(const JsonPath& path, std::string wanted, std::string found);
};

/// A value in a few words, cut to a sane length.
[[nodiscard]] std::string found_text(const Json& value);
/// The length of UTF-8 text in code points.
[[nodiscard]] std::size_t code_points(std::string_view text) noexcept;
/// Quoted texts, separated by commas.
[[nodiscard]] std::string quoted_list(const std::vector<std::string_view>& texts);

/// Checks minimum, maxItems and the like. Words that do not speak of such a value say nothing.
void check_limits(const JsonObject& keywords, const Json& value, const JsonPath& path,
                  JsonIssues& issues);

}  // namespace cochain::detail
