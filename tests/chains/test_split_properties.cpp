// What holds for every text, tried on random ones: of words, emoji, flags, marks, line ends of both
// kinds, Chinese, and bytes that are no UTF-8.

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "cochain/chains/retrieval/text_splitters.hpp"
#include "tiny_tokenizer.hpp"

namespace cochain {
namespace {

// A text of grapheme clusters, none of which joins with whatever comes next, and their ends.
class ClusterText {
 public:
  explicit ClusterText(std::mt19937& random) {
    static const std::vector<std::string> kClusters{"a",
                                                    "b",
                                                    "c",
                                                    "word",
                                                    "Sentence.",
                                                    " ",
                                                    " ",
                                                    " ",
                                                    "  ",
                                                    "\n",
                                                    "\n",
                                                    "\n\n",
                                                    "\r\n",
                                                    "\r\n\r\n",
                                                    "\t",
                                                    "e\u0301",
                                                    "o\u0302\u0323",
                                                    " \u0301",
                                                    "漢",
                                                    "字",
                                                    "。",
                                                    "한",
                                                    "각",
                                                    "👨‍👩‍👧‍👦",
                                                    "👍🏽",
                                                    "🏳️‍🌈",
                                                    "🇫🇷",
                                                    "🇩🇪",
                                                    "نص",
                                                    "\u00A0",
                                                    "\u3000",
                                                    "\u200B",
                                                    "\xFF",
                                                    "\xC0",
                                                    "\nclass ",
                                                    "\n# ",
                                                    "```\n",
                                                    "\n---\n",
                                                    "1",
                                                    "2.5",
                                                    "!",
                                                    "?"};
    const std::size_t count = random() % 120;
    ends.insert(0);
    for (std::size_t i = 0; i < count; ++i) add(kClusters[random() % kClusters.size()]);
  }

  std::string text;
  std::set<std::size_t> ends;

