// What you learn: one chain over many inputs, where one that fails does not stop the others.
// How to run:     build/release/bin/example_05_batch [provider:model]
// What it prints: an outcome for each input, then a count while a second batch runs.
#include <iostream>
#include <string>
#include <vector>

#include <cochain/cochain.hpp>

using namespace cochain;

Coro<> summarise(std::string model_name) {
  const auto chain = ChatPromptTemplate().human("Summarise: {text}") |
                     open_model(model_name).model | StrOutputParser();
  std::vector<Variables> inputs;
  inputs.push_back(variables("text", "Whales sing, and nobody knows why."));
  inputs.push_back(variables("txt", "The name of this variable is wrong."));
  inputs.push_back(variables("text", "Bees dance to tell where flowers are."));

  const auto outcomes = co_await chain.batch(inputs);
  for (const Outcome<std::string>& outcome : outcomes) {
    if (outcome.ok()) {
      const std::string& text = outcome.value();
      std::cout << "ok:     " << text.substr(0, text.find('.')) << ".\n";
    } else {
      std::cout << "failed: " << describe(outcome.error()) << '\n';
    }
  }

  // Each outcome as soon as it is there, at most two calls at once.
  const RunConfig config = RunConfig().with_max_concurrency(2);
  std::size_t done = 0;
  auto items = chain.batch_as_completed(inputs, config);
  while (auto item = co_await items.next()) {
    std::cout << ++done << " of " << inputs.size() << " done\n";
  }
}

int main(int argc, char** argv) { run(summarise(argc > 1 ? argv[1] : "sim")); }
