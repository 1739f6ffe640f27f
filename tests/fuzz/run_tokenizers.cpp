// The same check on inputs from a seed, which is printed: a short run that needs no fuzzer.
//   run_tokenizers [COUNT [SEED]]

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <random>
#include <string>
#include <vector>

#include "bpe_reference.hpp"
#include "tokenizer_check.hpp"

namespace {

/// Known characters, words of the training text, and sometimes any bytes.
std::string random_body(std::mt19937_64& random) {
  std::string body = random() % 2 == 0 ? cochain::testing::random_text(random, 60).text
                                       : cochain::testing::random_ascii_text(random, 90);
  const std::string_view words = cochain::testing::training_text();
  for (std::uint64_t n = random() % 3; n > 0; --n) {
    const std::size_t begin = random() % words.size();
    body.insert(random() % (body.size() + 1), words.substr(begin, random() % 40));
  }
  for (std::uint64_t n = random() % 4 == 0 ? random() % 6 : 0; n > 0; --n) {
    body.insert(random() % (body.size() + 1), 1, static_cast<char>(random() % 256));
  }
  return body;
}

}  // namespace

int main(int count, char** words) {
  const std::uint64_t wanted = count > 1 ? std::strtoull(words[1], nullptr, 10) : 4000;
  const std::uint64_t seed = count > 2 ? std::strtoull(words[2], nullptr, 10) : 20301;
  std::mt19937_64 random(seed);
  std::printf("%llu inputs, seed %llu\n", static_cast<unsigned long long>(wanted),
              static_cast<unsigned long long>(seed));
  for (std::uint64_t n = 0; n < wanted; ++n) {
    std::vector<std::uint8_t> input;
    for (std::size_t k = 0; k < cochain::testing::kFuzzHeadBytes; ++k) {
      input.push_back(static_cast<std::uint8_t>(random() % 256));
    }
    const std::string body = random_body(random);
    input.insert(input.end(), body.begin(), body.end());
    try {
      cochain::testing::check_tokenizer_input(input);
    } catch (const std::exception& error) {
      std::printf("input %llu: %s\n", static_cast<unsigned long long>(n), error.what());
      return EXIT_FAILURE;
    }
  }
  return EXIT_SUCCESS;
}
