// A run of an agent: the model calls a tool, or ten at once, and answers with what they gave.

#include <string>
#include <utility>
#include <vector>

#include <boost/describe/class.hpp>

#include "rows.hpp"

namespace cochain::bench {

struct Place {
  std::string city;
  int days = 0;
};
BOOST_DESCRIBE_STRUCT(Place, (), (city, days))

namespace {

Coro<std::string> forecast(Place place) {
  co_return "Sunny in " + place.city + " for " + std::to_string(place.days) + " days.";
}

Agent agent(std::size_t calls) {
  std::vector<ToolCall> wanted;
  std::vector<ToolPtr> tools;
  for (std::size_t i = 0; i < calls; ++i) {
    const std::string number = std::to_string(i);
    ToolCall call;
    call.id = "call_" + number;
    call.name = "forecast_" + number;
    call.arguments = R"({"city": "Paris", "days": 3})";
    wanted.push_back(std::move(call));
    tools.push_back(make_tool<Place>("forecast_" + number, "The weather of a city.", &forecast));
  }
  auto model = std::make_shared<const ScriptedModel>(words(kAnswerTokens), std::move(wanted));
  return create_agent(std::move(model), std::move(tools));
}

template <std::size_t Calls>
Coro<> run_agent(Meter* meter, std::size_t n) {
  const Agent weather = agent(Calls);
  std::size_t calls = 0;
  meter->start();
  for (std::size_t i = 0; i < n; ++i) {
    const AgentAnswer answer = co_await weather.invoke("What is the weather in Paris?");
    calls += answer.tool_calls;
  }
  meter->stop();
  COCHAIN_ASSERT(calls == n * Calls);
}

constexpr Row kRows[] = {
    Row("agent_step", on_loop<run_agent<1>>),
    Row("tools10", on_loop<run_agent<kTools>>),
};

}  // namespace

std::span<const Row> agent_rows() { return kRows; }

}  // namespace cochain::bench
