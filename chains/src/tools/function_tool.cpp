// Where the functions of tools run.

#include "cochain/chains/tools/function_tool.hpp"

#include <array>
#include <charconv>
#include <stop_token>

#include "cochain/core/executor.hpp"

namespace cochain::detail {
namespace {

using Work = std::function<ToolResult(const ToolContext&)>;

// As a person would write it: 13.5, not 1.35E1.
std::string number_text(double number) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  return std::string(text.data(), end);
}

Coro<ToolResult> run_here(Work work, ToolContext context) { co_return work(context); }

// Progress is told on the loop, and the thread can see that nobody waits any more.
ToolContext for_thread(ToolContext context) {
  if (!context.progress()) return context;
  auto tell = [remote = EventLoop::Remote(EventLoop::current()),
               progress = context.progress()](Json value) {
    remote.call_soon([progress, value = std::move(value)] { progress(value); });
  };
  context.with_progress(std::move(tell));
  return context;
}

Coro<ToolResult> run_on_thread(std::shared_ptr<ThreadPoolExecutor> executor, Work work,
                               ToolContext context) {
  auto call = [](std::stop_token stop, const Work& function, ToolContext given) {
    given.with_stopped([stop = std::move(stop)] { return stop.stop_requested(); });
    return function(given);
  };
  ThreadPoolExecutor& pool = executor ? *executor : default_executor();
  ToolContext adapted = for_thread(std::move(context));
  Coro<ToolResult> running =
      run_in_executor(pool, std::move(call), std::move(work), std::move(adapted));
  ToolResult result = co_await std::move(running);
  co_return result;
}

}  // namespace

std::string problems_of(const JsonType& type, const Json& json, void* scratch) {
  try {
    read_json(type, json, scratch, DecodeOptions());
    return {};
  } catch (const DecodeError& error) {
    std::string lines = error.list();
    while (lines.ends_with('\n')) lines.pop_back();
    return lines;
  }
}

ToolResult tool_result_of_json(Json value) {
  if (value.is_double()) return ToolResult(number_text(value.get_double()));
  if (const auto* text = value.if_string()) return ToolResult(std::string(*text));
  return ToolResult(json_text(value));
}

Coro<ToolResult> run_tool_function(const ToolOptions& options, Work work, ToolContext context) {
  if (!options.is_blocking()) return run_here(std::move(work), std::move(context));
  return run_on_thread(options.executor(), std::move(work), std::move(context));
}

ToolOptions options_of_coroutine(ToolOptions options, const std::string& name) {
  if (!options.is_blocking()) return options;
  throw InvalidStateError("tool '" + name +
                          "' is a coroutine, which runs on the loop: it must not block, and cannot "
                          "be declared to. Make it a plain function");
}

}  // namespace cochain::detail
