// Temporaries of an aggregate class in a statement that awaits or yields.
#include <array>
#include <variant>

#include "wrong_form.hpp"

namespace cochain::testing {
namespace {

using namespace std::chrono_literals;

int number_of(Settings settings) { return settings.number; }
Coro<int> take_reference(const Settings& settings) {
  co_await nothing();
  co_return settings.number;
}
Coro<int> take_array(std::array<Life, 2> lives) {
  co_await nothing();
  co_return lives[1].value();
}
Coro<int> take_optional(std::optional<Settings> settings) {
  co_await nothing();
  co_return settings->number;
}
Coro<int> take_pointer(std::unique_ptr<Settings> settings) {
  co_await nothing();
  co_return settings->number;
}

WRONG_FORM(AggregateAsArgument) { must(co_await take(Settings{Life(1), 2}) == 1); }
WRONG_FORM(BracesAsArgument) { must(co_await take({Life(1), 2}) == 1); }
WRONG_FORM(EmptyBracesAsArgument) { must(co_await take({}) == 1); }
WRONG_FORM(EmptyAggregateAsArgument) { must(co_await take(Settings{}) == 1); }
WRONG_FORM(DesignatedInitializers) { must(co_await take({.life = Life(1), .number = 3}) == 1); }
WRONG_FORM(DefaultArgumentInBraces) { must(co_await take_default() == 1); }
WRONG_FORM(AggregateThatIsMoved) {
  must(co_await take(static_cast<Settings&&>(Settings{Life(1), 2})) == 1);
}
WRONG_FORM(AggregateByReference) { must(co_await take_reference(Settings{Life(1), 2}) == 2); }
WRONG_FORM(AggregateInAPlainCall) {
  const int number = number_of(Settings{Life(1), 2}) + co_await one();
  must(number == 3);
}
WRONG_FORM(AggregateBehindTheAwait) {
  const int number = co_await one() + number_of(Settings{Life(1), 2});
  must(number == 3);
}
WRONG_FORM(MemberOfAnAggregate) {
  const int number = Settings{Life(1), 2}.number + co_await one();
  must(number == 3);
}
WRONG_FORM(StandardArray) {
  const int value = co_await take_array(std::array<Life, 2>{Life(1), Life(2)});
  must(value == 2);
}
WRONG_FORM(AggregateIntoAnOptional) { must(co_await take_optional(Settings{Life(1), 2}) == 2); }
WRONG_FORM(AggregateIntoMakeUnique) {
  const int number = co_await take_pointer(std::make_unique<Settings>(Settings{Life(1), 2}));
  must(number == 2);
}
WRONG_FORM(AggregateByNew) {
  const int number = co_await take_pointer(std::unique_ptr<Settings>(new Settings{Life(1), 2}));
  must(number == 2);
}
WRONG_FORM(AggregateWithAString) {
  struct Names {
    std::string name = "a text that is too long for the small string buffer";
  };
  const auto take_names = [](Names names) -> Coro<std::size_t> {
    co_await nothing();
    co_return names.name.size();
  };
  const std::size_t size = co_await take_names(Names{});
  must(size == 51);
}
WRONG_FORM(AggregateWithADestructor) {
  struct Named {
    Life life = Life(1);
    ~Named() {}
  };
  const auto take_named = [](Named named) -> Coro<int> {
    co_await nothing();
    co_return named.life.value();
  };
  const int value = co_await take_named(Named{});
  must(value == 1);
}
WRONG_FORM(AggregateWithABase) {
  struct More : Settings {
    int more = 3;
  };
  const auto take_more = [](More more) -> Coro<int> {
    co_await nothing();
    co_return more.more;
  };
  const int value = co_await take_more(More{{Life(1), 2}, 4});
  must(value == 4);
}
WRONG_FORM(AggregateWhoseMemberAwaits) {
  struct Tool {
    Life life = Life(1);
    Coro<int> work() const {
      co_await nothing();
      co_return life.value();
    }
  };
  const int value = co_await Tool{}.work();
  must(value == 1);
}
WRONG_FORM(AggregateForAConstructor) {
  struct Holder {
    explicit Holder(Settings taken) : settings(std::move(taken)) {}
    Settings settings;
  };
  const auto take_holder = [](Holder holder) -> Coro<int> {
    co_await nothing();
    co_return holder.settings.number;
  };
  const int number = co_await take_holder(Holder({Life(1), 2}));
  must(number == 2);
}

WRONG_FORM(AggregateThroughATask) {
  const int value = co_await create_task(take(Settings{Life(1), 2}));
  must(value == 1);
}
WRONG_FORM(AggregateThroughWaitFor) {
  const int value = co_await wait_for(take(Settings{Life(1), 2}), 1s);
  must(value == 1);
}
WRONG_FORM(AggregateThroughGather) {
  const auto values = co_await gather(take(Settings{Life(1), 2}), one());
  must(std::get<0>(values) == 1);
}
WRONG_FORM(AggregateAndAnException) {
  const auto fail = [](Settings) -> Coro<int> {
    co_await nothing();
    throw TimeoutError();
  };
  try {
    (void)co_await fail(Settings{Life(1), 2});
  } catch (const TimeoutError&) {
  }
}

// The await stands in the braces.
WRONG_FORM(VariableInBraces) {
  const Settings made{co_await life(), 2};
  must(made.number == 2);
}
WRONG_FORM(VariableInBracesWithAnInt) {
  const Settings made{Life(1), co_await one()};
  must(made.number == 1);
}
WRONG_FORM(VariableWithDesignators) {
  const Settings made{.life = Life(1), .number = co_await one()};
  must(made.number == 1);
}
WRONG_FORM(VariableFromAnAggregate) {
  const auto made = Settings{co_await life(), 2};
  must(made.number == 2);
}
WRONG_FORM(AssignedBraces) {
  Settings made;
  made = {co_await life(), 3};
  must(made.number == 3);
}
WRONG_FORM(PushBackOfAnAggregate) {
  std::vector<Settings> list;
  list.push_back(Settings{Life(1), co_await one()});
  must(list.size() == 1);
}
WRONG_FORM(ArrayOfResults) {
  const Life lives[1] = {co_await life()};
  must(lives[0].value() == 1);
}
WRONG_FORM(ReturnOfAnAggregateWithAnAwait) {
  const auto make = []() -> Coro<Settings> { co_return Settings{co_await life(), 2}; };
  const Settings made = co_await make();
  must(made.number == 2);
}
WRONG_FORM(ReturnOfBracesWithAnAwait) {
  const auto make = []() -> Coro<Settings> { co_return {co_await life(), 2}; };
  const Settings made = co_await make();
  must(made.number == 2);
}

Coro<> drain(Stream<Settings> stream) {
  while (auto item = co_await stream.next()) must(item->number == 2);
}
WRONG_FORM(YieldOfAnAggregate) {
  const auto items = []() -> Stream<Settings> { co_yield Settings{Life(1), 2}; };
  co_await drain(items());
}
WRONG_FORM(YieldOfBraces) {
  const auto items = []() -> Stream<Settings> { co_yield {Life(1), 2}; };
  co_await drain(items());
}

}  // namespace
}  // namespace cochain::testing
