// Rank files in tiktoken's cache, and the encodings of models.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "cochain/providers/tokenizers/vocabulary_cache.hpp"
#include "environment_variable.hpp"

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

TEST(VocabularyCache, RefusesAFileThatIsAnother) {
  const fs::path folder =
      fs::temp_directory_path() / ("cochain-cache-" + std::to_string(::getpid()));
  fs::create_directories(folder);
  const VocabularyCache cache(folder);
  std::ofstream(cache.path_of("r50k_base")) << "IQ== 0\n";
  EXPECT_THAT(error_of_load(cache, "r50k_base"), HasSubstr("SHA-256"));
  fs::remove_all(folder);
}

}  // namespace
}  // namespace cochain::testing
