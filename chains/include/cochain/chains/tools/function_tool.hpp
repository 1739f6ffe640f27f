// Tools out of functions: make_tool() for described arguments, make_json_tool() for JSON.
#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "cochain/chains/model/json_schema.hpp"
#include "cochain/chains/tools/tool.hpp"

namespace cochain {

/// The arguments of a tool that takes none.
class NoArguments {
 public:
  NoArguments() = default;
};

namespace detail {
/// What is wrong with a value of that type in JSON, a line for each place; empty if nothing is.
[[nodiscard]] std::string problems_of(const JsonType& type, const Json& json, void* scratch);
}  // namespace detail

/// How the arguments of a call become what a function takes.
/// Shape: the general case is a described struct: its schema is what the model is told, and what
///        from_json() takes is what passes the check.
template <class Args>
class ToolArguments {
 public:
  [[nodiscard]] static std::string schema() { return json_text(json_schema<Args>()); }
  [[nodiscard]] static std::string check(const Json& arguments) {
    Args scratch = Args();
    return detail::problems_of(detail::json_type<Args>(), arguments, &scratch);
  }
  [[nodiscard]] static Args read(const Json& arguments) { return from_json<Args>(arguments); }
};

template <>
class ToolArguments<Json> {
 public:
  static Json read(Json arguments) { return arguments; }
};
template <>
class ToolArguments<JsonObject> {
 public:
  static JsonObject read(Json arguments) { return std::move(arguments.as_object()); }
};
template <>
class ToolArguments<NoArguments> {
 public:
  static std::string schema() { return {}; }
  static NoArguments read(const Json&) { return NoArguments(); }
};

namespace detail {

template <class R>
struct ToolReturn {
  using type = R;
  static constexpr bool kIsCoro = false;
};
template <class R>
struct ToolReturn<Coro<R>> {
  using type = R;
  static constexpr bool kIsCoro = true;
};

/// Calls `function` with what it takes of the arguments and the context.
template <class Args, class F>
decltype(auto) call_tool_function(const F& function, Args arguments, ToolContext context) {
  if constexpr (std::is_invocable_v<const F&, Args, ToolContext>) {
    return function(std::move(arguments), std::move(context));
  } else if constexpr (std::is_invocable_v<const F&, Args>) {
    return function(std::move(arguments));
  } else if constexpr (std::is_invocable_v<const F&, ToolContext>) {
    static_assert(std::is_same_v<Args, NoArguments>, "the tool's function takes no arguments");
    return function(std::move(context));
  } else {
    static_assert(std::is_invocable_v<const F&> && std::is_same_v<Args, NoArguments>,
                  "a tool's function takes its Args by value and, if it wants one, a ToolContext: "
                  "R f(Args), R f(Args, ToolContext), or the same with Coro<R>");
    return function();
  }
}

[[nodiscard]] ToolResult tool_result_of_json(Json value);

template <class R>
ToolResult to_tool_result(R value) {
  if constexpr (std::is_same_v<R, ToolResult>) {
    return value;
  } else if constexpr (std::is_same_v<R, AIMessage>) {
    return ToolResult(std::move(value).text());
  } else if constexpr (std::is_convertible_v<R, std::string>) {
    return ToolResult(std::string(std::move(value)));
  } else if constexpr (std::is_same_v<R, Json> || std::is_same_v<R, JsonObject> ||
                       std::is_same_v<R, JsonArray>) {
    return tool_result_of_json(Json(std::move(value)));
  } else {
    return tool_result_of_json(write_json(json_type<R>(), &value));
  }
}

/// Runs `work` on the loop or, for a blocking tool, on a thread.
[[nodiscard]] Coro<ToolResult> run_tool_function(const ToolOptions& options,
                                                 std::function<ToolResult(const ToolContext&)> work,
                                                 ToolContext context);
/// Errors: InvalidStateError: a coroutine runs on the loop, whatever the options say.
[[nodiscard]] ToolOptions options_of_coroutine(ToolOptions options, const std::string& name);

/// A tool that is a function.
template <class Args, class F>
class FunctionTool final : public Tool {
 public:
  using Returned = ToolReturn<std::remove_cvref_t<decltype(call_tool_function<Args>(
      std::declval<const F&>(), std::declval<Args>(), std::declval<ToolContext>()))>>;
  using Result = typename Returned::type;

