// One stream for several consumers.
#pragma once

#include <cstddef>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "cochain/core/condition.hpp"
#include "cochain/core/stream.hpp"

namespace cochain {

namespace detail {

/// What the consumers of a tee share: the source, and what each has not taken yet.
template <class T>
class Tee {
 public:
  Tee(Stream<T> the_source, std::size_t consumers)
      : source(std::move(the_source)), waiting(consumers), gone(consumers, false) {}

  Stream<T> source;
  std::vector<std::deque<T>> waiting;  // for each consumer, what the others had first
  std::vector<bool> gone;              // consumers that take no more
  bool pulling = false;
  bool over = false;
  std::exception_ptr error;
  Event moved;  // set and cleared whenever the source gave something
};

/// One consumer's share. The last one that is left may pull what it wants.
template <class T>
Stream<T> tee_share(std::shared_ptr<Tee<T>> tee, std::size_t index) {
  class Leave {
   public:
    Leave(Tee<T>& the_tee, std::size_t the_index) : tee_(the_tee), index_(the_index) {}
    Leave(const Leave&) = delete;
    Leave& operator=(const Leave&) = delete;
    ~Leave() {
      tee_.gone[index_] = true;
      tee_.waiting[index_].clear();
    }

   private:
    Tee<T>& tee_;
    std::size_t index_;
  };
  /// Whoever pulls says when it is over, however that comes.
  class Pull {
   public:
    explicit Pull(Tee<T>& the_tee) : tee_(the_tee) { tee_.pulling = true; }
    Pull(const Pull&) = delete;
    Pull& operator=(const Pull&) = delete;
    void done() noexcept { done_ = true; }
    ~Pull() {
      tee_.pulling = false;
      if (!done_ && !tee_.error) tee_.error = stopped_error();
      tee_.moved.set();
      tee_.moved.clear();
    }

   private:
    static std::exception_ptr stopped_error() {
      return std::make_exception_ptr(
          InvalidStateError("a consumer of a tee was stopped while it waited for the next item"));
    }
    Tee<T>& tee_;
    bool done_ = false;
  };
  const Leave leave(*tee, index);
  for (;;) {
    if (!tee->waiting[index].empty()) {
      T item = std::move(tee->waiting[index].front());
      tee->waiting[index].pop_front();
      co_yield std::move(item);
      continue;
    }
    if (tee->error) std::rethrow_exception(tee->error);
    if (tee->over) co_return;
    if (tee->pulling) {
      co_await tee->moved.wait();
      continue;
    }
    Pull pull(*tee);
    try {
      std::optional<T> item = co_await tee->source.next();
      pull.done();
      if (!item) {
        tee->over = true;
        continue;
      }
      for (std::size_t other = 0; other < tee->waiting.size(); ++other) {
        if (!tee->gone[other]) tee->waiting[other].push_back(*item);
      }
    } catch (const CancelledError&) {
      throw;
    } catch (...) {
      tee->error = std::current_exception();
    }
  }
}

}  // namespace detail

/// Streams that each give all that `source` gives; the items are copied.
/// Shape:    whoever is first pulls the source; the others find what was pulled. A consumer that
///           is dropped takes no part any more.
/// Suspends: each as the source does. Nothing is pulled that nobody asks for.
/// Lives:    the source lives until the last consumer is gone.
/// Errors:   an error of the source comes to each consumer, after the items before it. If the
///           consumer that pulls is dropped or cancelled meanwhile, the source is lost with it, and
///           the others are told by an InvalidStateError: they do not take it for the end.
template <class T>
[[nodiscard]] std::vector<Stream<T>> tee(Stream<T> source, std::size_t consumers) {
  auto shared = std::make_shared<detail::Tee<T>>(std::move(source), consumers);
  std::vector<Stream<T>> shares;
  shares.reserve(consumers);
  for (std::size_t index = 0; index < consumers; ++index) {
    shares.push_back(detail::tee_share(shared, index));
  }
  return shares;
}

}  // namespace cochain
