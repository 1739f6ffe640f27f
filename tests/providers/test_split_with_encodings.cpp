// Texts split by the tokens of real encodings, in which a part has other tokens than it had.

#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "bpe_reference.hpp"
#include "cochain/chains/retrieval/text_splitters.hpp"
#include "cochain/providers/tokenizers/encoding.hpp"

namespace cochain::testing {
namespace {

/// Letters with and without accents, and tokens of two and three bytes that end inside of them.
std::shared_ptr<const Tokenizer> accents_encoding() {
  constexpr std::string_view kBytes = "eino\xCC\x81";
  std::map<std::string, TokenId> ranks = byte_ranks();
  const auto add = [&ranks](std::string bytes) {
    const auto id = static_cast<TokenId>(ranks.size());
    ranks.emplace(std::move(bytes), id);
  };
  for (const char a : kBytes) {
    for (const char b : kBytes) add({a, b});
  }
  for (const char a : kBytes) {
    for (const char b : kBytes) {
      for (const char c : kBytes) add({a, b, c});
    }
  }
  return std::make_shared<Encoding>("accents", PieceRule::kO200k,
                                    Vocabulary::parse(rank_file(shuffled_ranks(ranks, 2))),
                                    std::vector<SpecialToken>());
}

TEST(SplitWithEncodings, WindowsRepeatNoMoreThanWasSaid) {
  constexpr std::uint64_t kSeed = 20264;
  const std::shared_ptr<const Tokenizer> encoding = accents_encoding();
  constexpr std::string_view kLetters[] = {"e", "i", "n", "o", "\u00E9", "e\u0301", "n\u0301"};
  std::mt19937_64 random(kSeed);
  for (int n = 0; n < 2000; ++n) {
    SCOPED_TRACE("seed " + std::to_string(kSeed) + ", text " + std::to_string(n));
    std::string text;
    for (int letter = 0; letter < 9; ++letter) text += kLetters[random() % std::size(kLetters)];
    const std::size_t overlap = 1 + random() % 2;
    const std::size_t size = overlap + 1 + random() % 2;
    std::size_t done = 0;
    for (const TextChunk& window :
         TokenTextSplitter(ChunkOptions(size, overlap).tokens(encoding)).split(text)) {
      ASSERT_LE(window.begin, done);
      const std::string_view repeated =
          std::string_view(text).substr(window.begin, done - window.begin);
      ASSERT_LE(encoding->count(repeated), overlap) << ::testing::PrintToString(repeated);
      done = window.end;
    }
    ASSERT_EQ(done, text.size());
  }
}

}  // namespace
}  // namespace cochain::testing
