// A clock, a calculator, and a reader of files below the current folder.

#include "builtin_tools.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <ctime>
#include <system_error>

#include "cochain/chains/tools/function_tool.hpp"
#include "exit_code.hpp"
#include "fd_io.hpp"
#include "utf8.hpp"

namespace cochain::cli {

struct Expression {
  std::string expression;
};
BOOST_DESCRIBE_STRUCT(Expression, (), (expression))
inline Description describe(const Expression*) {
  return Description().field("expression", "numbers, + - * / ^ and brackets, as in (2 + 3) * 4");
}

struct FilePath {
  std::string path;
};
BOOST_DESCRIBE_STRUCT(FilePath, (), (path))
inline Description describe(const FilePath*) {
  return Description().field("path", "relative to the current folder, as in src/main.cpp");
}

namespace {

constexpr std::size_t kFileBytesMax = 64 * 1024;
constexpr int kDepthMax = 100;

/// A calculation, from left to right: sum = product (+|- product)*, and so on down.
class Calculation {
 public:
  explicit Calculation(const std::string& text) : text_(text) {}
  double run() {
    const double value = sum(0);
    skip_blanks();
    if (at_ < text_.size()) fail("there is something that is no part of the expression");
    if (!std::isfinite(value)) throw ToolError("the result is no finite number");
    return value;
  }

 private:
  double sum(int depth) {
    double value = product(depth);
    for (;;) {
      if (take('+')) {
        value += product(depth);
      } else if (take('-')) {
        value -= product(depth);
      } else {
        return value;
      }
    }
  }
  double product(int depth) {
    double value = sign(depth);
    for (;;) {
      if (take('*')) {
        value *= sign(depth);
      } else if (take('/')) {
        const double by = sign(depth);
        if (by == 0) throw ToolError("division by zero");
        value /= by;
      } else {
        return value;
      }
    }
  }
  double sign(int depth) {
    if (depth > kDepthMax) fail("the brackets are too deep");
    if (take('-')) return -sign(depth + 1);
    if (take('+')) return sign(depth + 1);
    return power(depth);
  }
  double power(int depth) {
    const double base = atom(depth);
    return take('^') ? std::pow(base, sign(depth + 1)) : base;
  }
  double atom(int depth) {
    if (take('(')) {
      const double value = sum(depth + 1);
      if (!take(')')) fail("a ')' is missing");
      return value;
    }
    skip_blanks();
    double value = 0;
    const char* const start = text_.data() + at_;
    const auto read = std::from_chars(start, text_.data() + text_.size(), value);
    if (read.ec != std::errc() || !std::isfinite(value)) fail("a number is missing");
    at_ += static_cast<std::size_t>(read.ptr - start);
    return value;
  }
  bool take(char c) {
    skip_blanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }
  [[noreturn]] void fail(const char* what) const {
    throw ToolError(std::string(what) + " at character " + std::to_string(at_ + 1));
  }
  const std::string& text_;
  std::size_t at_ = 0;
};

std::string now_in_utc() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 64> text{};
  const std::size_t size =
      std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ, a %A", &parts);
  return std::string(text.data(), size);
}

std::string number_text(double value) {
  std::array<char, 64> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value);
  return std::string(text.data(), end.ptr);
}

/// Opens a file in such a way that no ".." and no link leads out of the current folder.
UniqueFd open_below(const std::string& path) {
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const long fd = ::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how);
  if (fd >= 0) return UniqueFd(static_cast<int>(fd));
  if (errno == EXDEV) throw ToolError("the path leads out of the current folder");
  throw ToolError("the file cannot be opened: " + std::generic_category().message(errno));
}

ToolPtr make_builtin_tool(const std::string& name) {
  if (name == "clock") {
    return make_tool<NoArguments>(name, "The present date and time, in UTC.", &now_in_utc);
  }
  if (name == "calculator") {
    return make_tool<Expression>(name, "Calculates with numbers.", [](const Expression& given) {
      return number_text(calculate(given.expression));
    });
  }
  return make_tool<FilePath>(
      name, "Reads a text file below the current folder.",
      [](const FilePath& given) { return read_file_below(given.path); },
      ToolOptions().effect(ToolEffect::kRead).blocking());
}

}  // namespace

const std::vector<std::string>& builtin_tool_names() {
  static const std::vector<std::string> names = {"clock", "calculator", "read_file"};
  return names;
}

std::vector<ToolPtr> make_builtin_tools(const std::vector<std::string>& names) {
  const std::vector<std::string>& known = builtin_tool_names();
  for (const std::string& name : names) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    throw UsageError("there is no tool '" + name + "', but clock, calculator and read_file");
  }
  std::vector<ToolPtr> tools;
  for (const std::string& name : known) {
    const bool wanted = std::find(names.begin(), names.end(), name) != names.end();
    if (wanted) tools.push_back(make_builtin_tool(name));
  }
  return tools;
}

double calculate(const std::string& expression) { return Calculation(expression).run(); }

std::string read_file_below(const std::string& path) {
  if (path.find('\0') != path.npos) throw ToolError("the path has a zero byte");
  const UniqueFd file = open_below(path);
  struct stat status{};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    throw ToolError("the path is not that of a file");
  }
  std::string text(kFileBytesMax + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(file.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw ToolError("the file cannot be read");
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > kFileBytesMax) throw ToolError("the file has more than 64 KiB");
  text.resize(size);
  if (valid_utf8_prefix(text) != text.size()) throw ToolError("the file is no text in UTF-8");
  return text;
}

}  // namespace cochain::cli