  FunctionTool(ToolSpec spec, F function, ToolOptions options)
      : Tool(std::move(spec), std::move(options)),
        function_(std::make_shared<const F>(std::move(function))) {}

 private:
  using Function = std::shared_ptr<const F>;

  [[nodiscard]] Coro<ToolResult> do_call(Json arguments, ToolContext context) const override {
    if constexpr (Returned::kIsCoro) {
      return run(function_, std::move(arguments), std::move(context));
    } else {
      auto work = [function = function_, given = std::move(arguments)](const ToolContext& told) {
        return call(*function, ToolArguments<Args>::read(given), told);
      };
      return run_tool_function(options(), std::move(work), std::move(context));
    }
  }
  [[nodiscard]] std::string do_check(const Json& arguments) const override {
    if constexpr (requires { ToolArguments<Args>::check(arguments); }) {
      return ToolArguments<Args>::check(arguments);
    } else {
      return Tool::do_check(arguments);
    }
  }

  static ToolResult call(const F& function, Args arguments, const ToolContext& context) {
    if constexpr (std::is_void_v<Result>) {
      call_tool_function<Args>(function, std::move(arguments), context);
      return ToolResult("done");
    } else {
      return to_tool_result<Result>(
          call_tool_function<Args>(function, std::move(arguments), context));
    }
  }
  static Coro<ToolResult> run(Function function, Json arguments, ToolContext context) {
    auto running = call_tool_function<Args>(
        *function, ToolArguments<Args>::read(std::move(arguments)), std::move(context));
    if constexpr (std::is_void_v<Result>) {
      co_await std::move(running);
      co_return ToolResult("done");
    } else {
      Result result = co_await std::move(running);
      co_return to_tool_result<Result>(std::move(result));
    }
  }

  Function function_;
};

template <class Args, class F>
ToolPtr make_function_tool(ToolSpec spec, F function, ToolOptions options) {
  if constexpr (FunctionTool<Args, F>::Returned::kIsCoro) {
    options = options_of_coroutine(std::move(options), spec.name);
  }
  return std::make_shared<const FunctionTool<Args, F>>(std::move(spec), std::move(function),
                                                       std::move(options));
}

}  // namespace detail

/// A tool out of a function: `make_tool<Args>("weather", "The weather of a place.", f)`.
/// Shape:    `f` is `R(Args)` or `Coro<R>(Args)`, with a ToolContext behind Args if it wants one.
///           Args is a described struct (see model/describe.hpp), from which the schema comes,
///           or NoArguments; then `f` need not take it. R is text, JSON, a ToolResult, void, or
///           whatever to_json() takes.
///           A plain function runs on the loop, which it must not block, or, if the options say
///           `blocking()`, on a thread.
/// Lives:    the tool keeps `f`, and a call keeps it too. Calls share it: it is called as const.
/// Errors:   InvalidStateError as Tool; if a coroutine is said to be blocking.
template <class Args, class F>
[[nodiscard]] ToolPtr make_tool(std::string name, std::string description, F f,
                                ToolOptions options = ToolOptions()) {
  ToolSpec spec(std::move(name), std::move(description), ToolArguments<Args>::schema());
  return detail::make_function_tool<Args>(std::move(spec), std::move(f), std::move(options));
}
/// The same for a function without arguments.
template <class F>
[[nodiscard]] ToolPtr make_tool(std::string name, std::string description, F f,
                                ToolOptions options = ToolOptions()) {
  return make_tool<NoArguments, F>(std::move(name), std::move(description), std::move(f),
                                   std::move(options));
}

/// A tool whose arguments stay JSON: for schemas that are known at run time only.
/// Shape:    `f` is `R(Json)` or `Coro<R>(Json)`, with a ToolContext as second parameter if it
///           wants one; R as with make_tool(). Arguments are checked against the schema of `spec`,
///           see validate_json().
/// Lives:    the tool keeps `f`, and a call keeps it too. Calls share it: it is called as const.
/// Errors:   InvalidStateError as Tool; if a coroutine is said to be blocking.
template <class F>
[[nodiscard]] ToolPtr make_json_tool(ToolSpec spec, F f, ToolOptions options = ToolOptions()) {
  return detail::make_function_tool<Json>(std::move(spec), std::move(f), std::move(options));
}

}  // namespace cochain
