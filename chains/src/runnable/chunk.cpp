// The pieces of texts, of lists of texts and of messages.

#include "cochain/chains/runnable/chunk.hpp"

#include <utility>

namespace cochain {

void ChunkTraits<std::string>::add(std::optional<std::string>& sum, Chunk chunk) {
  if (!sum) {
    sum = std::move(chunk);
  } else {
    *sum += chunk;
  }
}

std::vector<std::string> ChunkTraits<std::string>::split(std::string value) {
  std::vector<std::string> chunks;
  chunks.push_back(std::move(value));
  return chunks;
}

void ChunkTraits<std::vector<std::string>>::add(std::optional<Chunk>& sum, Chunk chunk) {
  if (!sum) {
    sum = std::move(chunk);
  } else {
    for (std::string& text : chunk) sum->push_back(std::move(text));
  }
}

auto ChunkTraits<std::vector<std::string>>::split(Chunk value) -> std::vector<Chunk> {
  std::vector<Chunk> chunks;
  chunks.push_back(std::move(value));
  return chunks;
}

void ChunkTraits<AIMessage>::add(std::optional<AIMessage>& sum, Chunk chunk) {
  if (!sum) sum.emplace();
  *sum += std::move(chunk);
}

std::vector<AIMessageChunk> ChunkTraits<AIMessage>::split(AIMessage value) {
  std::vector<AIMessageChunk> chunks;
  for (ContentEvent& event : to_events(std::move(value))) chunks.emplace_back(std::move(event));
  return chunks;
}

}  // namespace cochain
