// Tokenizers by the names of models: what is loaded, and what is told where it cannot be.

#include "cochain/providers/tokenizers/model_tokenizer.hpp"

#include <cstdlib>
#include <future>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async_test.hpp"
#include "environment_variable.hpp"

namespace cochain::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

ASYNC_TEST(ModelTokenizer, TellsWhatToRunWhereTheVocabularyIsNotThere) {
  const EnvironmentVariable cache("TIKTOKEN_CACHE_DIR", "/nowhere");
  for (int times = 0; times < 2; ++times) {
    std::string told;
    try {
      co_await count_tokens(messages("hello"), "gpt-5-mini");
    } catch (const MissingVocabularyError& error) {
      told = error.what();
    }
    EXPECT_THAT(told, AllOf(HasSubstr("cochain tokens fetch o200k_base"), HasSubstr("/nowhere")));
  }
}

/// Ends the program while a thread asks for an encoding, again and again.
[[noreturn]] void end_while_it_is_loaded() {
  ::setenv("TIKTOKEN_CACHE_DIR", "/nowhere", 1);
  std::promise<void> begun;
  tokenizer_executor().submit([&begun] {
    for (int times = 0; times < 2000; ++times) {
      try {
        (void)get_encoding("o200k_base");
      } catch (const MissingVocabularyError&) {
      }
      if (times == 0) begun.set_value();
    }
  });
  begun.get_future().wait();
  std::exit(0);
}

TEST(ModelTokenizerExecutorDeathTest, EndsWhileAnEncodingIsLoaded) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(end_while_it_is_loaded(), ::testing::ExitedWithCode(0), "");
}

ASYNC_TEST(ModelTokenizer, KnowsNoModelOfOthers) {
  std::string told;
  try {
    co_await count_tokens(messages("hello"), "claude-5");
  } catch (const VocabularyError& error) {
    told = error.what();
  }
  EXPECT_THAT(told, HasSubstr("'claude-5'"));
}

TEST(ModelTokenizer, KnowsWhatFamiliesCountBeyondTheTexts) {
  EXPECT_EQ(token_counting_for_model("gpt-3.5-turbo-0301").tokens_per_message(), 4);
  EXPECT_EQ(token_counting_for_model("openai:gpt-4-0613").tokens_per_tool(), 10);
  EXPECT_EQ(token_counting_for_model("openai:ft:gpt-4-0613:acme::1").tokens_per_tool(), 10);
  EXPECT_EQ(token_counting_for_model("gpt-4o").tokens_per_tool(), 7);
  EXPECT_EQ(token_counting_for_model("gpt-4.1-mini").tokens_per_tool(), 7);
  EXPECT_EQ(token_counting_for_model("gpt-5").tokens_per_message(), 3);
}

ASYNC_TEST(ModelTokenizer, CountsAsOpenAiDoesAndLoadsOnce) {
  if (!VocabularyCache::from_environment().has("cl100k_base")) {
    GTEST_LOG_(INFO) << "SKIPPED: there is no cl100k_base in tiktoken's cache";
    co_return;
  }
  // "system" 1, "You are a helpful assistant." 6, "user" 1, "hello" 1, 3 for each and the reply.
  const Messages said =
      messages(SystemMessage("You are a helpful assistant."), HumanMessage("hello"));
  const std::int64_t count = co_await count_tokens(said, "gpt-4");
  EXPECT_EQ(count, 3 + 1 + 6 + 3 + 1 + 1 + 3);
  EXPECT_EQ(get_encoding("cl100k_base"), encoding_for_model("gpt-4"));
}

}  // namespace
}  // namespace cochain::testing
