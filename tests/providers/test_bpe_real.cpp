// The encodings of OpenAI's models, where their rank files are at hand. The ids are tiktoken's
// (0.14.0 from PyPI).

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cochain/providers/tokenizers/encoding.hpp"

namespace cochain::testing {
namespace {

using Ids = std::vector<TokenId>;

// tiktoken's name of a cached file is the SHA-1 of where it comes from.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kFiles = {{
    {"r50k_base", "0ea1e91bbb3a60f729a8dc8f777fd2fc07cd8df4"},
    {"p50k_base", "ec7223a39ce59f226a68acc30dc1af2788490e15"},
    {"cl100k_base", "9b5ad71b2ce5302211f9c61530b329a4922fc6a4"},
    {"o200k_base", "fb374d419588a4632f3f557e76b4b70aebbca790"},
    {"o200k_harmony", "fb374d419588a4632f3f557e76b4b70aebbca790"},
}};

std::filesystem::path path_of(std::string_view name) {
  const char* const folder = std::getenv("TIKTOKEN_CACHE_DIR");
  if (folder == nullptr) return {};
  for (const auto& [known, file] : kFiles) {
    if (known == name) return std::filesystem::path(folder) / file;
  }
  return {};
}

#define SKIP_WITHOUT(name)                                                           \
  if (!std::filesystem::exists(path_of(name))) {                                     \
    GTEST_SKIP() << "SKIPPED: there is no " << (name) << " in TIKTOKEN_CACHE_DIR ("  \
                 << path_of(name) << "), so it is not compared with tiktoken's ids"; \
  }

const std::vector<std::string>& texts() {
  static const std::vector<std::string> all = {
      "hello world",
      "Don't panic: it's 3.14159, I'LL say  so.\n\n  ok",
      "std::vector<int> v{1, 22, 333};  // x\n\treturn v;\r\n",
      "\u65E5\u672C\u8A9E\u306E\u6587\u7AE0\u3068\u4E2D\u6587\u5B57\u7B26 AB\u3042",
      "e\u0301a\u0308 \u01C5abc HTTPServer's",
      "x've'\u017F's 'S'rE",
      "\U0001F468\u200D\U0001F469\u200D\U0001F467\u200D\U0001F466 "
      "\U0001F44D\U0001F3FD\uFE0F\U0001F1E9\U0001F1EA",
      "\u0085\uFEFF \u00A0\u3000\u180E\n \n  ",
      " 1234567 \u0660\u0661\u0662 \u00BD\u2167",
      "aAaAaA//\n/\r\n   \u1C89\U00010D40",
      std::string(40, 'a') + std::string(40, ' ') + "z",
  };
  return all;
}

void expect_ids(std::string_view name, std::size_t megabytes_max,
                const std::vector<Ids>& expected) {
  const Encoding encoding = Encoding::open(name, path_of(name));
  EXPECT_LE(encoding.vocabulary().memory_bytes(), megabytes_max * 1000000);
  ASSERT_EQ(texts().size(), expected.size());
  for (std::size_t n = 0; n < expected.size(); ++n) {
    SCOPED_TRACE(texts()[n]);
    EXPECT_EQ(encoding.encode(texts()[n]), expected[n]);
    EXPECT_EQ(encoding.decode(expected[n]), texts()[n]);
    EXPECT_EQ(encoding.count(texts()[n]), expected[n].size());
  }
}

TEST(BpeRealVocabulary, R50kGivesTheIdsOfTiktoken) {
  SKIP_WITHOUT("r50k_base")
  expect_ids(
      "r50k_base", 8,
      {
          {31373, 995},
          {3987, 470, 13619, 25,  340, 338, 513, 13,  1415, 19707, 11,
           314,  6,   3069,  910, 220, 523, 13,  628, 220,  12876},
          {19282, 3712,  31364, 27,   600,  29,  410, 90,   16,  11, 2534, 11,
           23460, 19629, 220,   3373, 2124, 198, 197, 7783, 410, 26, 201,  198},
          {33768, 98,    17312, 105, 45739, 252, 5641, 23877, 229, 44165, 254,
           30201, 40792, 23877, 229, 27764, 245, 163,  105,   99,  9564,  40948},
          {68, 136, 223, 64, 136, 230, 220, 131, 227, 39305, 38288, 18497, 338},
          {87, 1053, 6, 129, 123, 338, 705, 50, 6, 81, 36},
          {41840, 101,   447, 235,  41840, 102, 447,   235,  41840, 100, 447,  235, 41840,
           99,    50169, 235, 8582, 237,   121, 37929, 8582, 229,   102, 8582, 229, 103},
          {126, 227, 171, 119, 123, 5624, 5099, 222, 157, 254, 236, 198, 220, 198, 220, 220},
          {17031, 2231, 3134, 18923, 254, 149, 94, 149, 95, 25208, 158, 227, 100},
          {64,  32,  64,  32,    64,  32,  1003, 198, 14,  201,
           198, 220, 220, 28053, 110, 231, 172,  238, 113, 222},
          {24794, 24794, 24794, 24794, 24794, 24794, 24794, 24794, 24794, 24794, 220, 220, 220,
           220,   220,   220,   220,   220,   220,   220,   220,   220,   220,   220, 220, 220,
           220,   220,   220,   220,   220,   220,   220,   220,   220,   220,   220, 220, 220,
           220,   220,   220,   220,   220,   220,   220,   220,   220,   220,   1976},
      });
}

