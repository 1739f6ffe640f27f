// What the tests of runs share: an observer that writes down what it hears, one line each.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cochain/chains/runnable/run.hpp"

namespace cochain::testing {

/// Lines such as "start lambda" and "stream lambda "x"", in their order.
class RunLog final : public RunObserver {
 public:
  void on_start(const Run& run, const RunValue& input) override { say("start", run, input); }
  void on_stream(const Run& run, const RunValue& chunk) override { say("stream", run, chunk); }
  void on_end(const Run& run, const RunValue&, const RunValue& output) override {
    say("end", run, output);
  }
  void on_error(const Run& run, const std::exception_ptr& error) override {
    lines.push_back("error " + run.name() + " " + describe(error));
    runs.push_back(run.shared_from_this());
  }
  void on_custom_event(const Run& run, std::string_view name, const Json& data) override {
    lines.push_back("custom " + run.name() + " " + std::string(name) + " " + json_text(data));
    runs.push_back(run.shared_from_this());
  }
  void on_retry(const Run& run, int attempt, const std::exception_ptr& error) override {
    lines.push_back("retry " + run.name() + " " + std::to_string(attempt) + " " + describe(error));
    runs.push_back(run.shared_from_this());
  }
  /// The lines about runs of this name.
  [[nodiscard]] std::vector<std::string> of(const std::string& name) const {
    std::vector<std::string> found;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (runs[i]->name() == name) found.push_back(lines[i]);
    }
    return found;
  }
  /// The run of this name that was heard of first; null if there was none.
  [[nodiscard]] std::shared_ptr<const Run> run(const std::string& name) const {
    for (const auto& run : runs) {
      if (run->name() == name) return run;
    }
    return nullptr;
  }

  std::vector<std::string> lines;
  std::vector<std::shared_ptr<const Run>> runs;  // of each line

 private:
  void say(const char* what, const Run& run, const RunValue& value) {
    std::string line = std::string(what) + " " + run.name();
    if (!value.empty()) line += " " + json_text(value.json());
    lines.push_back(std::move(line));
    runs.push_back(run.shared_from_this());
  }
};

}  // namespace cochain::testing
