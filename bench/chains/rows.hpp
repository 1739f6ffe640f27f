// The rows of bench_chains, by subject. What each of them does is written in bench/README.md.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cochain/core/runners.hpp"
#include "meter.hpp"
#include "scripted_model.hpp"
#include "texts.hpp"

namespace cochain::bench {

std::span<const Row> chain_rows();
std::span<const Row> structured_rows();
std::span<const Row> agent_rows();

/// Makes a row of a coroutine `Coro<> body(Meter* meter, std::size_t n)`.
template <auto Body>
void on_loop(Meter& meter, std::size_t n) {
  run(Body(&meter, n));
}

/// The prompt of all chains, and what it is given.
[[nodiscard]] ChatPromptTemplate prompt();
[[nodiscard]] Variables question();
/// A model that says these tokens, as a step.
[[nodiscard]] std::shared_ptr<const ScriptedModel> model_saying(std::vector<std::string> tokens);

}  // namespace cochain::bench
