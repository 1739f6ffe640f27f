// JSON that arrives in pieces of four bytes: in a chain, and the parser alone.

#include <string>
#include <utility>
#include <vector>

#include "rows.hpp"

namespace cochain::bench {
namespace {

constexpr std::size_t kSmall = std::size_t{10} << 10U;
constexpr std::size_t kLarge = std::size_t{1} << 20U;

/// Each value so far, as LangChain gives it.
Coro<> structured10k(Meter* meter, std::size_t n) {
  const auto chain = prompt() | model_saying(in_fours(document(kSmall))) | JsonOutputParser();
  std::size_t values = 0;
  meter->start();
  for (std::size_t i = 0; i < n; ++i) {
    Stream<Json> stream = chain.stream(question());
    while (auto value = co_await stream.next()) values += value->is_object() ? 1 : 0;
  }
  meter->stop();
  COCHAIN_ASSERT(values > n * kSmall / 8);
}

/// What changed, piece by piece.
template <std::size_t Bytes>
Coro<> structured_diff(Meter* meter, std::size_t n) {
  const auto chain = prompt() | model_saying(in_fours(document(Bytes))) | JsonOutputParser().diff();
  std::size_t patches = 0;
  meter->start();
  for (std::size_t i = 0; i < n; ++i) {
    Stream<JsonPatch> stream = chain.stream(question());
    while (auto patch = co_await stream.next()) patches += patch->operations.empty() ? 0 : 1;
  }
  meter->stop();
  COCHAIN_ASSERT(patches > n * Bytes / 8);
}

/// Joined, and parsed once at its end.
template <std::size_t Bytes>
Coro<> structured_whole(Meter* meter, std::size_t n) {
  const auto chain = prompt() | model_saying(in_fours(document(Bytes))) | StrOutputParser() |
                     lambda("parse", [](std::string text) { return parse_json(text); });
  std::size_t values = 0;
  meter->start();
  for (std::size_t i = 0; i < n; ++i) {
    Stream<Json> stream = chain.stream(question());
    while (auto value = co_await stream.next()) values += value->is_object() ? 1 : 0;
  }
  meter->stop();
  COCHAIN_ASSERT(values == n);
}

/// The parser alone, whose value is looked at after each piece.
template <std::size_t Bytes>
void parse(Meter& meter, std::size_t n) {
  const std::vector<std::string> pieces = in_fours(document(Bytes));
  std::size_t seen = 0;
  meter.start();
  for (std::size_t i = 0; i < n; ++i) {
    PartialJsonParser parser(PartialProfile::kLangChain);
    for (const std::string& piece : pieces) {
      parser.feed(piece);
      seen += parser.visible() != nullptr ? 1 : 0;
    }
    parser.finish();
    COCHAIN_ASSERT(parser.done());
  }
  meter.stop();
  COCHAIN_ASSERT(seen + n >= n * pieces.size());
}

constexpr Row kRows[] = {
    Row("structured10k", on_loop<structured10k>, 10),
    Row("structured10k_whole", on_loop<structured_whole<kSmall>>, 100),
    Row("structured1m_whole", on_loop<structured_whole<kLarge>>, 2),
    Row("structured10k_diff", on_loop<structured_diff<kSmall>>, 100),
    Row("structured1m_diff", on_loop<structured_diff<kLarge>>, 2),
    Row("parse10k", parse<kSmall>),
    Row("parse1m", parse<kLarge>, 5),
};

}  // namespace

std::span<const Row> structured_rows() { return kRows; }

}  // namespace cochain::bench
