// What you learn: steps side by side, steps that choose, tries that are repeated, and what a run
//                 tells of itself.
// How to run:     build/release/bin/example_19_composition
// What it prints: what the chain is made of, its answers, and what happened on the way.
#include <iostream>
#include <stdexcept>
#include <string>

#include <cochain/cochain.hpp>

using namespace cochain;
using namespace std::chrono_literals;

Coro<std::string> look_up(std::string topic) {
  static int calls = 0;
  co_await sleep(20ms);
  if (++calls == 1) throw std::runtime_error("the library is closed");
  co_return "three books on " + topic;
}

bool is_question(const std::string& text) { return text.ends_with('?'); }

Chain<std::string, std::string> make_chain() {
  const auto topic = lambda("topic", [](std::string text) {
    return text.substr(text.rfind(' ') + 1, text.size() - text.rfind(' ') - 2);
  });
  const auto books = lambda("books", look_up);
  const auto length = lambda("length", [](std::string word) -> Coro<int> {
    co_await sleep(10ms);
    co_return static_cast<int>(word.size());
  });
  const auto policy = RetryPolicy().with_retry_on_any().with_delay_first(10ms);
  const auto facts = parallel("books", books.with_retry(policy), "letters", length);
  const auto tell = lambda("tell", [](JsonObject found) { return json_text(Json(found)); });
  const auto small_talk = lambda("small talk", [](std::string) { return std::string("I see."); });
  return branch(&is_question, topic | facts | tell, small_talk);
}

Coro<> ask() {
  const auto chain = make_chain();
  std::cout << explain(chain) << '\n';

  auto events = chain.stream_events("What do you know of rivers?");
  while (auto event = co_await events.next()) {
    if (event->kind == RunEvent::Kind::kStream) continue;
    std::cout << event->event() << "  " << event->run->name() << '\n';
  }
  const auto texts = [] { return std::vector<std::string>{"Who knows stars?", "It rains."}; }();
  const auto outcomes = co_await chain.batch(texts, RunConfig().with_max_concurrency(2));
  for (const auto& outcome : outcomes) std::cout << outcome.value() << '\n';
}

// In virtual time the order is the same on every machine, however busy.
int main() { run(ask(), RunOptions().with_clock(std::make_shared<VirtualClock>())); }
