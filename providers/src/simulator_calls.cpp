// Finds `call NAME {json}` in the user's text.

#include "simulator_calls.hpp"

#include <algorithm>
#include <utility>

namespace cochain {
namespace {

constexpr std::size_t kCallsMax = 128;

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || (static_cast<unsigned char>(c) & 0x80U) != 0;
}

bool is_word(std::string_view word, std::string_view lower_case) {
  return word.size() == lower_case.size() &&
         std::equal(word.begin(), word.end(), lower_case.begin(), [](char c, char wanted) {
           return (c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) == wanted;
         });
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  /// The next word of letters, digits, '_' and '-'; empty at the end.
  std::string_view next_word() {
    while (at_ < text_.size() && !is_name_char(text_[at_])) ++at_;
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_name_char(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }
  /// The name after "call": the next word, if nothing but blanks and a quote is before it.
  std::string_view next_name() {
    skip(" \t\r\n");
    skip("`'\"");
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_name_char(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }
  /// What is in braces, if they come next.
  std::string_view next_arguments() {
    const std::size_t before = at_;
    skip("`'\" \t\r\n(");
    if (at_ == text_.size() || text_[at_] != '{') {
      at_ = before;
      return {};
    }
    const std::size_t begin = at_;
    int depth = 0;
    bool in_string = false;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (in_string) {
        if (c == '\\' && at_ < text_.size()) ++at_;
        in_string = c != '"';
      } else if (c == '"') {
        in_string = true;
      } else if (c == '{') {
        ++depth;
      } else if (c == '}' && --depth == 0) {
        break;
      }
    }
    return text_.substr(begin, at_ - begin);
  }

 private:
  void skip(std::string_view signs) {
    while (at_ < text_.size() && signs.find(text_[at_]) != signs.npos) ++at_;
  }
  std::string_view text_;
  std::size_t at_ = 0;
};

bool is_offered(const SimulatedChatRequest& request, std::string_view name) {
  if (!request.forced_tool.empty() && name != request.forced_tool) return false;
  return std::any_of(request.tools.begin(), request.tools.end(),
                     [name](const SimulatedTool& tool) { return tool.name == name; });
}

}  // namespace

std::vector<std::vector<ScriptedCall>> scripted_calls(const SimulatedChatRequest& request) {
  std::vector<std::vector<ScriptedCall>> turns;
  if (request.tools.empty()) return turns;
  Scanner scanner(request.prompt);
  bool is_new_turn = true;
  std::size_t found = 0;
  for (std::string_view word = scanner.next_word(); !word.empty() && found < kCallsMax;) {
    if (is_word(word, "then")) is_new_turn = true;
    if (!is_word(word, "call")) {
      word = scanner.next_word();
      continue;
    }
    word = scanner.next_name();  // if it is no tool, it may itself be "call" or "then"
    if (word.empty()) {
      word = scanner.next_word();
      continue;
    }
    if (!is_offered(request, word)) continue;
    const std::string_view arguments = scanner.next_arguments();
    if (is_new_turn || !request.parallel_tool_calls) turns.emplace_back();
    is_new_turn = false;
    turns.back().emplace_back(std::string(word), std::string(arguments));
    ++found;
    word = scanner.next_word();
  }
  return turns;
}

}  // namespace cochain
