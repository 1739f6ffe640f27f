// What can be seen of the beginning of a JSON text. Reads lines {"input": "<beginning>"} and writes
// for each {"langchain": value, "complete": value}; null if there is nothing to be seen.
#include "cochain/chains/parsers/partial_json.hpp"

#include <exception>
#include <iostream>
#include <string>

namespace {

cochain::Json seen(const std::string& text, cochain::PartialProfile profile) {
  return cochain::parse_partial_json(text, profile).value_or(nullptr);
}

std::string answer(const std::string& line) {
  try {
    const cochain::Json request = cochain::parse_json(line);
    const std::string input(request.as_object().at("input").as_string());
    const cochain::Json langchain = seen(input, cochain::PartialProfile::kLangChain);
    const cochain::Json complete = seen(input, cochain::PartialProfile::kComplete);
    return cochain::json_text(cochain::json_object("langchain", langchain, "complete", complete));
  } catch (const std::exception& error) {
    return cochain::json_text(cochain::json_object("error", error.what()));
  }
}

}  // namespace

int main() {
  std::string line;
  while (std::getline(std::cin, line)) std::cout << answer(line) << '\n' << std::flush;
}
