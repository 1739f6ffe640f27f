// Vocabularies as files that are mapped: whole ones, damaged ones, and those in tiktoken's cache.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "bpe_reference.hpp"
#include "cochain/providers/tokenizers/encoding.hpp"
#include "cochain/providers/tokenizers/tokenizer_error.hpp"
#include "cochain/providers/tokenizers/vocabulary.hpp"
#include "cochain/providers/tokenizers/vocabulary_cache.hpp"
#include "temporary_folder.hpp"

namespace cochain::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::string bytes_of_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void write_file(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

Vocabulary small_vocabulary() {
  return Vocabulary::parse(rank_file(trained_ranks(training_text(), 300)));
}

std::string error_of_open(const fs::path& path) {
  try {
    (void)Vocabulary::open_compiled(path);
  } catch (const VocabularyError& error) {
    return error.what();
  }
  return "none";
}

TEST(CompiledVocabulary, EncodesAsTheOneItWasMadeFrom) {
  const TemporaryFolder folder;
  const Vocabulary built = small_vocabulary();
  built.save_compiled(folder / "small.cochain");
  for (const Vocabulary& mapped : {Vocabulary::open_compiled(folder / "small.cochain"),
                                   Vocabulary::open(folder / "small.cochain")}) {
    EXPECT_EQ(mapped.size(), built.size());
    EXPECT_EQ(mapped.id_end(), built.id_end());
    for (TokenId id = 0; id <= built.id_end(); ++id) {
      ASSERT_EQ(mapped.bytes(id), built.bytes(id));
      ASSERT_EQ(mapped.find(built.bytes(id)), built.find(built.bytes(id)));
    }
    const Encoding one("built", PieceRule::kO200k, built, {});
    const Encoding other("mapped", PieceRule::kO200k, mapped, {});
    std::mt19937_64 random(20281);
    for (int n = 0; n < 500; ++n) {
      const std::string text = random_utf8(random, 80);
      ASSERT_EQ(other.encode_ordinary(text), one.encode_ordinary(text));
    }
    const std::string long_word(5000, 'e');
    EXPECT_EQ(other.encode_ordinary(long_word), one.encode_ordinary(long_word));
  }
}

TEST(CompiledVocabulary, OutlivesItsFile) {
  const TemporaryFolder folder;
  small_vocabulary().save_compiled(folder / "small.cochain");
  const Vocabulary mapped = Vocabulary::open_compiled(folder / "small.cochain");
  small_vocabulary().save_compiled(folder / "small.cochain");  // a new file of that name
  fs::remove(folder / "small.cochain");
  EXPECT_EQ(mapped.bytes('a'), "a");
  EXPECT_TRUE(fs::is_empty(folder.path()));  // no draft is left behind
}

TEST(CompiledVocabulary, IsRefusedWhereverAByteWasFlipped) {
  const TemporaryFolder folder;
  small_vocabulary().save_compiled(folder / "good");
  std::string bytes = bytes_of_file(folder / "good");
  constexpr std::uint64_t kSeed = 20282;
  std::mt19937_64 random(kSeed);
  constexpr std::size_t kHead = 512;  // each byte of the head, and some of the arrays
  for (std::size_t n = 0; n < 3000; ++n) {
    const std::size_t at = n < kHead ? n : random() % bytes.size();
    const auto flip = static_cast<char>(1U << (random() % 8));
    bytes[at] = static_cast<char>(bytes[at] ^ flip);
    std::fstream(folder / "good", std::ios::in | std::ios::out | std::ios::binary)
            .seekp(static_cast<std::streamoff>(at))
        << bytes[at];
    ASSERT_NE(error_of_open(folder / "good"), "none") << "seed " << kSeed << ", byte " << at;
    bytes[at] = static_cast<char>(bytes[at] ^ flip);
    std::fstream(folder / "good", std::ios::in | std::ios::out | std::ios::binary)
            .seekp(static_cast<std::streamoff>(at))
        << bytes[at];
  }
  EXPECT_EQ(error_of_open(folder / "good"), "none");
}

TEST(CompiledVocabulary, IsRefusedWhereverItIsCutOff) {
  const TemporaryFolder folder;
  small_vocabulary().save_compiled(folder / "good");
  const std::size_t whole = fs::file_size(folder / "good");
  for (std::size_t size = whole; size > 0; size -= size > 600 ? 1 + size / 500 : 1) {
    if (size == whole) continue;
    fs::resize_file(folder / "good", size);
    ASSERT_THAT(error_of_open(folder / "good"), HasSubstr("is cut off")) << size;
  }
  fs::resize_file(folder / "good", 0);
  EXPECT_THAT(error_of_open(folder / "good"), HasSubstr("is cut off: it has 0 bytes"));
  small_vocabulary().save_compiled(folder / "good");
  std::ofstream(folder / "good", std::ios::app) << "more";
  EXPECT_THAT(error_of_open(folder / "good"), HasSubstr("is damaged"));
}

TEST(CompiledVocabulary, SaysWhyItIsRefused) {
  const TemporaryFolder folder;
  small_vocabulary().save_compiled(folder / "good");
  const std::string good = bytes_of_file(folder / "good");
  const auto error_with = [&](std::size_t at, char byte) {
    std::string bytes = good;
    bytes[at] = byte;
    write_file(folder / "other", bytes);
    return error_of_open(folder / "other");
  };
  EXPECT_THAT(error_with(0, 'x'), HasSubstr("other is no compiled vocabulary"));
  EXPECT_THAT(error_with(8, '\x01'), HasSubstr("a machine of another byte order"));
  EXPECT_THAT(error_with(12, '\x63'), HasSubstr("another version of cochain: its form is 99, not"));
  EXPECT_THAT(error_with(good.size() - 1, '\x55'), HasSubstr("is damaged: its checksum"));
  write_file(folder / "other", rank_file(byte_ranks()));
  EXPECT_THAT(error_of_open(folder / "other"), HasSubstr("is no compiled vocabulary"));
  EXPECT_THAT(error_of_open(folder / "none"), HasSubstr("none: No such file"));
  EXPECT_THAT(error_of_open(folder.path()), HasSubstr("is not a file"));
}

TEST(CompiledVocabulary, SaysWhereItCannotBeWritten) {
  const TemporaryFolder folder;
  write_file(folder / "file", "");
  try {
    small_vocabulary().save_compiled(folder / "file" / "below");
    FAIL() << "a file is no folder";
  } catch (const VocabularyError& error) {
    EXPECT_THAT(error.what(), HasSubstr("file/below cannot be written: Not a directory"));
  }
}

/// A cache with the rank file of r50k_base, if this machine has it.
class CompiledCache : public ::testing::Test {
 protected:
  void SetUp() override {
    const fs::path real = VocabularyCache::from_environment().path_of("r50k_base");
    if (real.empty() || !fs::exists(real)) GTEST_SKIP() << "no rank file of r50k_base";
    fs::copy_file(real, cache_.path_of("r50k_base"));
  }
  TemporaryFolder folder_;
  VocabularyCache cache_{folder_.path()};
};

TEST_F(CompiledCache, IsUsedInPlaceOfTheRankFile) {
  const std::vector<TokenId> ids = cache_.load("r50k_base").encode("a compiled vocabulary");
  EXPECT_EQ(cache_.compile("r50k_base"), cache_.compiled_path_of("r50k_base"));
  fs::remove(cache_.path_of("r50k_base"));
  const Encoding mapped = cache_.load("r50k_base");
  EXPECT_EQ(mapped.encode("a compiled vocabulary"), ids);
  EXPECT_EQ(mapped.encode("<|endoftext|>", SpecialTokens::all_allowed()),
            std::vector<TokenId>{50256});
}

TEST_F(CompiledCache, IsPassedOverIfItIsDamagedOrOfAnotherFile) {
  const fs::path compiled = cache_.compile("r50k_base");
  fs::resize_file(compiled, fs::file_size(compiled) / 2);
  EXPECT_EQ(cache_.load("r50k_base").count("a word"), 2U);
  small_vocabulary().save_compiled(compiled);  // says of no rank file that it was made from it
  EXPECT_EQ(cache_.load("r50k_base").vocabulary().size(), 50256U);
  cache_.compile("r50k_base");
  fs::remove(cache_.path_of("r50k_base"));
  EXPECT_EQ(cache_.load("r50k_base").vocabulary().size(), 50256U);
}

TEST_F(CompiledCache, IsPassedOverIfOthersCanWriteIt) {
  const fs::path compiled = cache_.compile("r50k_base");
  fs::remove(cache_.path_of("r50k_base"));
  for (const fs::path& path : {compiled, folder_.path()}) {
    fs::permissions(path, fs::perms::others_write, fs::perm_options::add);
    EXPECT_THROW((void)cache_.load("r50k_base"), MissingVocabularyError) << path;
    fs::permissions(path, fs::perms::others_write, fs::perm_options::remove);
    EXPECT_EQ(cache_.load("r50k_base").vocabulary().size(), 50256U);
  }
}

TEST(CompiledCacheWithoutFile, IsNotCompiled) {
  const TemporaryFolder folder;
  EXPECT_THROW(VocabularyCache(folder.path()).compile("r50k_base"), MissingVocabularyError);
  EXPECT_TRUE(VocabularyCache("").compiled_path_of("r50k_base").empty());
  // What is there does not say that it was made from the file that was published.
  small_vocabulary().save_compiled(VocabularyCache(folder.path()).compiled_path_of("r50k_base"));
  EXPECT_THROW((void)VocabularyCache(folder.path()).load("r50k_base"), MissingVocabularyError);
}

}  // namespace
}  // namespace cochain::testing
