// What do cochain's tasks, queues, timers and connections cost? One row each; run_core.py sets
// them beside the same rows of other event loops.
// usage: bench_core [--list] ROW...

#include <vector>

#include "rows.hpp"

int main(int argc, char** argv) {
  using namespace cochain::bench;
  std::vector<Row> rows;
  for (const auto& group : {task_rows(), sync_rows(), time_rows(), echo_rows()}) {
    rows.insert(rows.end(), group.begin(), group.end());
  }
#ifdef COCHAIN_NO_DEBUG
  return run_rows(argc, argv, "nodebug", rows);
#else
  return run_rows(argc, argv, "cochain", rows);
#endif
}