 private:
  // Entries of several clusters are made of ASCII, or of letters that stand alone.
  void add(const std::string& clusters) {
    std::size_t at = 0;
    while (at < clusters.size()) {
      const bool is_ascii = static_cast<unsigned char>(clusters[at]) < 0x80;
      const bool is_alone =
          at + 1 == clusters.size() || static_cast<unsigned char>(clusters[at + 1]) < 0x80;
      std::size_t size = clusters.size() - at;
      if (clusters == "نص") size = 2;
      if (is_ascii && is_alone) size = clusters.compare(at, 2, "\r\n") == 0 ? 2 : 1;
      text += clusters.substr(at, size);
      at += size;
      ends.insert(text.size());
    }
  }
};

std::size_t code_points(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  return count;  // the clusters above have no continuation byte without its lead
}

bool is_blank(std::string_view text) {
  static const std::vector<std::string> kBlanks{" ", "\t", "\r", "\n", "\u00A0", "\u3000"};
  while (!text.empty()) {
    std::size_t size = 0;
    for (const std::string& blank : kBlanks) {
      if (text.starts_with(blank)) size = blank.size();
    }
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

class Case {
 public:
  explicit Case(std::mt19937& random)
      : whole(random), size(1 + random() % 40), overlap(random() % size), options(size, overlap) {
    keep = static_cast<KeepSeparator>(random() % 3);
    options.keep_separator(keep);
    strip = random() % 2 == 0;
    if (!strip) options.keep_whitespace();
    if (random() % 3 == 0) options.always_overlap();
    switch (random() % 4) {
      case 0:
        options.bytes();
        length = [](std::string_view text) { return text.size(); };
        break;
      case 1:
        length = [](std::string_view text) { return TinyTokenizer().count(text); };
        options.tokens(std::make_shared<const TinyTokenizer>());
        break;
      case 2:
        length = [](std::string_view text) { return 1 + text.size() / 2; };
        options.length_function(length);
        break;
      default: length = code_points;
    }
  }

  // Between chunks: only what was to be left out.
  [[nodiscard]] bool may_be_lost(std::string_view gap) const {
    return gap.empty() || ((strip || keep == KeepSeparator::kNone) && is_blank(gap));
  }

  void check(const TextChunks& chunks) const {
    std::size_t done = 0;
    std::size_t begun = 0;
    for (const TextChunk& chunk : chunks) {
      ASSERT_LT(chunk.begin, chunk.end);
      ASSERT_EQ(chunk.text,
                std::string_view(whole.text).substr(chunk.begin, chunk.end - chunk.begin));
      ASSERT_TRUE(whole.ends.contains(chunk.begin)) << "begins inside a character";
      ASSERT_TRUE(whole.ends.contains(chunk.end)) << "ends inside a character";
      const bool is_one = *whole.ends.upper_bound(chunk.begin) == chunk.end;
      if (!is_one) {
        ASSERT_LE(length(chunk.text), size);
      }
      // As in LangChain, what is new in a chunk may be stripped.
      ASSERT_GE(chunk.end, strip ? done : done + 1) << "nothing new";
      ASSERT_GE(chunk.begin, begun);
      if (chunk.begin > done) {
        ASSERT_TRUE(may_be_lost(std::string_view(whole.text).substr(done, chunk.begin - done)));
      } else if (overlap == 0) {
        ASSERT_EQ(chunk.begin, done);
      }
      done = chunk.end;
      begun = chunk.begin;
    }
    ASSERT_TRUE(may_be_lost(std::string_view(whole.text).substr(done)));
  }

  ClusterText whole;
  std::size_t size;
  std::size_t overlap;
  ChunkOptions options;
  KeepSeparator keep = KeepSeparator::kStart;
  bool strip = true;
  ChunkOptions::LengthFunction length;
};

constexpr unsigned kSeed = 20260828;
constexpr int kRounds = 1500;

template <class Split>
void try_many(Split split) {
  std::mt19937 random(kSeed);
  for (int round = 0; round < kRounds; ++round) {
    const Case one(random);
    SCOPED_TRACE("seed " + std::to_string(kSeed) + ", round " + std::to_string(round));
    one.check(split(one, random));
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(SplitProperties, RecursiveKeepsLimitsOffsetsAndCharacters) {
  try_many([](const Case& one, std::mt19937&) {
    return RecursiveCharacterTextSplitter(one.options).split(one.whole.text);
  });
}

TEST(SplitProperties, SoDoTheSeparatorsOfLanguages) {
  try_many([](const Case& one, std::mt19937& random) {
    // Left out separators of a language are not only blanks.
    if (one.keep == KeepSeparator::kNone) {
      return RecursiveCharacterTextSplitter(one.options).split(one.whole.text);
    }
    const std::vector<Language> some{Language::kCpp, Language::kMarkdown, Language::kHtml};
    const Language language = some[random() % some.size()];
    return RecursiveCharacterTextSplitter(one.options, language).split(one.whole.text);
  });
}

TEST(SplitProperties, SoDoesOneSeparator) {
  try_many([](const Case& one, std::mt19937& random) {
    return CharacterTextSplitter(one.options, random() % 2 == 0 ? " " : "\n").split(one.whole.text);
  });
}

TEST(SplitProperties, SoDoSentences) {
  try_many([](const Case& one, std::mt19937& random) {
    SentenceTextSplitter splitter(one.options);
    if (random() % 2 == 0) splitter.line_ends(LineEnds::kWrapSentences);
    return splitter.split(one.whole.text);
  });
}

TEST(SplitProperties, ChunksWithoutOverlapAndStrippingAreTheTextAgain) {
  std::mt19937 random(kSeed);
  for (int round = 0; round < kRounds; ++round) {
    std::string bytes;
    const std::size_t count = random() % 200;
    for (std::size_t i = 0; i < count; ++i) {
      bytes += random() % 4 == 0 ? " \n\r\xE2"[random() % 4] : static_cast<char>(random() % 256);
    }
    ChunkOptions options = ChunkOptions(1 + random() % 30).keep_whitespace();
    options.keep_separator(random() % 2 == 0 ? KeepSeparator::kStart : KeepSeparator::kEnd);
    if (random() % 2 == 0) options.tokens(std::make_shared<const TinyTokenizer>());
    std::string joined;
    for (const TextChunk& chunk : RecursiveCharacterTextSplitter(options).split(bytes)) {
      joined += chunk.text;
    }
    ASSERT_EQ(joined, bytes) << "seed " << kSeed << ", round " << round;
  }
}

}  // namespace
}  // namespace cochain
