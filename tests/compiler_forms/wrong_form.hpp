// WRONG_FORM(Situation) { ...co_await...; co_return; }
// A form that g++ 12.2 compiles wrongly, run in a process of its own: what is destroyed twice may
// do anything. On g++ 12.2 the form must go wrong, or else docs/compilers.md says too much; with
// clang it must go right, or else it is not the compiler's fault. Other versions of g++ only
// report.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "cochain/core/gather.hpp"
#include "cochain/core/stream.hpp"
#include "cochain/core/task.hpp"
#include "cochain/core/timeouts.hpp"

namespace cochain::testing {

/// Notes each address at which it lives. So it is known when one is destroyed twice or never, and
/// nothing is freed twice: the process goes on and can tell.
class Life {
 public:
  explicit Life(int value = 1);
  Life(const Life& other);
  Life(Life&& other) noexcept;
  Life& operator=(const Life& other) noexcept = default;
  ~Life();
  [[nodiscard]] int value() const noexcept { return value_; }

 private:
  int value_;
};

/// What users write every day: a struct of settings, with something in it that has a destructor.
struct Settings {
  Life life = Life(1);
  int number = 2;
};

using Form = Coro<> (*)();

/// Runs `form` in a child process and holds what happened against what this compiler is known for.
void expect_wrong_on_gcc_12_2(Form form);

#define WRONG_FORM(situation)                                                 \
  static Coro<> form_##situation();                                           \
  TEST(WrongForms, situation) { expect_wrong_on_gcc_12_2(form_##situation); } \
  static Coro<> form_##situation()

/// In a form: this must hold, or the form went wrong.
void must(bool holds);
/// How many lives there are now: a number that no compiler can know beforehand.
std::size_t alive_lives();

Coro<> nothing();
Coro<int> one();
Coro<bool> yes();
Coro<bool> no();
Coro<Life> life();
Coro<Settings> settings();
Coro<int> take(Settings settings);
Coro<int> take_default(Settings settings = {});
Coro<int> take_life(Life life);
Coro<int> take_string(std::string text);
Coro<int> take_function(std::function<int()> function);

template <class F>
Coro<int> call(F function) {
  co_await nothing();
  co_return function();
}

}  // namespace cochain::testing
