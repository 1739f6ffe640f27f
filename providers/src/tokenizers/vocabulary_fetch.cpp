// One GET, read to its end and handed to the cache, which checks it and writes it on a thread.

#include "cochain/providers/tokenizers/vocabulary_fetch.hpp"

#include <charconv>
#include <string_view>

#include "cochain/core/executor.hpp"

namespace cochain {
namespace {

constexpr std::size_t kRankFileBytesMax = std::size_t{64} * 1024 * 1024;

std::optional<std::size_t> announced_bytes(const HttpHeaders& headers) {
  const std::optional<std::string_view> text = headers.get("Content-Length");
  if (!text || headers.get("Content-Encoding")) return std::nullopt;
  std::size_t bytes = 0;
  const char* const end = text->data() + text->size();
  const auto read = std::from_chars(text->data(), end, bytes);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return bytes;
}

std::string rank_file_url(const std::string& encoding, const std::string& folder_url) {
  const std::string published = VocabularyCache::url_of(encoding);
  if (folder_url.empty()) return published;
  const std::string file = published.substr(published.rfind('/') + 1);
  return folder_url + (folder_url.ends_with('/') ? "" : "/") + file;
}

Coro<std::string> read_rank_file(std::shared_ptr<HttpTransport> transport, std::string url,
                                 FetchOptions::OnProgress on_progress) {
  HttpRequest request("GET", url);
  request.with_body_bytes_max(kRankFileBytesMax);
  HttpResponse response = co_await transport->open(std::move(request));
  if (response.status != 200) {
    throw VocabularyError(url + " answered " + std::to_string(response.status) +
                          " and not with a rank file");
  }
  const std::optional<std::size_t> total = announced_bytes(response.headers);
  std::string text;
  while (auto part = co_await response.body->read()) {
    text += *part;
    if (on_progress) on_progress(text.size(), total);
  }
  co_return text;
}

}  // namespace

Coro<std::filesystem::path> fetch_vocabulary(std::shared_ptr<HttpTransport> transport,
                                             VocabularyCache cache, std::string encoding,
                                             FetchOptions options) {
  const std::string url = rank_file_url(encoding, options.from());
  if (cache.folder().empty()) {
    throw VocabularyError("there is no cache to keep " + url +
                          " in: name a folder by TIKTOKEN_CACHE_DIR");
  }
  const bool is_there = co_await to_thread(
      [](const VocabularyCache& kept, const std::string& name) { return kept.has(name); }, cache,
      encoding);
  if (is_there) co_return cache.path_of(encoding);
  std::string text = co_await read_rank_file(transport, url, options.on_progress());
  co_await to_thread(
      [](const VocabularyCache& kept, const std::string& name, const std::string& from,
         const std::string& rank_text) {
        try {
          kept.store(name, rank_text);
        } catch (const VocabularyError& error) {
          throw VocabularyError(from + ": " + error.what());
        }
      },
      cache, encoding, url, std::move(text));
  co_return cache.path_of(encoding);
}

}  // namespace cochain
