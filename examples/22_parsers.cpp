// What you learn: reading structure out of a text that is still arriving.
// How to run:     build/release/bin/example_22_parsers
// What it prints: a JSON answer as it grows, its finished parts, a list item by item, and XML.
#include <iostream>
#include <string>

#include <cochain/chains.hpp>
#include <cochain/core.hpp>

using namespace cochain;

/// What a model says, five characters at a time.
Stream<std::string> said(std::string text) {
  for (std::size_t at = 0; at < text.size(); at += 5) co_yield text.substr(at, 5);
}

const std::string kRoute =
    "Sure: ```json\n{\"from\": \"Bonn\", \"stops\": [\"Ulm\", \"Pisa\"]}\n```";

class Stops final : public PartialJsonListener {
 public:
  void on_value_end(const JsonPlace& place, const Json& value) override {
    if (place.depth() == 2 && place.key(0) == "stops") {
      std::cout << "whole: " << place.text() << " is " << json_text(value) << '\n';
    }
  }
};

Coro<> main_coro() {
  const auto json = from_text(JsonOutputParser());
  Stream<Json> values = json.transform(said(kRoute));
  while (auto value = co_await values.next()) std::cout << json_text(*value) << '\n';

  Stops stops;
  PartialJsonParser parser(PartialProfile::kComplete);
  parser.listen(&stops);
  parser.feed(R"({"stops": ["Ulm", "Pi)");
  std::cout << "seen: " << json_text(parser.value()) << '\n';
  parser.feed(R"(sa"]})");

  const auto list = from_text(NumberedListOutputParser());
  Stream<std::vector<std::string>> items = list.transform(said("Towns:\n1. Ulm\n2. Pisa"));
  while (auto item = co_await items.next()) std::cout << "item: " << item->front() << '\n';

  const auto xml = from_text(XmlOutputParser());
  Stream<XmlPiece> leaves = xml.transform(said("<trip><from>Bonn</from><to>Pisa</to></trip>"));
  while (auto leaf = co_await leaves.next()) std::cout << "leaf: " << json_text(leaf->json) << '\n';

  try {
    static_cast<void>(word_parser("yes", "no").parse("Perhaps."));
  } catch (const ParseError& error) {
    std::cout << error.what() << ": " << error.text() << '\n';
  }
}

int main() { run(main_coro()); }
