// Looks for texts on which tokenizers and their oracle differ: a target of libFuzzer.
//   build/fuzz/bin/fuzz_tokenizers -max_len=300 -max_total_time=300 corpus/

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "tokenizer_check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    cochain::testing::check_tokenizer_input({data, size});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    std::abort();
  }
  return 0;
}
