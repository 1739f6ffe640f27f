// What you learn: steps joined to a chain with `|`, and its output read as it comes.
// How to run:     build/release/bin/example_04_chain [provider:model]
// What it prints: an answer, token by token, then another one as a whole.
#include <iostream>
#include <string>

#include <cochain/cochain.hpp>

using namespace cochain;

Coro<> translate(std::string model_name) {
  const auto prompt =
      ChatPromptTemplate().system("You translate from English to {language}.").human("{text}");
  const auto chain = prompt | open_model(model_name).model | StrOutputParser();

  Stream<std::string> answer =
      chain.stream(variables("language", "French", "text", "Good morning."));
  while (auto piece = co_await answer.next()) std::cout << *piece << std::flush;
  std::cout << "\n\n";

  const std::string whole =
      co_await chain.invoke(variables("language", "German", "text", "Good night."));
  std::cout << whole << '\n';
}

int main(int argc, char** argv) { run(translate(argc > 1 ? argv[1] : "sim")); }
