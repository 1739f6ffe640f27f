// Steps of a user's own, and what the tests of runnables share.
// Every coroutine here takes its parameters by value.
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "async_test.hpp"
#include "cochain/chains/runnable/compose.hpp"
#include "thrown.hpp"

namespace cochain::testing {

/// A step out of a function `Coro<Out>(In)`, as a user would write one.
template <class In, class Out>
class Step final : public Runnable<In, Out> {
 public:
  using Function = std::function<Coro<Out>(In)>;
  explicit Step(Function function) : function_(std::move(function)) {}
  [[nodiscard]] Coro<Out> do_invoke(In input, RunConfig) const override {
    return function_(std::move(input));
  }

 private:
  Function function_;
};

/// A piece of a stream and when it came, counted from the first look.
template <class T>
class Timed {
 public:
  Timed(T the_item, Duration the_time) : item(std::move(the_item)), time(the_time) {}
  friend bool operator==(const Timed&, const Timed&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Timed& timed) {
    return out << '\'' << timed.item << "' at " << timed.time.count() / 1'000'000 << " ms";
  }
  T item;
  Duration time;
};

template <class T>
Coro<std::vector<Timed<T>>> timed(Stream<T> stream) {
  const TimePoint start = EventLoop::current().time();
  std::vector<Timed<T>> items;
  while (auto item = co_await stream.next()) {
    items.emplace_back(std::move(*item), EventLoop::current().time() - start);
  }
  co_return items;
}

/// All pieces of a text, joined.
inline Coro<std::string> joined(Stream<std::string> pieces) {
  std::string text;
  while (auto piece = co_await pieces.next()) text += *piece;
  co_return text;
}

/// A stream of these items, all there at once.
template <class T>
Stream<T> stream_of(std::vector<T> items) {
  for (T& item : items) co_yield std::move(item);
}

}  // namespace cochain::testing
