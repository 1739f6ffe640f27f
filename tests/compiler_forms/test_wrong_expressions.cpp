// Lambdas that capture by value, choices by ?: and awaits as conditions.
#include "cochain/core/task_group.hpp"
#include "wrong_form.hpp"

namespace cochain::testing {
namespace {

using namespace std::chrono_literals;

WRONG_FORM(LambdaThatCapturesAName) {
  const Life kept;
  const int value = co_await call([kept] { return kept.value(); });
  must(value == 1);
}
WRONG_FORM(LambdaThatCapturesAllByValue) {
  const Life kept;
  const int value = co_await call([=] { return kept.value(); });
  must(value == 1);
}
WRONG_FORM(LambdaThatCapturesAnExpression) {
  Life kept;
  const int value = co_await call([moved = std::move(kept)] { return moved.value(); });
  must(value == 1);
}
WRONG_FORM(LambdaIntoAFunction) {
  const Life kept;
  const int value = co_await take_function([kept] { return kept.value(); });
  must(value == 1);
}
WRONG_FORM(LambdaIntoAnExplicitFunction) {
  const Life kept;
  const int value = co_await take_function(std::function<int()>([kept] { return kept.value(); }));
  must(value == 1);
}
WRONG_FORM(LambdaThatCapturesASharedPointer) {
  const auto shared = std::make_shared<Life>();
  {
    const int value = co_await call([shared] { return shared->value(); });
    must(value == 1);
  }
  must(shared.use_count() == 1);
}
WRONG_FORM(LambdaInAPlainCall) {
  const Life kept;
  const auto call_now = [](auto function) { return function(); };
  const int value = call_now([kept] { return kept.value(); }) + co_await one();
  must(value == 2);
}
WRONG_FORM(LambdaCalledAndAwaited) {
  const Life kept;
  const int value = co_await [kept]() -> Coro<int> {
    co_await nothing();
    co_return kept.value();
  }();
  must(value == 1);
}
WRONG_FORM(LambdaOfATaskGroup) {
  const Life kept;
  co_await task_group([kept](TaskGroup&) -> Coro<> {
    co_await nothing();
    must(kept.value() == 1);
  });
}
WRONG_FORM(LambdaOfATimeout) {
  const Life kept;
  co_await timeout(1s, [kept](Timeout&) -> Coro<> {
    co_await nothing();
    must(kept.value() == 1);
  });
}
WRONG_FORM(AwaitInACapture) {
  const auto get = [kept = co_await life()] { return kept.value(); };
  must(get() == 1);
}
WRONG_FORM(YieldOfALambda) {
  const auto items = []() -> Stream<std::function<int()>> {
    const Life kept;
    co_yield [kept] { return kept.value(); };
  };
  Stream<std::function<int()>> stream = items();
  while (auto item = co_await stream.next()) must((*item)() == 1);
}

WRONG_FORM(ChoiceOfTwoAwaits) {
  const bool first = alive_lives() == 0;
  const Life made = first ? co_await life() : co_await life();
  must(made.value() == 1);
}
WRONG_FORM(ChoiceOfAnAwaitAndAValue) {
  const bool first = alive_lives() == 0;
  const Life made = first ? co_await life() : Life(2);
  must(made.value() == 1);
}
WRONG_FORM(ChoiceByAnAwait) {
  const Life made = co_await yes() ? Life(1) : Life(2);
  must(made.value() == 1);
}
WRONG_FORM(ChoiceAsArgument) {
  const bool first = alive_lives() == 0;
  const int value = co_await take_life(first ? Life(1) : Life(2));
  must(value == 1);
}
WRONG_FORM(ChoiceWithAMovedObject) {
  const bool first = alive_lives() == 0;
  Life kept(1);
  const int value = co_await take_life(first ? std::move(kept) : Life(2));
  must(value == 1);
}
WRONG_FORM(ChoiceOfAStringAndALiteral) {
  const bool first = alive_lives() == 0;
  const std::string text = "a text that is too long for the small string buffer";
  const int size = co_await take_string(first ? text : "literal");
  must(size == 51);
}
WRONG_FORM(ChoiceOfASharedPointerAndNull) {
  const bool first = alive_lives() == 0;
  const auto shared = std::make_shared<Life>();
  const auto is_set = [](std::shared_ptr<Life> pointer) -> Coro<bool> {
    co_await nothing();
    co_return pointer != nullptr;
  };
  {
    const bool set = co_await is_set(first ? shared : nullptr);
    must(set);
  }
  must(shared.use_count() == 1);
}
WRONG_FORM(ChoiceWithAThrow) {
  const bool first = alive_lives() == 0;
  const Life made = first ? co_await life() : throw TimeoutError();
  must(made.value() == 1);
}
WRONG_FORM(ChoiceInAPlainCall) {
  const bool first = alive_lives() == 0;
  const auto value_of = [](Life given) { return given.value(); };
  const int value = value_of(first ? Life(1) : Life(2)) + co_await one();
  must(value == 2);
}
WRONG_FORM(ChoiceThatIsReturned) {
  const auto choose = [](bool first) -> Coro<Life> {
    co_return first ? co_await life() : co_await life();
  };
  const Life made = co_await choose(true);
  must(made.value() == 1);
}
WRONG_FORM(ChoiceThatIsYielded) {
  const auto items = [](bool first) -> Stream<Life> { co_yield first ? Life(1) : Life(2); };
  Stream<Life> stream = items(true);
  while (auto item = co_await stream.next()) must(item->value() == 1);
}

// A coroutine without a single local variable that awaits in a condition jumps to nowhere.
WRONG_FORM(NoLocalAndAnIf) {
  if (co_await yes()) co_await nothing();
}
WRONG_FORM(NoLocalAndAnElse) {
  if (co_await no())
    co_await nothing();
  else
    co_await nothing();
}
WRONG_FORM(NoLocalAndANegatedIf) {
  if (!co_await no()) co_await nothing();
}
WRONG_FORM(NoLocalAndAnAnd) {
  if (co_await yes() && co_await yes()) co_await nothing();
}
WRONG_FORM(NoLocalAndANestedIf) {
  if (alive_lives() == 0) {
    if (co_await yes()) co_await nothing();
  }
}
WRONG_FORM(NoLocalAndAWhile) {
  while (co_await no()) co_await nothing();
}
WRONG_FORM(NoLocalAndADoWhile) {
  do {
    co_await nothing();
  } while (co_await no());
}
WRONG_FORM(NoLocalAndAFor) {
  for (; co_await no();) co_await nothing();
}
WRONG_FORM(NoLocalAndASwitch) {
  switch (co_await one()) {
    case 1: co_await nothing(); break;
    default: break;
  }
}
Coro<int> with_a_parameter(int number) {
  if (co_await yes()) co_return number;
  co_return 0;
}
WRONG_FORM(NoLocalButAParameter) {
  const int number = co_await with_a_parameter(3);
  must(number == 3);
}
struct Member {
  Coro<> work() const {
    if (co_await yes()) co_await nothing();
  }
};
WRONG_FORM(NoLocalInAMember) {
  const Member member;
  co_await member.work();
}
Stream<int> stream_with_an_if() {
  if (co_await yes()) co_yield 1;
}
WRONG_FORM(NoLocalInAStream) {
  Stream<int> stream = stream_with_an_if();
  int sum = 0;
  while (auto item = co_await stream.next()) sum += *item;
  must(sum == 1);
}

}  // namespace
}  // namespace cochain::testing
