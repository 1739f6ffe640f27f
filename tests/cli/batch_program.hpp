// What the tests of `cochain batch` share: how it is started, and how its output is read.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "cochain/providers/simulator.hpp"
#include "program.hpp"

namespace cochain::testing {

inline ProgramSetup batch(const Simulator& simulator, std::vector<std::string> words) {
  words.insert(words.begin(), "batch");
  return ProgramSetup()
      .arguments(std::move(words))
      .variable("OPENAI_BASE_URL", simulator.base_url());
}

/// Answers without any delay, and remembers what it was asked.
inline SimulatorOptions instant() { return SimulatorOptions().instant().request_log_max(1000); }

/// One prompt per line: "tell me about topic 1" and so on.
inline std::string numbered_prompts(int count) {
  std::string text;
  for (int i = 1; i <= count; ++i) text += "tell me about topic " + std::to_string(i) + "\n";
  return text;
}

/// The rows by their ids, of which none may come twice.
inline std::map<std::string, boost::json::object> by_id(
    const std::vector<boost::json::object>& rows) {
  std::map<std::string, boost::json::object> all;
  for (const boost::json::object& row : rows) {
    const std::string id(row.at("custom_id").as_string());
    EXPECT_TRUE(all.emplace(id, row).second) << id << " came twice";
  }
  return all;
}

/// The code of a row's error, or "ok".
inline std::string code_of(const boost::json::object& row) {
  return row.at("error").is_null() ? "ok" : std::string(row.at("error").at("code").as_string());
}

inline bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace cochain::testing
