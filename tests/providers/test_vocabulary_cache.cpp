// Rank files in tiktoken's cache, and the encodings of models.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cochain/providers/tokenizers/vocabulary_cache.hpp"
#include "environment_variable.hpp"
#include "temporary_folder.hpp"

namespace cochain::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::string error_of_load(const VocabularyCache& cache, const char* encoding) {
  try {
    (void)cache.load(encoding);
  } catch (const VocabularyError& error) {
    return error.what();
  }
  return "none";
}

TEST(EncodingForModel, KnowsModelsAndTheirFamilies) {
  EXPECT_EQ(encoding_name_for_model("gpt-5"), "o200k_base");
  EXPECT_EQ(encoding_name_for_model("gpt-5-mini-2025-08-07"), "o200k_base");
  EXPECT_EQ(encoding_name_for_model("openai:gpt-4o-mini"), "o200k_base");
  EXPECT_EQ(encoding_name_for_model("o3"), "o200k_base");
  EXPECT_EQ(encoding_name_for_model("gpt-4"), "cl100k_base");
  EXPECT_EQ(encoding_name_for_model("gpt-4-0613"), "cl100k_base");
  EXPECT_EQ(encoding_name_for_model("ft:gpt-4o:acme::1"), "o200k_base");
  EXPECT_EQ(encoding_name_for_model("ft:gpt-4:acme::1"), "cl100k_base");
  EXPECT_EQ(encoding_name_for_model("gpt-oss-120b"), "o200k_harmony");
  EXPECT_EQ(encoding_name_for_model("text-embedding-3-large"), "cl100k_base");
  EXPECT_EQ(encoding_name_for_model("text-davinci-edit-001"), "p50k_edit");
  EXPECT_EQ(encoding_name_for_model("davinci"), "r50k_base");
  EXPECT_EQ(encoding_name_for_model("text-search-ada-doc-001"), "r50k_base");
  EXPECT_EQ(encoding_name_for_model("gpt-2"), "r50k_base");
  EXPECT_EQ(encoding_name_for_model("gpt-5xyz"), "o200k_base");
  EXPECT_EQ(encoding_name_for_model("azure:gpt-4o"), "o200k_base");
  EXPECT_EQ(encoding_name_for_model("openai:ft:gpt-4:acme::1"), "cl100k_base");
}

TEST(EncodingForModel, GuessesNothing) {
  EXPECT_THROW((void)encoding_name_for_model("claude-5"), VocabularyError);
  EXPECT_THROW((void)encoding_name_for_model("gpt-40"), VocabularyError);
  EXPECT_THROW((void)encoding_name_for_model(""), VocabularyError);
}

TEST(VocabularyCache, IsWhereTiktokenKeepsIt) {
  const EnvironmentVariable tiktoken("TIKTOKEN_CACHE_DIR", std::nullopt);
  const EnvironmentVariable gym("DATA_GYM_CACHE_DIR", std::nullopt);
  EXPECT_EQ(VocabularyCache::from_environment().folder(),
            fs::temp_directory_path() / "data-gym-cache");
  const EnvironmentVariable second("DATA_GYM_CACHE_DIR", "/gym");
  EXPECT_EQ(VocabularyCache::from_environment().folder(), "/gym");
  const EnvironmentVariable first("TIKTOKEN_CACHE_DIR", "/tik");
  EXPECT_EQ(VocabularyCache::from_environment().path_of("cl100k_base"),
            "/tik/9b5ad71b2ce5302211f9c61530b329a4922fc6a4");
  EXPECT_EQ(VocabularyCache("/a").path_of("o200k_harmony"),
            VocabularyCache("/a").path_of("o200k_base"));
  EXPECT_THROW((void)VocabularyCache("/a").path_of("o300k"), VocabularyError);
}

TEST(VocabularyCache, IsSwitchedOffByNothing) {
  const EnvironmentVariable off("TIKTOKEN_CACHE_DIR", "");
  const VocabularyCache cache = VocabularyCache::from_environment();
  EXPECT_TRUE(cache.path_of("o200k_base").empty());
  EXPECT_THAT(error_of_load(cache, "o200k_base"), HasSubstr("TIKTOKEN_CACHE_DIR"));
}

TEST(VocabularyCache, SaysWhatToDoWhereAFileIsMissing) {
  const VocabularyCache cache("/nowhere");
  const std::string error = error_of_load(cache, "o200k_base");
  EXPECT_THAT(error, HasSubstr("encodings/o200k_base.tiktoken"));
  EXPECT_THAT(error, HasSubstr("/nowhere/fb374d419588a4632f3f557e76b4b70aebbca790"));
  EXPECT_THROW((void)cache.load("o200k_base"), MissingVocabularyError);
}

TEST(VocabularyCache, IsInTmpWhereTheFolderForTemporaryFilesIsNone) {
  const EnvironmentVariable tiktoken("TIKTOKEN_CACHE_DIR", std::nullopt);
  const EnvironmentVariable gym("DATA_GYM_CACHE_DIR", std::nullopt);
  const EnvironmentVariable temporary("TMPDIR", "/nowhere");
  EXPECT_EQ(VocabularyCache::from_environment().folder(), "/tmp/data-gym-cache");
}

class VocabularyFolder : public ::testing::Test {
 protected:
  TemporaryFolder folder_;
  VocabularyCache cache_{folder_.path()};
};

TEST_F(VocabularyFolder, RefusesAFileThatIsAnother) {
  std::ofstream(cache_.path_of("r50k_base")) << "IQ== 0\n";
  EXPECT_THAT(error_of_load(cache_, "r50k_base"), HasSubstr("SHA-256"));
}

TEST_F(VocabularyFolder, RefusesWhatIsNoFileAndDoesNotWaitForIt) {
  const fs::path path = cache_.path_of("r50k_base");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_THAT(error_of_load(cache_, "r50k_base"), HasSubstr(path.string() + " is not a file"));
  EXPECT_FALSE(cache_.has("r50k_base"));
  EXPECT_THROW((void)Vocabulary::open(path), VocabularyError);
  EXPECT_THROW((void)Encoding::open_hugging_face(path), VocabularyError);
  EXPECT_THROW((void)Vocabulary::open(folder_.path()), VocabularyError);
  EXPECT_THROW((void)Vocabulary::open("/dev/zero"), VocabularyError);
  EXPECT_THROW((void)Vocabulary::open(folder_ / "none"), VocabularyError);
}

TEST_F(VocabularyFolder, RefusesAFileThatIsFarTooLarge) {
  const fs::path path = folder_ / "large";
  std::ofstream(path) << "IQ== 0\n";
  fs::resize_file(path, std::uintmax_t{1} << 40U);  // takes no place on the disk
  EXPECT_THROW((void)Vocabulary::open(path), VocabularyError);
}

TEST_F(VocabularyFolder, IsMadeSoThatNobodyElseMayWriteToIt) {
  const mode_t before = ::umask(0);
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
  Vocabulary::from_tokens(tokens).save_compiled(folder_ / "new" / "tables");
  ::umask(before);
  const auto others = fs::perms::group_write | fs::perms::others_write;
  EXPECT_EQ(fs::status(folder_ / "new").permissions() & others, fs::perms::none);
}

}  // namespace
}  // namespace cochain::testing
