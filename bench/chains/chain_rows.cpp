// `prompt | model | parser`: whole, in pieces, heard of, and many at once.

#include <string>
#include <utility>
#include <vector>

#include "rows.hpp"

namespace cochain::bench {

ChatPromptTemplate prompt() {
  return ChatPromptTemplate()
      .system("You translate from {input_language} to {output_language}.")
      .human("{text}");
}

Variables question() {
  return variables("input_language", "English", "output_language", "French", "text",
                   "The quick brown fox jumps over the lazy dogs.");
}

std::shared_ptr<const ScriptedModel> model_saying(std::vector<std::string> tokens) {
  return std::make_shared<const ScriptedModel>(std::move(tokens));
}

namespace {

Coro<> invoke(Meter* meter, std::size_t n) {
  const auto chain = prompt() | model_saying(words(kAnswerTokens)) | StrOutputParser();
  std::size_t bytes = 0;
  meter->start();
  for (std::size_t i = 0; i < n; ++i) {
    const std::string text = co_await chain.invoke(question());
    bytes += text.size();
  }
  meter->stop();
  COCHAIN_ASSERT(bytes > n * kAnswerTokens);
}

/// `n` streams of `kStreamTokens` pieces each; a figure is that of one piece.
template <class Chain>
Coro<> drain(Meter* meter, std::size_t n, const Chain* chain) {
  meter->set_parts(kStreamTokens);
  std::size_t pieces = 0;
  meter->start();
  for (std::size_t i = 0; i < n; ++i) {
    Stream<std::string> stream = chain->stream(question());
    while (auto piece = co_await stream.next()) pieces += piece->empty() ? 0 : 1;
  }
  meter->stop();
  COCHAIN_ASSERT(pieces == n * kStreamTokens);
}

Coro<> stream3(Meter* meter, std::size_t n) {
  const auto chain = prompt() | model_saying(words(kStreamTokens)) | StrOutputParser();
  co_await drain(meter, n, &chain);
}

Stream<std::string> upper(Stream<std::string> pieces) {
  while (auto piece = co_await pieces.next()) {
    for (char& c : *piece) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    co_yield std::move(*piece);
  }
}

Stream<std::string> with_dashes(Stream<std::string> pieces) {
  while (auto piece = co_await pieces.next()) {
    for (char& c : *piece) c = c == ' ' ? '-' : c;
    co_yield std::move(*piece);
  }
}

Coro<> stream5(Meter* meter, std::size_t n) {
  const auto chain = prompt() | model_saying(words(kStreamTokens)) | StrOutputParser() |
                     generator<std::string, std::string>("upper", upper) |
                     generator<std::string, std::string>("dashes", with_dashes);
  co_await drain(meter, n, &chain);
}

Coro<> events3(Meter* meter, std::size_t n) {
  const auto chain = prompt() | model_saying(words(kStreamTokens)) | StrOutputParser();
  meter->set_parts(kStreamTokens);
  std::size_t pieces = 0;
  meter->start();
  for (std::size_t i = 0; i < n; ++i) {
    Stream<RunEvent> events = chain.stream_events(question());
    while (auto event = co_await events.next()) pieces += event->chunk.empty() ? 0 : 1;
  }
  meter->stop();
  COCHAIN_ASSERT(pieces >= 3 * n * kStreamTokens);
}

class PieceCounter final : public RunObserver {
 public:
  void on_stream(const Run&, const RunValue& chunk) override { pieces += chunk.empty() ? 0 : 1; }
  std::size_t pieces = 0;
};

Coro<> observed3(Meter* meter, std::size_t n) {
  const auto chain = prompt() | model_saying(words(kStreamTokens)) | StrOutputParser();
  const auto counter = std::make_shared<PieceCounter>();
  meter->set_parts(kStreamTokens);
  meter->start();
  for (std::size_t i = 0; i < n; ++i) {
    RunConfig config;
    config.with_observer(counter);
    Stream<std::string> stream = chain.stream(question(), std::move(config));
    while (auto piece = co_await stream.next()) {
    }
  }
  meter->stop();
  COCHAIN_ASSERT(counter->pieces >= 3 * n * kStreamTokens);
}

Coro<> batch5000(Meter* meter, std::size_t n) {
  const auto chain = prompt() | model_saying(words(kAnswerTokens)) | StrOutputParser();
  meter->set_parts(kBatchItems);
  std::size_t answers = 0;
  meter->start();
  for (std::size_t i = 0; i < n; ++i) {
    std::vector<Variables> inputs;
    inputs.reserve(kBatchItems);
    for (std::size_t k = 0; k < kBatchItems; ++k) inputs.push_back(question());
    RunConfig config;
    config.with_max_concurrency(kBatchAtOnce);
    const auto outcomes = co_await chain.batch(std::move(inputs), std::move(config));
    for (const auto& outcome : outcomes) answers += outcome.ok() ? 1 : 0;
  }
  meter->stop();
  COCHAIN_ASSERT(answers == n * kBatchItems);
}

constexpr Row kRows[] = {
    Row("invoke", on_loop<invoke>),       Row("stream3", on_loop<stream3>),
    Row("stream5", on_loop<stream5>),     Row("events3", on_loop<events3>),
    Row("observed3", on_loop<observed3>), Row("batch5000", on_loop<batch5000>, 10),
};

}  // namespace

std::span<const Row> chain_rows() { return kRows; }

}  // namespace cochain::bench
