// The loop that the test programs share: JSON lines in, JSON lines out.
#pragma once

#include <exception>
#include <iostream>
#include <string>

#include "cochain/chains/model/json.hpp"

namespace cochain::programs {

/// Gives each line of the standard input to `work`, which takes a Json and the number of the line,
/// counted from 0, and gives a Json. Prints that, or {"error": "..."} in its place.
template <class Work>
int for_each_line(Work work) {
  std::ios::sync_with_stdio(false);
  std::size_t number = 0;
  for (std::string line; std::getline(std::cin, line); ++number) {
    std::string printed;
    try {
      printed = json_text(work(parse_json(line), number));
    } catch (const std::exception& error) {
      printed = json_text(json_object("error", error.what()));
    }
    std::cout << printed << '\n' << std::flush;
  }
  return 0;
}

}  // namespace cochain::programs
