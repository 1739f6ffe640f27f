// Words, products and pieces.

#include "texts.hpp"

#include <array>

namespace cochain::bench {

std::vector<std::string> words(std::size_t count) {
  constexpr std::array<std::string_view, 8> kWords = {"the",   "quick", "brown", "fox",
                                                      "jumps", "over",  "lazy",  "dogs"};
  std::vector<std::string> made;
  made.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    made.push_back(" " + std::string(kWords.at(i % kWords.size())));
  }
  return made;
}

std::string document(std::size_t bytes) {
  std::string text = "{\"items\": [";
  for (std::size_t id = 0; text.size() + 2 < bytes; ++id) {
    if (id > 0) text += ", ";
    text += "{\"id\": " + std::to_string(id) + ", \"name\": \"Product " + std::to_string(id) +
            "\", \"price\": " + std::to_string(id % 500) +
            ".25, \"tags\": [\"alpha\", \"beta\"], \"text\": \"A quick brown fox said: \\\"jump "
            "over lazy dogs\\\".\", \"in_stock\": true}";
  }
  return text + "]}";
}

std::vector<std::string> in_fours(std::string_view text) {
  std::vector<std::string> pieces;
  pieces.reserve((text.size() + 3) / 4);
  for (std::size_t at = 0; at < text.size(); at += 4) pieces.emplace_back(text.substr(at, 4));
  return pieces;
}

}  // namespace cochain::bench
