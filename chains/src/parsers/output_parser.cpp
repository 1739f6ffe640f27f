// Text out of messages.

#include "cochain/chains/parsers/output_parser.hpp"

#include <utility>

namespace cochain {

template class Runnable<AIMessage, std::string>;
namespace {

Stream<std::string> text_of(Stream<AIMessageChunk> chunks) {
  bool answered = false;
  bool gave_text = false;
  while (auto chunk = co_await chunks.next()) {
    answered = true;
    std::string text = chunk->take_content();
    if (text.empty()) continue;
    gave_text = true;
    co_yield std::move(text);
  }
  // An answer without text is the empty text and not nothing: the pieces add up to what invoke()
  // gives, and the next step runs in either case.
  if (answered && !gave_text) co_yield std::string();
}

}  // namespace

Coro<std::string> StrOutputParser::do_invoke(AIMessage input, RunConfig) const {
  co_return std::move(input).text();
}

Stream<std::string> StrOutputParser::do_transform(Stream<AIMessageChunk> input, RunConfig) const {
  return text_of(std::move(input));
}

}  // namespace cochain
