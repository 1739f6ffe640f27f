// What the tests of tools and agents share: described arguments, small tools, messages that call.
#pragma once

#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

#include "async_test.hpp"
#include "cochain/chains/tools/function_tool.hpp"
#include "cochain/chains/tools/tool_runner.hpp"
#include "thrown.hpp"

namespace cochain::testing::toolbox {

enum class Unit { kCelsius, kFahrenheit };
BOOST_DESCRIBE_ENUM(Unit, kCelsius, kFahrenheit)

struct Place {
  std::string city;
  std::optional<int> days;
  Unit unit = Unit::kCelsius;
};
BOOST_DESCRIBE_STRUCT(Place, (), (city, days, unit))
inline Description describe(const Place*) {
  return Description("Where and how.")
      .field("city", "its name")
      .field("days")
      .minimum(1)
      .field("unit")
      .optional();
}

struct Pair {
  int a = 0;
  int b = 0;
};
BOOST_DESCRIBE_STRUCT(Pair, (), (a, b))

struct Wait {
  int ms = 0;
  std::string say;
};
BOOST_DESCRIBE_STRUCT(Wait, (), (ms, say))

inline ToolPtr add_tool() {
  return make_tool<Pair>("add", "Adds two numbers.", [](Pair pair) { return pair.a + pair.b; });
}

/// Waits, and then says what it was told to; "fail" and "throw" go wrong.
inline Coro<std::string> wait_and_say(Wait wait) {
  co_await sleep(std::chrono::milliseconds(wait.ms));
  if (wait.say == "fail") throw ToolError("no luck today");
  if (wait.say == "throw") throw std::runtime_error("broken pipe sk-abcdefghijklmnop");
  co_return wait.say;
}
inline ToolPtr wait_tool(ToolOptions options = ToolOptions()) {
  return make_tool<Wait>("wait", "Waits.", &wait_and_say, std::move(options));
}

/// A call with an id that counts up from "call-1" in one message.
template <class... Calls>
AIMessage calling(Calls... calls) {
  AIMessage message;
  (message.parts.emplace_back(std::move(calls)), ...);
  message.finish_reason = FinishReason::kToolCalls;
  return message;
}

inline std::vector<std::string> texts_of(const std::vector<ToolMessage>& results) {
  std::vector<std::string> texts;
  for (const ToolMessage& each : results) texts.push_back(each.content);
  return texts;
}

}  // namespace cochain::testing::toolbox
