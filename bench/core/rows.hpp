// The rows of bench_core, by subject. What each of them does is written in bench/README.md.
#pragma once

#include <span>

#include "cochain/core.hpp"
#include "meter.hpp"

namespace cochain::bench {

std::span<const Row> task_rows();
std::span<const Row> sync_rows();
std::span<const Row> time_rows();
std::span<const Row> echo_rows();

/// Makes a row of a coroutine `Coro<> body(Meter* meter, std::size_t n)`.
template <auto Body>
void on_loop(Meter& meter, std::size_t n) {
  run(Body(&meter, n));
}

/// The least that can be awaited: it ends at once.
Coro<std::size_t> one();
/// The same at the end of `depth` calls.
Coro<std::size_t> chain(std::size_t depth);

}  // namespace cochain::bench
