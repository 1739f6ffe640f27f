// In what pieces a value arrives, and how pieces become the value again.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cochain/chains/model/content_event.hpp"
#include "cochain/chains/model/message.hpp"
#include "cochain/chains/model/message_json.hpp"
#include "cochain/core/stream.hpp"

namespace cochain {

/// The pieces of a T in a stream. The general case arrives whole: a later one replaces it.
/// Shape: specialise it to stream a type of your own: Chunk, add() and split(). Do so above the
///        first step that names the type.
template <class T>
class ChunkTraits {
 public:
  using Chunk = T;
  static void add(std::optional<T>& sum, Chunk chunk) { sum = std::move(chunk); }
  static std::vector<Chunk> split(T value) {
    std::vector<Chunk> chunks;
    chunks.push_back(std::move(value));
    return chunks;
  }
};

/// Text arrives piece by piece.
template <>
class ChunkTraits<std::string> {
 public:
  using Chunk = std::string;
  static void add(std::optional<std::string>& sum, Chunk chunk);
  static std::vector<Chunk> split(std::string value);
};

/// A list of texts arrives by shorter lists, which are joined.
template <>
class ChunkTraits<std::vector<std::string>> {
 public:
  using Chunk = std::vector<std::string>;
  static void add(std::optional<Chunk>& sum, Chunk chunk);
  static std::vector<Chunk> split(Chunk value);
};

/// A message is the sum of its chunks.
template <>
class ChunkTraits<AIMessage> {
 public:
  using Chunk = AIMessageChunk;
  static void add(std::optional<AIMessage>& sum, Chunk chunk);
  static std::vector<Chunk> split(AIMessage value);
};

template <class T>
using chunk_of_t = typename ChunkTraits<T>::Chunk;

/// The value that a stream of pieces adds up to; nothing if there were none.
/// Suspends: until the stream is over.
template <class T>
Coro<std::optional<T>> fold(Stream<chunk_of_t<T>> chunks) {
  std::optional<T> sum;
  while (auto chunk = co_await chunks.next()) ChunkTraits<T>::add(sum, std::move(*chunk));
  co_return sum;
}

}  // namespace cochain
