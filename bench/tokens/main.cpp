// What does it cost to turn texts into tokens? One row each; run_tokens.py sets them beside the
// same rows of other tokenizers.
// usage: bench_tokens --data FOLDER [--list] ROW...

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "rows.hpp"

int main(int argc, char** argv) {
  using namespace cochain::bench;
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() < 3 || arguments[0] != "--data") {
    std::fputs("usage: bench_tokens --data FOLDER [--list] ROW...\n", stderr);
    return 2;
  }
  try {
    const TokenData data(arguments[1]);
    for (std::size_t i = 2; i < arguments.size(); ++i) {
      if (arguments[i] == "--list") {
        for (const std::string& row : token_rows(data)) std::printf("%s\n", row.c_str());
      } else {
        std::printf("%s\n", measure_tokens(data, arguments[i]).c_str());
      }
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_tokens: %s\n", error.what());
    return 1;
  }
  return 0;
}
