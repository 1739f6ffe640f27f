// The one place where a tool is run: places, time, errors and the size of what comes out.

#include "cochain/chains/tools/tool.hpp"

#include <algorithm>
#include <optional>

#include "cochain/chains/model/error.hpp"
#include "cochain/chains/model/json_schema.hpp"
#include "cochain/chains/model/redact.hpp"
#include "cochain/chains/runnable/active_run.hpp"
#include "cochain/core/timeouts.hpp"
#include "concurrency_cap.hpp"

namespace cochain {
namespace {

constexpr std::size_t kNameMax = 64;
constexpr std::size_t kErrorBytesMax = 500;

bool is_tool_name(std::string_view name) noexcept {
  const auto fits = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '-';
  };
  return !name.empty() && name.size() <= kNameMax && std::all_of(name.begin(), name.end(), fits);
}

std::string time_text(Duration time) {
  using std::chrono::milliseconds;
  const auto ms = std::chrono::duration_cast<milliseconds>(time).count();
  if (ms == 0 || ms % 1000 != 0) return std::to_string(ms) + " ms";
  return std::to_string(ms / 1000) + " s";
}

void cut(std::string& text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return;
  const std::size_t whole = text.size();
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  text.resize(end);
  text += "\n[cut: these are the first " + std::to_string(end) + " of " + std::to_string(whole) +
          " bytes]";
}

}  // namespace

std::string_view to_string(ToolEffect effect) noexcept {
  switch (effect) {
    case ToolEffect::kNone: return "none";
    case ToolEffect::kRead: return "read";
    case ToolEffect::kWrite: return "write";
    case ToolEffect::kNetwork: return "network";
    case ToolEffect::kExec: return "exec";
  }
  return "exec";
}

ToolOptions& ToolOptions::concurrency_max(std::size_t value) {
  if (value == 0) throw InvalidStateError("a tool with no place for a call could never run");
  concurrency_cap_ = std::make_shared<detail::ConcurrencyCap>(value);
  return *this;
}

ToolOptions& ToolOptions::blocking(std::shared_ptr<ThreadPoolExecutor> executor) {
  blocking_ = true;
  executor_ = std::move(executor);
  return *this;
}

Json json_value(const ToolResult& result) { return Json(result.content); }

const Messages& ToolContext::messages() const noexcept {
  static const Messages kNone;
  return messages_ ? *messages_ : kNone;
}

void* ToolContext::find_context(const std::type_info& type, bool as_const) const {
  if (!context_) throw InvalidStateError("the run was given no context for its tools");
  if (*context_type_ != type) {
    throw InvalidStateError("the context of the run is of another type than the tool asks for");
  }
  if (context_is_const_ && !as_const) {
    throw InvalidStateError("the context of the run is const; ask for context<const T>()");
  }
  return context_.get();
}

Tool::Tool(ToolSpec spec, ToolOptions options)
    : spec_(std::move(spec)), options_(std::move(options)) {
  if (!is_tool_name(spec_.name)) {
    throw InvalidStateError("'" + one_line(spec_.name, kNameMax) +
                            "' is no name for a tool: 1 to 64 letters, digits, '_' or '-'");
  }
  if (spec_.parameters.empty()) return;
  try {
    schema_ = parse_json(spec_.parameters);
  } catch (const ParseError& error) {
    throw InvalidStateError("the parameters of tool '" + spec_.name + "': " + error.what());
  }
  if (!schema_.is_object()) {
    throw InvalidStateError("the parameters of tool '" + spec_.name + "' are no JSON object");
  }
}

std::string Tool::do_check(const Json& arguments) const {
  if (schema_.is_null()) return {};
  std::string problem;
  try {
    for (const JsonIssue& issue : validate_json(schema_, arguments)) {
      problem += (problem.empty() ? "" : "\n") + issue.text();
    }
  } catch (const InvalidStateError& error) {
    problem = "the schema of the tool is wrong, so nothing can be checked: ";
    problem += error.what();
  }
  return problem;
}

std::string Tool::check(const Json& arguments) const {
  if (!arguments.is_object()) return "$: wanted an object with the arguments by their names";
  return do_check(arguments);
}

Coro<ToolResult> Tool::call(Json arguments, ToolContext context) const {
  return call(std::move(arguments), std::move(context), Checked::kNo);
}

Coro<ToolResult> Tool::call(Json arguments, ToolContext context, Checked checked) const {
  if (!ActiveRun::needed(context.config())) {
    return call_in_place(std::move(arguments), std::move(context), checked);
  }
  return call_told(std::move(arguments), std::move(context), checked);
}

Coro<ToolResult> Tool::call_told(Json arguments, ToolContext context, Checked checked) const {
  ActiveRun run(context.config());
  run.begin(RunKind::kTool, name());
  run.start(RunValue::view(arguments));
  const Json kept = run.heard() ? arguments : Json();
  context.with_config(run.config());
  try {
    run.enter();
    ToolResult result = co_await call_in_place(std::move(arguments), std::move(context), checked);
    run.leave();
    if (result.status == ToolStatus::kError) {
      run.fail(std::make_exception_ptr(ToolError(result.content)));
    } else {
      run.end(RunValue::view(kept), RunValue::view(result));
    }
    co_return result;
  } catch (...) {
    run.leave();
    run.fail(std::current_exception());
    throw;
  }
}

Coro<ToolResult> Tool::call_in_place(Json arguments, ToolContext context, Checked checked) const {
  if (checked == Checked::kNo) {
    const std::string problem = check(arguments);
    if (!problem.empty()) {
      co_return ToolResult::error("Invalid arguments; the tool did not run.\n" + problem);
    }
  }
  std::optional<detail::ConcurrencyCap::User> user;  // outlives the permit
  std::optional<Semaphore::Permit> permit;
  if (options_.concurrency_cap()) {
    user.emplace(options_.concurrency_cap());
    Semaphore::Permit place = co_await user->semaphore().scoped();
    permit.emplace(std::move(place));
  }
  std::exception_ptr error;
  try {
    ToolResult result = co_await call_in_time(std::move(arguments), std::move(context));
    cut(result.content, options_.output_bytes_max());
    co_return result;
  } catch (const CancelledError&) {
    throw;
  } catch (const KeyboardInterrupt&) {
    throw;
  } catch (...) {
    error = std::current_exception();
  }
  ToolResult result = result_of(error);
  cut(result.content, options_.output_bytes_max());
  co_return result;
}

Coro<ToolResult> Tool::call_in_time(Json arguments, ToolContext context) const {
  if (!options_.timeout()) {
    co_return co_await do_call(std::move(arguments), std::move(context));
  }
  Timeout scope(deadline_after(EventLoop::current().time(), *options_.timeout()));
  try {
    ToolResult result = co_await do_call(std::move(arguments), std::move(context));
    (void)scope.leave();
    co_return result;
  } catch (const CancelledError&) {
    if (!scope.leave()) throw;
  }
  co_return ToolResult::error("The tool was stopped: it was not done after " +
                              time_text(*options_.timeout()) + ".");
}

ToolResult Tool::result_of(const std::exception_ptr& error) const {
  try {
    std::rethrow_exception(error);
  } catch (const ToolError& told) {
    return ToolResult::error(told.what());
  } catch (...) {
    if (options_.errors() == ToolErrors::kThrow) throw;
  }
  if (options_.error_text()) return ToolResult::error(options_.error_text()(error));
  return ToolResult::error("The tool failed: " +
                           one_line(redact_keys(describe(error)), kErrorBytesMax));
}

}  // namespace cochain
