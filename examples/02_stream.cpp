// What you learn: asking a model, and reading its answer while it is written.
// How to run:     build/release/bin/example_02_stream [provider:model]
// What it prints: the answer, token by token, and what it cost.
#include <iostream>
#include <string>

#include <cochain/cochain.hpp>

using namespace cochain;

Coro<> tell(std::string model_name) {
  const ModelHandle opened = open_model(model_name);
  Stream<AIMessageChunk> answer = opened.model->stream(messages("Why is the sky blue?"));

  AIMessage message;
  while (auto chunk = co_await answer.next()) {
    std::cout << chunk->content() << std::flush;
    message += std::move(*chunk);  // a message is the sum of its chunks
  }
  std::cout << "\n(" << message.usage.output_tokens << " tokens)\n";
}

int main(int argc, char** argv) { run(tell(argc > 1 ? argv[1] : "sim")); }
