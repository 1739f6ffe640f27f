// Return addresses by glibc, names and lines by addr2line, which is there wherever there is a
// compiler. Without it the dynamic symbols must do.

#include "call_trace.hpp"

#include <dlfcn.h>
#include <execinfo.h>
#include <unistd.h>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string_view>

#include <boost/core/demangle.hpp>

#include "function_name.hpp"

namespace cochain::detail {
namespace {

constexpr std::size_t kFramesTold = 3;

class Symbol {
 public:
  std::string function;  // as the compiler calls it; empty if it is not known
  std::string file;
  std::uint32_t line = 0;
};

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { ::pclose(file); }
};

std::string hex(std::uintptr_t number) {
  char text[2 + 16];
  const auto end = std::to_chars(text, text + sizeof text, number, 16);
  return "0x" + std::string(text, end.ptr);
}

/// Two lines of addr2line: the function, and "file:line".
std::vector<Symbol> ask_addr2line(const std::string& program,
                                  const std::vector<std::uintptr_t>& offsets) {
  std::vector<Symbol> symbols;
  std::string command = "addr2line -C -f -e '" + program + "'";
  if (program.find('\'') != std::string::npos) return symbols;
  for (const std::uintptr_t offset : offsets) command += " " + hex(offset);
  command += " 2>/dev/null";
  const std::unique_ptr<std::FILE, CloseFile> output(::popen(command.c_str(), "re"));
  if (!output) return symbols;
  std::vector<std::string> lines;
  std::string line;
  for (int c = std::fgetc(output.get()); c != EOF; c = std::fgetc(output.get())) {
    if (c != '\n') {
      line += static_cast<char>(c);
    } else {
      lines.push_back(std::exchange(line, ""));
    }
  }
  for (std::size_t i = 0; i + 1 < lines.size(); i += 2) {
    Symbol symbol;
    if (lines[i] != "??") symbol.function = lines[i];
    const std::string place = lines[i + 1].substr(0, lines[i + 1].find(" (discriminator"));
    const std::size_t colon = place.rfind(':');
    if (colon != std::string::npos && place[0] != '?') {
      std::from_chars(place.data() + colon + 1, place.data() + place.size(), symbol.line);
      symbol.file = place.substr(0, colon);
    }
    symbols.push_back(std::move(symbol));
  }
  return symbols;
}

std::string program_path() {
  char path[4096];
  const ssize_t length = ::readlink("/proc/self/exe", path, sizeof path);
  return length > 0 ? std::string(path, static_cast<std::size_t>(length)) : "";
}

/// Symbols of some addresses, in one question for each program or library.
std::vector<Symbol> symbols_of(const std::vector<std::uintptr_t>& calls) {
  std::vector<Symbol> symbols(calls.size());
  std::vector<Dl_info> infos(calls.size());
  std::vector<bool> asked(calls.size());
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (::dladdr(reinterpret_cast<void*>(calls[i]), &infos[i]) == 0) asked[i] = true;
    if (!asked[i] && infos[i].dli_sname) {
      symbols[i].function = boost::core::demangle(infos[i].dli_sname);
    }
  }
  for (std::size_t first = 0; first < calls.size(); ++first) {
    if (asked[first]) continue;
    std::vector<std::size_t> places;
    std::vector<std::uintptr_t> offsets;
    for (std::size_t i = first; i < calls.size(); ++i) {
      if (asked[i] || infos[i].dli_fbase != infos[first].dli_fbase) continue;
      asked[i] = true;
      places.push_back(i);
      offsets.push_back(calls[i] - reinterpret_cast<std::uintptr_t>(infos[i].dli_fbase));
    }
    // A program may have been started by a name that is no path.
    std::string path = infos[first].dli_fname;
    if (path.find(".so") == std::string::npos) path = program_path();
    const std::vector<Symbol> found = ask_addr2line(path, offsets);
    for (std::size_t i = 0; i < found.size() && i < places.size(); ++i) {
      if (!found[i].function.empty()) symbols[places[i]] = found[i];
    }
  }
  return symbols;
}

/// Calls between the user's code and the place where the trace was taken.
bool is_between(std::string_view function) {
  const std::size_t parameters = function.find('(');
  const std::string_view name = function.substr(0, parameters);
  for (const std::string_view ours :
       {"cochain::detail::", "cochain::EventLoop::", "cochain::Waiter::", "cochain::Task<",
        "cochain::Coro<", "cochain::Future<", "cochain::Stream<",
        "std::", "cochain::create_task"}) {
    // Behind the result type of a template, if there is one.
    if (name.substr(0, ours.size()) == ours ||
        name.find(" " + std::string(ours)) != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

}  // namespace

CallTrace::CallTrace() noexcept : count_(::backtrace(calls_.data(), kCallsMax)) {}

std::vector<StackFrame> CallTrace::frames() const {
  std::vector<std::uintptr_t> calls;
  for (int i = 1; i < count_; ++i) {  // the call, not the instruction behind it
    calls.push_back(reinterpret_cast<std::uintptr_t>(calls_[static_cast<std::size_t>(i)]) - 1);
  }
  std::vector<StackFrame> frames;
  for (const Symbol& symbol : symbols_of(calls)) {
    // Below the step of a task stands the loop.
    if (symbol.function.find("cochain::detail::TaskBase::step") != std::string::npos) break;
    if (symbol.function.empty() || is_between(symbol.function)) continue;
    if (symbol.function == "start_thread" || symbol.function == "clone3") break;
    frames.emplace_back(short_function_name(symbol.function), symbol.file, symbol.line);
    if (symbol.function == "main") break;
  }
  return frames;
}

std::string CallTrace::str(TraceOf what, std::string_view itself) const {
  const char* const first = what == TraceOf::kMaking ? "\n  made in " : "\n  called in ";
  std::string text;
  std::size_t told = 0;
  const std::vector<StackFrame> calls = frames();
  for (const StackFrame& frame : calls) {
    if (told == kFramesTold) break;
    if (&frame == &calls.front() && calls.size() > 1 && frame.function == itself) continue;
    text += told++ == 0 ? first : "\n  called from ";
    text += frame.function;
    if (frame.line != 0) text += " at " + frame.file + ":" + std::to_string(frame.line);
  }
  return text;
}

}  // namespace cochain::detail
