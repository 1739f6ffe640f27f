// Text out of messages.

#include "cochain/chains/parsers/output_parser.hpp"

#include <utility>

namespace cochain {
namespace {

Stream<std::string> text_of(Stream<AIMessageChunk> chunks) {
  while (auto chunk = co_await chunks.next()) {
    std::string text = chunk->take_content();
    if (!text.empty()) co_yield std::move(text);
  }
}

}  // namespace

Coro<std::string> StrOutputParser::invoke(AIMessage input, RunConfig) const {
  co_return std::move(input).text();
}

Stream<std::string> StrOutputParser::transform(Stream<AIMessageChunk> input, RunConfig) const {
  return text_of(std::move(input));
}

}  // namespace cochain
