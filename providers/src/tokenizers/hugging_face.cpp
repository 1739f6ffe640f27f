// From the parts that a tokenizer file has to an encoding.

#include "hugging_face.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "bpe_builder.hpp"
#include "cochain/providers/tokenizers/encoding.hpp"
#include "cochain/providers/tokenizers/tokenizer_error.hpp"
#include "encoding_state.hpp"
#include "whole_file.hpp"

namespace cochain {
namespace detail {
namespace {

/// The rule that does all that a front does; none if the front does more.
std::optional<PieceRule> only_rule(const FrontParts& front) {
  const bool has_one_search = front.raw_tokens.empty() || front.normal_tokens.empty();
  if (front.form != TextForm::kAsItIs || front.prefix_space != PrefixSpace::kNone ||
      !front.letter_splitters.empty() || !has_one_search ||
      !std::ranges::all_of(front.raw_tokens, is_plain) ||
      !std::ranges::all_of(front.normal_tokens, is_plain)) {
    return std::nullopt;
  }
  if (front.splitters.empty()) return front.last_rule;
  const auto* const first = dynamic_cast<const RuleSplitter*>(front.splitters[0].get());
  if (front.splitters.size() > 1 || front.last_rule || first == nullptr) return std::nullopt;
  return first->rule();
}

std::shared_ptr<const EncodingState> read_tokenizer(std::string_view name, std::string_view json) {
  if (json.size() > kVocabularyBytesMax) {
    throw VocabularyError("a tokenizer file of more than 64 MiB is not supported");
  }
  simdjson::dom::parser parser(kVocabularyBytesMax);
  simdjson::dom::element root;
  const simdjson::error_code error = parser.parse(json.data(), json.size()).get(root);
  if (error != simdjson::SUCCESS) {
    throw VocabularyError("the tokenizer file is not valid JSON: " +
                          std::string(simdjson::error_message(error)));
  }
  const JsonPlace file(root, "");
  FrontParts front = read_front(file);
  std::vector<SpecialToken> tokens = read_added_tokens(file, front);
  std::shared_ptr<const BpeTables> tables = build_tables(read_merges(file.member("model")));
  const std::optional<PieceRule> rule = only_rule(front);
  return std::make_shared<const EncodingState>(
      std::string(name), rule.value_or(PieceRule::kR50k), std::move(tables), std::move(tokens),
      rule ? nullptr : std::make_unique<const TextFront>(std::move(front)));
}

}  // namespace
}  // namespace detail

Encoding Encoding::parse_hugging_face(std::string_view name, std::string_view json) {
  return Encoding(detail::read_tokenizer(name, json));
}

Encoding Encoding::open_hugging_face(const std::filesystem::path& path) {
  const std::optional<std::string> json = detail::read_whole_file(path);
  if (!json) throw VocabularyError("there is no tokenizer file " + path.string());
  try {
    return parse_hugging_face(path.filename().string(), *json);
  } catch (const VocabularyError& problem) {
    throw VocabularyError(path.string() + ": " + problem.what());
  }
}

}  // namespace cochain
