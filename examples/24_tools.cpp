// What you learn: tools from functions; how a model's calls of them are checked, allowed and run.
// How to run:     build/release/bin/example_24_tools
// What it prints: what the model is told of a tool, and what came of four calls of one answer.
#include <iostream>
#include <string>

#include <cochain/cochain.hpp>

using namespace cochain;
using namespace std::chrono_literals;

enum class Scale { kCelsius, kFahrenheit };
BOOST_DESCRIBE_ENUM(Scale, kCelsius, kFahrenheit)

struct Place {
  std::string city;
  Scale unit = Scale::kCelsius;
};
BOOST_DESCRIBE_STRUCT(Place, (), (city, unit))
Description describe(const Place*) {
  return Description().field("city", "its name").field("unit").optional();
}

struct File {
  std::string path;
};
BOOST_DESCRIBE_STRUCT(File, (), (path))

Coro<std::string> weather(Place place, ToolContext context) {
  context.write_progress("asking the station");
  co_await sleep(50ms);
  if (place.city == "Atlantis") throw ToolError("There is no station in Atlantis.");
  co_return place.unit == Scale::kCelsius ? "18 degrees" : "64 degrees";
}

std::string remove_file(File file) { return "removed " + file.path; }

Coro<> show() {
  const ToolPtr look = make_tool<Place>("weather", "The weather of a city.", &weather,
                                        ToolOptions().effect(ToolEffect::kRead).timeout(5s));
  const ToolPtr remove = make_tool<File>("remove", "Removes a file.", &remove_file,
                                         ToolOptions().effect(ToolEffect::kWrite).blocking());
  std::cout << look->spec().parameters << "\n\n";

  AIMessage answer;  // as a model would have written it
  answer.parts.emplace_back(ToolCall("1", "weather", R"({"city":"Oslo","unit":"fahrenheit"})"));
  answer.parts.emplace_back(ToolCall("2", "weather", R"({"city":"Atlantis"})"));
  answer.parts.emplace_back(ToolCall("3", "weather", R"({"town":"Oslo"})"));
  answer.parts.emplace_back(ToolCall("4", "remove", R"({"path":"/etc/hosts"})"));

  const ToolRunner runner(tools(look, remove));
  const ToolTurn turn = co_await runner.run(answer);  // all at once, results in this order
  for (const ToolMessage& result : turn.results) {
    std::cout << result.tool_call_id << ": " << result.content << '\n';
  }
}

int main() { run(show()); }
