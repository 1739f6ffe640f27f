// Rank files fetched into the cache: what is kept, and what is refused and leaves nothing behind.

#include "cochain/providers/tokenizers/vocabulary_fetch.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <unistd.h>

#include "http_peer.hpp"
#include "temporary_folder.hpp"

namespace cochain::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::size_t files_in(const TemporaryFolder& folder) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()));
}

Coro<std::string> error_of_fetch(VocabularyCache cache, std::string name, FetchOptions options) {
  std::string told = "none";
  try {
    co_await fetch_vocabulary(make_curl_transport(), std::move(cache), std::move(name),
                              std::move(options));
  } catch (const Error& error) {
    told = error.what();
  }
  co_return told;
}

ASYNC_TEST(VocabularyFetch, RefusesWhatIsNotTheFileAndKeepsNothing) {
  const TemporaryFolder folder;
  const Peer peer(text_answer("IQ== 0\n"));
  std::vector<std::size_t> heard;
  FetchOptions options;
  options.from(peer.url("/mirror")).on_progress([&heard](std::size_t bytes, auto) {
    heard.push_back(bytes);
  });
  const std::string told =
      co_await error_of_fetch(VocabularyCache(folder.path()), "o200k_harmony", options);
  EXPECT_THAT(told, HasSubstr("/mirror/o200k_base.tiktoken: this is not the rank file"));
  EXPECT_EQ(files_in(folder), 0U);
  EXPECT_EQ(heard, std::vector<std::size_t>{7});
  EXPECT_THAT(peer.seen(), SizeIs(1));
}

ASYNC_TEST(VocabularyFetch, TellsAnAnswerThatIsNoFile) {
  const TemporaryFolder folder;
  const Peer peer(SimulatedReply::http(404, "text/plain", "no such file"));
  const std::string told = co_await error_of_fetch(VocabularyCache(folder.path()), "cl100k_base",
                                                   FetchOptions().from(peer.url("/")));
  EXPECT_THAT(told, HasSubstr("/cl100k_base.tiktoken answered 404"));
}

ASYNC_TEST(VocabularyFetch, TakesNoMoreThanItsLimit) {
  const TemporaryFolder folder;
  const std::string block(std::size_t{1} << 20U, 'x');
  const Peer peer([&block](const SimulatedRequest&) {
    SimulatedReply reply = raw(chunked_head());
    for (int n = 0; n < 66; ++n) reply.write(chunk(block));
    return reply;
  });
  const std::string told = co_await error_of_fetch(VocabularyCache(folder.path()), "cl100k_base",
                                                   FetchOptions().from(peer.url("/")));
  EXPECT_THAT(told, HasSubstr("67108864"));
  EXPECT_EQ(files_in(folder), 0U);
}

ASYNC_TEST(VocabularyFetch, KnowsNamesBeforeItAsksAnybody) {
  const Peer peer(text_answer(""));
  const FetchOptions options = FetchOptions().from(peer.url("/"));
  const std::string of_name = co_await error_of_fetch(VocabularyCache("/tmp"), "gpt9", options);
  EXPECT_THAT(of_name, HasSubstr("no encoding is called gpt9"));
  const std::string of_cache = co_await error_of_fetch(VocabularyCache(""), "r50k_base", options);
  EXPECT_THAT(of_cache, HasSubstr("TIKTOKEN_CACHE_DIR"));
  EXPECT_THAT(peer.seen(), SizeIs(0));
}

// The published file, where there is one: a mirror gives it out, and it is fetched once.
ASYNC_TEST(VocabularyFetch, KeepsTheFileThatWasPublishedAndFetchesItOnce) {
  const VocabularyCache here = VocabularyCache::from_environment();
  if (!here.has("r50k_base")) {
    GTEST_LOG_(INFO) << "SKIPPED: there is no r50k_base in tiktoken's cache to serve";
    co_return;
  }
  std::ifstream in(here.path_of("r50k_base"), std::ios::binary);
  const std::string file{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  const TemporaryFolder folder;
  const VocabularyCache cache(folder.path() / "new");
  const Peer peer(text_answer(file));
  for (int times = 0; times < 2; ++times) {
    const fs::path path = co_await fetch_vocabulary(make_curl_transport(), cache, "r50k_base",
                                                    FetchOptions().from(peer.url("/encodings")));
    EXPECT_EQ(path, cache.path_of("r50k_base"));
  }
  EXPECT_THAT(peer.seen(), SizeIs(1));
  EXPECT_TRUE(cache.has("r50k_base"));
  EXPECT_EQ(cache.load("r50k_base").count("hello world"), 2U);
}

}  // namespace
}  // namespace cochain::testing
