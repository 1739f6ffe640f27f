// What you learn: a tokenizer stalls the loop, debug mode names it, and other threads cure it.
// How to run:     build/release/bin/example_27_tokens
// What it prints: tokens of a text counted in two ways, and what became of the loop meanwhile.
#include <iostream>

#include <cochain/cochain.hpp>
#include <cochain/providers/tokenizers/encoding.hpp>

using namespace cochain;
using namespace std::chrono_literals;

/// A small vocabulary: all bytes, and all pairs of letters. A model's own is get_encoding().
std::shared_ptr<const Tokenizer> make_tokenizer() {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
  for (char a = 'a'; a <= 'z'; ++a) {
    for (char b = 'a'; b <= 'z'; ++b) tokens.push_back({a, b});
  }
  return std::make_shared<Encoding>("pairs", PieceRule::kO200k, Vocabulary::from_tokens(tokens),
                                    std::vector<SpecialToken>());
}

/// Words that are all different: a tokenizer has nothing to remember of them.
std::string make_text(std::size_t size) {
  std::string text;
  for (std::uint32_t n = 1; text.size() < size; ++n) {
    for (std::uint32_t rest = n * 2'654'435'761U; rest > 0; rest /= 26)
      text += static_cast<char>('a' + rest % 26);
    text += ' ';
  }
  return text;
}

Coro<std::size_t> count_on_the_loop(std::shared_ptr<const Tokenizer> tokenizer, std::string text) {
  co_return tokenizer->count(text);  // wrong: nobody else runs until it is done
}

Coro<> tick_until(const Event* done, int* ticks) {
  for (; !done->is_set(); ++*ticks) co_await sleep(1ms);
}

Coro<> watch(Coro<std::size_t> counting, std::string name) {
  Event done;
  int ticks = 0;
  const Task<> ticking = create_task(tick_until(&done, &ticks));
  const std::size_t count = co_await create_task(std::move(counting), std::move(name));
  done.set();
  co_await ticking;
  std::cout << count << " tokens; the loop " << (ticks > 3 ? "went on\n" : "stood still\n");
}

Coro<> compare() {
  const auto tokenizer = make_tokenizer();
  const std::string text = make_text(12'000'000);
  co_await watch(count_on_the_loop(tokenizer, text), "counting");
  co_await watch(count_tokens(tokenizer, text), "counting beside it");
}

int main() {
  set_diagnostic_handler([](const Diagnostic& found) {
    if (found.kind != DiagnosticKind::kSlowCallback) return;  // told at its end, not meanwhile
    if (!found.message.starts_with("task 'counting'")) return;
    std::cout << found.message.substr(0, found.message.find(" for ")) << '\n';
  });
  run(compare(), RunOptions().with_debug(DebugOptions().slow_callback_duration(20ms)));
}
