// What do chains, structured streams and agents cost, without a wire? One row each; run_chains.py
// sets them beside the same rows of other frameworks.
// usage: bench_chains [--list] ROW...

#include <vector>

#include "rows.hpp"

int main(int argc, char** argv) {
  using namespace cochain::bench;
  std::vector<Row> rows;
  for (const auto& group : {chain_rows(), structured_rows(), agent_rows()}) {
    rows.insert(rows.end(), group.begin(), group.end());
  }
  return run_rows(argc, argv, "cochain", rows);
}
