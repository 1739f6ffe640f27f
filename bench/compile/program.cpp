// A program as users write them, for scripts/include_cost.py: a chain of five steps, a described
// struct, a tool, an agent. It is compiled and not run.

#include <iostream>
#include <optional>
#include <string>

#include <boost/describe/class.hpp>

#include <cochain/cochain.hpp>

using namespace cochain;

struct Trip {
  std::string city;
  int days = 1;
  std::optional<double> budget;
};
BOOST_DESCRIBE_STRUCT(Trip, (), (city, days, budget))

struct Place {
  std::string city;
};
BOOST_DESCRIBE_STRUCT(Place, (), (city))

Coro<> plan() {
  const auto model = open_model("sim").model;
  const auto chain = ChatPromptTemplate().human("Plan a trip to {city}.") | model |
                     StrOutputParser() |
                     lambda("head", [](std::string text) { return text.substr(0, 80); }) |
                     lambda("quote", [](std::string text) { return "<" + text + ">"; });
  const std::string text = co_await chain.invoke(variables("city", "Paris"));

  const auto planner = with_structured_output<Trip>(model);
  const Trip trip = co_await planner.invoke(messages("A week in Paris."));

  const auto weather = make_tool<Place>("weather", "The weather of a city.",
                                        [](Place place) { return "Sunny in " + place.city + "."; });
  const Agent agent = create_agent(model, tools(weather));
  const AgentAnswer answer = co_await agent.invoke("What is the weather in Paris?");
  std::cout << text << trip.city << answer.text << '\n';
}

int main() { run(plan()); }
