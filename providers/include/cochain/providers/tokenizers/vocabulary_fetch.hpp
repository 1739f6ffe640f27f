// Rank files fetched from where they are published, when a program asks for it and never otherwise.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "cochain/core/coro.hpp"
#include "cochain/providers/tokenizers/vocabulary_cache.hpp"
#include "cochain/providers/transport.hpp"

namespace cochain {

/// How a rank file is fetched.
class FetchOptions {
 public:
  /// Units: bytes so far, and in all if the answer told.
  using OnProgress = std::function<void(std::size_t, std::optional<std::size_t>)>;

  FetchOptions() = default;
  /// Another place than VocabularyCache::url_of(): the folder of a mirror, to which the name of the
  /// file is appended. What it gives is checked as well.
  FetchOptions& from(std::string folder_url) {
    folder_url_ = std::move(folder_url);
    return *this;
  }
  /// Called as bytes arrive, on the loop.
  FetchOptions& on_progress(OnProgress value) {
    on_progress_ = std::move(value);
    return *this;
  }

  [[nodiscard]] const std::string& from() const noexcept { return folder_url_; }
  [[nodiscard]] const OnProgress& on_progress() const noexcept { return on_progress_; }

 private:
  std::string folder_url_;
  OnProgress on_progress_;
};

/// Puts the rank file of an encoding into the cache, and tells where it is.
/// Shape:    what is there and whole is not fetched again. A file comes into being whole or not at
///           all, and only if its SHA-256 is the one that OpenAI published.
/// Units:    at most 64 MiB are taken.
/// Suspends: until the file is there; cancellable.
/// Errors:   VocabularyError for a name that is not known, an answer that is not the file, and a
///           cache that cannot be written; what the transport throws.
[[nodiscard]] Coro<std::filesystem::path> fetch_vocabulary(std::shared_ptr<HttpTransport> transport,
                                                           VocabularyCache cache,
                                                           std::string encoding,
                                                           FetchOptions options = FetchOptions());

}  // namespace cochain
