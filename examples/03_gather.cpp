// What you learn: many model calls at once, a limit on how many, and a deadline for each.
// How to run:     build/release/bin/example_03_gather [provider:model]
// What it prints: the questions as their turn comes, then the answers in order.
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <cochain/cochain.hpp>

using namespace cochain;
using namespace std::chrono_literals;

Coro<std::string> ask(std::shared_ptr<ChatModel> model, std::shared_ptr<Semaphore> slots,
                      std::string question) {
  const auto slot = co_await slots->scoped();  // given back at the end of the scope
  std::cout << "asking: " << question << '\n';
  const AIMessage answer = co_await wait_for(model->invoke(messages(question)), 30s);
  co_return answer.text();
}

Coro<> ask_all(std::string model_name) {
  const ModelHandle opened = open_model(model_name);
  const auto slots = std::make_shared<Semaphore>(2);
  std::vector<Coro<std::string>> calls;
  for (const std::string city : {"Paris", "Rome", "Oslo", "Lima", "Cairo"}) {
    calls.push_back(ask(opened.model, slots, "Why visit " + city + "?"));
  }
  const std::vector<std::string> answers = co_await gather(std::move(calls));
  for (const std::string& answer : answers) {
    std::cout << answer.substr(0, answer.find('.')) << ".\n";  // the first sentence
  }
}

int main(int argc, char** argv) { run(ask_all(argc > 1 ? argv[1] : "sim")); }
