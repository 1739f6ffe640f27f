// Chains as people see them: what explain() says, and drawings.
#pragma once

#include <string>

#include "cochain/chains/runnable/step_info.hpp"

namespace cochain {

/// What a chain is made of: a line for each step, with its types; where it waits for all of its
/// input before it gives anything (the place where a stream stops streaming), and what limits hold.
/// Shape: `std::cout << explain(chain)`.
[[nodiscard]] std::string explain(const RunnableBase& step);

/// The chain as a flow chart in Mermaid's language; choices are dotted.
[[nodiscard]] std::string draw_mermaid(const RunnableBase& step);

/// The same in Graphviz' language.
[[nodiscard]] std::string draw_dot(const RunnableBase& step);

/// The same in plain characters, from top to bottom.
[[nodiscard]] std::string draw_ascii(const RunnableBase& step);

}  // namespace cochain
