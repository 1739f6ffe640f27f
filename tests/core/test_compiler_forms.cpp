// The everyday forms that must work on every compiler that we support, g++ 12.2 with its broken
// temporaries included; docs/compilers.md lists those that do not, tests/compiler_forms has them.
// Each form is run with probes that count lives: a temporary that is destroyed twice, or never,
// leaves the count off zero.
#include <functional>
#include <map>

#include "core_test.hpp"

namespace cochain::testing {
namespace {

/// Options as the library has them: a class with a constructor, never an aggregate.
class Options {
 public:
  Options() = default;
  Options& with_name(std::string value) {
    name = std::move(value);
    return *this;
  }
  std::string name = "a default that is too long for the small string buffer";
  Probe probe{1};
};

struct Plain {
  Probe probe;
  std::string text;
};

Coro<int> take_probe(Probe probe) {
  co_await sleep(0s);
  co_return probe.value();
}
Coro<std::string> take_options(Options options = Options()) {
  co_await sleep(0s);
  co_return options.name;
}
Coro<std::size_t> take_strings(std::vector<std::string> strings, std::string more) {
  co_await sleep(0s);
  co_return strings.size() + more.size();
}
Coro<int> take_pointer(std::unique_ptr<Probe> pointer) {
  co_await sleep(0s);
  co_return pointer->value();
}
Coro<int> take_function(std::function<int()> function) {
  co_await sleep(0s);
  co_return function();
}
Coro<Probe> make_probe(int value) {
  co_await sleep(0s);
  co_return Probe(value);
}
Plain make_plain() { return Plain{Probe(5), "plain"}; }
Coro<int> take_plain(Plain plain) {
  co_await sleep(0s);
  co_return plain.probe.value();
}
template <class... S>
std::vector<std::string> strings(S... each) {
  return std::vector<std::string>{std::string(each)...};
}
Coro<bool> yes() {
  co_await sleep(0s);
  co_return true;
}
Coro<std::optional<Probe>> maybe(int value) {
  co_await sleep(0s);
  co_return value > 0 ? std::optional<Probe>(Probe(value)) : std::nullopt;
}

/// A form as a test: runs the body that follows, then counts lives.
#define FORM(situation)                                             \
  Coro<> form_##situation();                                        \
  ASYNC_TEST(CompilerForms, situation) {                            \
    co_await form_##situation();                                    \
    EXPECT_EQ(Probe::alive, 0) << "destroyed twice, or not at all"; \
  }                                                                 \
  Coro<> form_##situation()

FORM(TemporaryClassAsArgument) {
  const int value = co_await take_probe(Probe(3));
  EXPECT_EQ(value, 3);
}

FORM(NamedObjectMovedIn) {
  Probe probe(4);
  const int value = co_await take_probe(std::move(probe));
  EXPECT_EQ(value, 4);
}

FORM(DefaultArgumentWithAConstructor) {
  const std::string name = co_await take_options();
  EXPECT_EQ(name, Options().name);
}

FORM(OptionsBuiltInTheStatement) {
  const std::string name = co_await take_options(Options().with_name("a name that is long enough"));
  EXPECT_EQ(name, "a name that is long enough");
}

FORM(StringAndVectorTemporaries) {
  const std::size_t size =
      co_await take_strings(strings("one", "two"), std::string("a text beyond the small buffer"));
  EXPECT_EQ(size, 32U);
}

FORM(UniquePointerTemporary) {
  const int value = co_await take_pointer(std::make_unique<Probe>(6));
  EXPECT_EQ(value, 6);
}

FORM(CapturelessLambdaAsFunction) {
  const int value = co_await take_function([] { return 7; });
  EXPECT_EQ(value, 7);
}

FORM(NamedCapturingLambdaMovedIn) {
  auto shared = std::make_shared<Probe>(8);
  auto read = [shared] { return shared->value(); };
  const int value = co_await take_function(std::move(read));
  EXPECT_EQ(value, 8);
  EXPECT_EQ(shared.use_count(), 1);
}

FORM(ReferenceLambdaInTheStatement) {
  const Probe probe(9);
  const int value = co_await take_function([&] { return probe.value(); });
  EXPECT_EQ(value, 9);
}

FORM(AggregateReturnedByAFunction) {
  const int value = co_await take_plain(make_plain());
  EXPECT_EQ(value, 5);
}

FORM(AggregateNamedThenMovedIn) {
  Plain plain{Probe(2), "text"};
  const int value = co_await take_plain(std::move(plain));
  EXPECT_EQ(value, 2);
}

FORM(CoroNamedThenAwaited) {
  Coro<int> named = take_plain({Probe(2), "braces are safe where nothing is awaited"});
  const int value = co_await std::move(named);
  EXPECT_EQ(value, 2);
}

FORM(ResultThatIsAClass) {
  const Probe probe = co_await make_probe(11);
  EXPECT_EQ(probe.value(), 11);
}

FORM(ResultUsedInTheStatement) {
  const int value = (co_await make_probe(12)).value();
  EXPECT_EQ(value, 12);
}

FORM(ResultThatIsDropped) { (void)co_await make_probe(13); }

FORM(WhileWithADeclaration) {
  const auto items = []() -> Stream<Probe> {
    for (int i = 1; i <= 3; ++i) co_yield Probe(i);
  };
  Stream<Probe> stream = items();
  int sum = 0;
  while (auto item = co_await stream.next()) sum += item->value();
  EXPECT_EQ(sum, 6);
}

FORM(IfWithADeclaration) {
  int seen = 0;
  if (auto probe = co_await maybe(3)) seen = probe->value();
  if (auto probe = co_await maybe(0)) seen = -1;
  EXPECT_EQ(seen, 3);
}

FORM(ConditionOnANamedResult) {
  const bool ok = co_await yes();
  EXPECT_TRUE(ok);
  for (bool again = ok; again;) again = false;
}

FORM(RangeForOverANamedResult) {
  const auto make = []() -> Coro<std::vector<Probe>> {
    std::vector<Probe> probes(3, Probe(2));
    co_return probes;
  };
  const std::vector<Probe> probes = co_await make();
  int sum = 0;
  for (const Probe& probe : probes) {
    sum += probe.value();
    co_await sleep(0s);
  }
  EXPECT_EQ(sum, 6);
}

FORM(StructuredBindingOfANamedResult) {
  const std::tuple<Probe, Probe> both = co_await gather(make_probe(1), make_probe(2));
  const auto& [first, second] = both;
  EXPECT_EQ(first.value() + second.value(), 3);
}

FORM(GatherOfTemporaries) {
  const auto all = co_await gather(take_probe(Probe(1)), take_options(Options()), make_probe(3));
  EXPECT_EQ(std::get<0>(all) + std::get<2>(all).value(), 4);
}

FORM(TaskOfATemporaryCoro) {
  const Probe probe = co_await create_task(make_probe(14));
  EXPECT_EQ(probe.value(), 14);
}

FORM(WaitForATemporaryCoro) {
  const Probe probe = co_await wait_for(make_probe(15), 1s);
  EXPECT_EQ(probe.value(), 15);
}

FORM(TimeoutWithAReferenceLambda) {
  const Probe outside(16);
  const Probe inside = co_await timeout(1s, [&](Timeout&) -> Coro<Probe> {
    co_await sleep(0s);
    co_return outside;
  });
  EXPECT_EQ(inside.value(), 16);
}

FORM(TaskGroupWithAReferenceLambda) {
  int value = 0;
  co_await task_group([&](TaskGroup& group) -> Coro<> {
    const Task<int> task = group.create_task(take_probe(Probe(17)));
    value = co_await task;
  });
  EXPECT_EQ(value, 17);
}

FORM(ToThreadWithArguments) {
  const int value = co_await to_thread([](Probe probe) { return probe.value(); }, Probe(18));
  EXPECT_EQ(value, 18);
}

FORM(QueueOfClasses) {
  Queue<Probe> queue;
  co_await queue.put(Probe(19));
  Probe named(20);
  co_await queue.put(named);
  co_await queue.put(std::move(named));
  const Probe first = co_await queue.get();
  EXPECT_EQ(first.value(), 19);
}

FORM(ScopedPermit) {
  Lock lock;
  {
    const auto held = co_await lock.scoped();
  }
  EXPECT_FALSE(lock.locked());
}

FORM(ExceptionThroughAStatementWithTemporaries) {
  const auto fail = [](Probe, std::string) -> Coro<Probe> {
    co_await sleep(0s);
    throw TimeoutError();
  };
  bool caught = false;
  try {
    const Probe probe = co_await fail(Probe(1), std::string("a text beyond the small buffer"));
  } catch (const TimeoutError&) {
    caught = true;
  }
  EXPECT_TRUE(caught);
}

FORM(YieldOfATemporaryAndOfALocal) {
  const auto items = []() -> Stream<Plain> {
    Plain plain{Probe(1), "named"};
    co_yield std::move(plain);
    co_yield make_plain();
  };
  Stream<Plain> stream = items();
  int sum = 0;
  while (auto item = co_await stream.next()) sum += item->probe.value();
  EXPECT_EQ(sum, 6);
}

FORM(YieldThatConverts) {
  const auto items = []() -> Stream<std::string> {
    co_yield "a literal that is too long for the small string buffer";
  };
  Stream<std::string> stream = items();
  const std::optional<std::string> item = co_await stream.next();
  EXPECT_EQ(item->size(), 54U);
}

FORM(ReturnOfBracesWithoutAwait) {
  const auto make = []() -> Coro<std::pair<Probe, std::string>> {
    co_await sleep(0s);
    std::pair<Probe, std::string> made(Probe(21), "text");
    co_return made;
  };
  const std::pair<Probe, std::string> made = co_await make();
  EXPECT_EQ(made.first.value(), 21);
}

FORM(ChainDestroyedWhileSuspendedWithTemporaries) {
  const auto outer = []() -> Coro<> {
    const Probe local(1);
    (void)co_await take_probe(Probe(2));
    Event never;
    co_await never.wait();
  };
  TaskGroup group;
  (void)group.create_task(outer());
  (void)group.create_task(outer());
  co_await passes(4);
}

FORM(ChainDestroyedInTheMiddleOfAStatement) {
  const auto wait_with = [](Probe probe, std::string) -> Coro<int> {
    Event never;
    co_await never.wait();
    co_return probe.value();
  };
  const auto outer = [&]() -> Coro<> {
    (void)co_await wait_with(Probe(1), std::string("a text beyond the small buffer"));
  };
  TaskGroup group;
  (void)group.create_task(outer());
  co_await passes(4);
}

// g++ 12.2 never resumes a coroutine without a single local variable that awaits in a plain
// condition. The declaration in the condition is a variable: these two must work.
FORM(NoLocalButTheDeclarationOfTheCondition) {
  if (auto probe = co_await maybe(1)) co_await sleep(0s);
}
Stream<int> two_items() {
  co_yield 1;
  co_yield 2;
}
Coro<> drain(Stream<int> stream) {
  while (auto item = co_await stream.next()) co_await sleep(0s);
}
FORM(NoLocalButTheDeclarationOfTheLoop) { co_await drain(two_items()); }

FORM(NoLocalAndAnIfWithoutAwait) {
  if (Probe::alive == 0) co_await sleep(0s);
}

FORM(AggregateMadeByALambdaInTheStatement) {
  const int value = co_await take_plain([&] { return Plain{Probe(22), "braces"}; }());
  EXPECT_EQ(value, 22);
}

FORM(AggregateWithEmptyParentheses) {
  const int value = co_await take_plain(Plain());
  EXPECT_EQ(value, 0);
}

FORM(ReturnOfAnAggregateWithoutAwait) {
  const auto make = [](bool named) -> Coro<Plain> {
    co_await sleep(0s);
    if (named) co_return Plain{Probe(23), "named"};
    co_return {Probe(23), "braces only"};
  };
  const Plain named = co_await make(true);
  const Plain braces = co_await make(false);
  EXPECT_EQ(named.probe.value() + braces.probe.value(), 46);
}

FORM(ReturnOfALambdaThatCaptures) {
  const auto make = []() -> Coro<std::function<int()>> {
    const Probe kept(24);
    co_await sleep(0s);
    co_return [kept] { return kept.value(); };
  };
  const std::function<int()> get = co_await make();
  EXPECT_EQ(get(), 24);
}

FORM(ReferenceLambdaCalledAndAwaited) {
  const Probe kept(25);
  const int value = co_await [&]() -> Coro<int> {
    co_await sleep(0s);
    co_return kept.value();
  }();
  EXPECT_EQ(value, 25);
}

FORM(LambdaWithArgumentsCalledAndAwaited) {
  const Probe kept(26);
  const int value = co_await [](Probe probe) -> Coro<int> {
    co_await sleep(0s);
    co_return probe.value();
  }(kept);
  EXPECT_EQ(value, 26);
}

FORM(BoundArguments) {
  const int value = co_await take_function(std::bind_front(&Probe::value, Probe(27)));
  EXPECT_EQ(value, 27);
}

FORM(ChoiceBetweenLiterals) {
  const bool first = Probe::alive == 0;
  const std::size_t size = co_await take_strings(strings("one"), first ? "yes" : "no");
  EXPECT_EQ(size, 4U);
}

FORM(ChoiceOfACoroThatIsNamed) {
  const bool first = Probe::alive == 0;
  Coro<Probe> chosen = first ? make_probe(28) : make_probe(29);
  const Probe probe = co_await std::move(chosen);
  EXPECT_EQ(probe.value(), 28);
}

FORM(ReferenceToAResult) {
  const Probe& probe = co_await make_probe(30);
  co_await sleep(0s);
  EXPECT_EQ(probe.value(), 30);
}

FORM(StructuredBindingOfAResult) {
  int sum = 0;
  for (int i = 0; i < 3; ++i) {
    const auto [first, second] = co_await gather(make_probe(1), make_probe(2));
    sum += first.value() + second.value();
  }
  EXPECT_EQ(sum, 9);
}

FORM(RangeForOverAResult) {
  const auto make = []() -> Coro<std::vector<Probe>> {
    std::vector<Probe> probes(3, Probe(2));
    co_return probes;
  };
  int sum = 0;
  for (const Probe& probe : co_await make()) {
    sum += probe.value();
    co_await sleep(0s);
  }
  EXPECT_EQ(sum, 6);
}

FORM(ConditionAfterAnInitializer) {
  int seen = 0;
  if (const auto probe = co_await maybe(31); probe) seen = probe->value();
  switch (const bool ok = co_await yes(); static_cast<int>(ok)) {
    case 1: ++seen; break;
    default: break;
  }
  EXPECT_EQ(seen, 32);
}

FORM(ResultIntoAContainer) {
  std::vector<Probe> probes;
  probes.push_back(co_await make_probe(32));
  std::map<std::string, Probe> named;
  named[std::string("a key that is too long for the small string buffer")] = co_await make_probe(1);
  const auto owned = std::make_unique<Probe>(co_await make_probe(2));
  EXPECT_EQ(probes[0].value() + named.begin()->second.value() + owned->value(), 35);
}

FORM(LeavingAScopeByBreakAndContinue) {
  int sum = 0;
  for (int i = 0; i < 9; ++i) {
    const Probe local(i);
    if (i % 2 == 1) continue;
    co_await sleep(0s);
    if (i == 6) break;
    sum += local.value();
  }
  EXPECT_EQ(sum, 6);
}

FORM(ErrorNotedInACatchAndAwaitedAfterIt) {
  const auto fail = [](Probe) -> Coro<> {
    co_await sleep(0s);
    throw TimeoutError();
  };
  std::exception_ptr error;
  try {
    co_await fail(Probe(1));
  } catch (const TimeoutError&) {
    error = std::current_exception();
  }
  co_await sleep(0s);
  EXPECT_TRUE(error);
}

#undef FORM

}  // namespace
}  // namespace cochain::testing
