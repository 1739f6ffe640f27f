// What you learn: answers as values of your own types, whole or element by element.
// How to run:     build/release/bin/example_23_structured_output [provider:model]
// What it prints: a trip of the simulated model, then its days as they come.
#include <iostream>
#include <string>
#include <vector>

#include <cochain/cochain.hpp>

namespace trips {

enum class Pace { kSlow, kFast };
BOOST_DESCRIBE_ENUM(Pace, kSlow, kFast)

struct Day {
  std::string place;
  double cost = 0;
};
BOOST_DESCRIBE_STRUCT(Day, (), (place, cost))

struct Trip {
  std::string city;
  Pace pace = Pace::kSlow;
  std::vector<Day> days;
};
BOOST_DESCRIBE_STRUCT(Trip, (), (city, pace, days))

cochain::Description describe(const Trip*) {
  return cochain::Description("A trip to one city.")
      .field("city", "its name in English")
      .field("days", "in their order")
      .min_items(3);
}

}  // namespace trips

using namespace cochain;
using trips::Trip;

Coro<> plan(std::string model_name) {
  const ModelHandle opened = open_model(model_name);
  const Messages question = messages("Plan a slow trip to Rome: 40, 25 and 60 euros a day.");

  // Loose: a strict schema has no minItems, and the simulated model goes by what it is told.
  const auto loose = StructuredOptions().strictness(SchemaStrictness::kLoose);
  const auto planner = with_structured_output<Trip>(opened.model, loose);
  const Trip trip = co_await planner.invoke(question);
  std::cout << trip.city << ", " << to_json(trip.pace) << ", " << trip.days.size() << " days\n";

  Stream<trips::Day> days = planner.stream_field<&Trip::days>(question);
  while (auto day = co_await days.next()) {
    std::cout << "- " << day->place << ", " << day->cost << '\n';  // the rest is still being said
  }
}

int main(int argc, char** argv) { run(plan(argc > 1 ? argv[1] : "sim")); }
