// What lies behind a RunConfig. Shared and never changed once it is; a change makes a new one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cochain/chains/runnable/active_run.hpp"

namespace cochain::detail {

/// An empty object, shared by all who have none.
[[nodiscard]] const std::shared_ptr<const JsonObject>& no_metadata();

/// What the caller said. Shared by all steps of a run.
class RunSettings {
 public:
  std::size_t max_concurrency = 0;
  int recursion_limit = 25;
  std::string run_name;
  std::string run_id;
  std::vector<std::string> tags;
  // Apart from the rest: a run holds on to it, and observers, who may keep runs, are in the rest.
  std::shared_ptr<const JsonObject> metadata = no_metadata();
  JsonObject configurable;
  std::vector<std::shared_ptr<RunObserver>> observers;
};

class ConfigState : public std::enable_shared_from_this<ConfigState> {
 public:
  std::shared_ptr<const RunSettings> settings = std::make_shared<const RunSettings>();
  std::shared_ptr<const Run> run;  // the parent of what is called with this
  std::shared_ptr<RunLimit> limit;
  std::shared_ptr<RunPermit> permit;  // the turn of the item or branch that this is handed down in
  std::string child_tag;              // of the next run alone
  bool complete = false;              // has what the task inherits
  bool entered = false;               // the task's context holds it
};

}  // namespace cochain::detail