TEST(BpeRealVocabulary, Cl100kGivesTheIdsOfTiktoken) {
  SKIP_WITHOUT("cl100k_base")
  expect_ids(
      "cl100k_base", 13,
      {
          {15339, 1917},
          {8161, 956, 22743, 25,   433,  596, 220, 18,  13,  9335, 2946,
           11,   358, 6,     4178, 2019, 220, 779, 382, 220, 5509},
          {1872, 487, 3295, 4252,  29,  348, 90,  16,  11,  220, 1313,
           11,   220, 8765, 11308, 220, 443, 865, 198, 862, 348, 464},
          {9080, 22656, 45918, 252, 16144, 83125, 19732, 16325, 17161, 49491, 14469, 30591},
          {68, 54939, 64, 136, 230, 220, 131, 227, 13997, 10339, 5592, 596},
          {87, 3077, 6, 129, 123, 596, 364, 50, 97670, 36},
          {9468, 239, 101, 378,   235, 9468, 239, 102, 378,   235,  9468, 239, 100,  378, 235,
           9468, 239, 99,  62904, 235, 9468, 237, 121, 31643, 9468, 229,  102, 9468, 229, 103},
          {126, 227, 3305, 17529, 23249, 157, 254, 236, 198, 720, 256},
          {220, 4513, 10961, 22, 220, 149, 254, 149, 94, 149, 95, 220, 27154, 71567, 100},
          {64, 32, 64, 32, 64, 32, 2341, 30210, 256, 87189, 110, 231, 172, 238, 113, 222},
          {70540, 70540, 70540, 70540, 70540, 2623, 1167},
      });
}

TEST(BpeRealVocabulary, O200kGivesTheIdsOfTiktoken) {
  SKIP_WITHOUT("o200k_base")
  expect_ids(
      "o200k_base", 26,
      {
          {24912, 2375},
          {31559, 40130, 25, 4275, 220, 18, 13, 16926, 4621, 11, 3413, 7454, 2891, 220, 813, 364,
           220, 4763},
          {4946, 742, 7603,  9093,  29,  323, 90,   16,  11,   220, 1709,
           11,   220, 15517, 22532, 220, 602, 1215, 198, 1393, 323, 610},
          {9048, 40909, 3385, 26474, 5330, 10667, 67951, 16520, 10294},
          {68, 13430, 64, 47565, 220, 131, 227, 26682, 21929, 6444, 885},
          {87, 7341, 6, 70067, 885, 461, 50, 15770, 36},
          {28823, 101, 2524, 28823, 102, 2524, 28823, 100, 2524, 28823, 99, 160433, 52622, 121,
           15148, 55506, 102, 55506, 103},
          {126, 227, 5574, 35753, 1397, 157, 254, 236, 198, 793, 256},
          {220, 7633, 19354, 22, 220, 48358, 46600, 53184, 220, 27124, 25371, 100},
          {64, 133719, 133719, 32, 22704, 73079, 256, 220, 157, 110, 231, 172, 238, 113, 222},
          {117525, 117525, 117525, 117525, 117525, 4754, 579},
      });
}

TEST(BpeRealVocabulary, P50kLeavesOutTheIdOfItsSpecialToken) {
  SKIP_WITHOUT("p50k_base")
  for (const std::string_view name : {"p50k_base", "p50k_edit"}) {
    const Encoding encoding = Encoding::open(name, path_of("p50k_base"));
    EXPECT_EQ(encoding.encode("<|endoftext|>", SpecialTokens::all_allowed()), Ids{50256});
  }
}

TEST(BpeRealVocabulary, HarmonyHasItsOwnSpecialTokens) {
  SKIP_WITHOUT("o200k_harmony")
  const Encoding encoding = Encoding::open("o200k_harmony", path_of("o200k_harmony"));
  const std::string text = "<|start|>user<|message|>hi<|end|><|reserved_201000|><|endofprompt|>";
  const Ids ids = {200006, 1428, 200008, 3686, 200007, 201000, 200018};
  EXPECT_EQ(encoding.encode(text, SpecialTokens::all_allowed()), ids);
  EXPECT_EQ(encoding.decode(ids), text);
}

}  // namespace
}  // namespace cochain::testing
