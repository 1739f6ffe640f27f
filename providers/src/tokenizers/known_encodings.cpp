// Source: openai/tiktoken 0.14, tiktoken_ext/openai_public.py.

#include "known_encodings.hpp"

#include <utility>

#include "cochain/providers/tokenizers/tokenizer_error.hpp"

namespace cochain {
namespace detail {
namespace {

std::vector<SpecialToken> harmony_special_tokens() {
  std::vector<SpecialToken> tokens = {
      {"<|startoftext|>", 199998}, {"<|endoftext|>", 199999}, {"<|return|>", 200002},
      {"<|constrain|>", 200003},   {"<|channel|>", 200005},   {"<|start|>", 200006},
      {"<|end|>", 200007},         {"<|message|>", 200008},   {"<|call|>", 200012},
      {"<|endofprompt|>", 200018},
  };
  // The rest of 200000 to 201087 is reserved. 200018 is too, and has two names.
  for (TokenId id = 200000; id < 201088; ++id) {
    const bool is_taken =
        id == 200002 || id == 200003 || (id >= 200005 && id <= 200008) || id == 200012;
    if (!is_taken) tokens.emplace_back("<|reserved_" + std::to_string(id) + "|>", id);
  }
  return tokens;
}

}  // namespace

std::string_view without_provider(std::string_view model) noexcept {
  const std::size_t colon = model.find(':');
  return colon == model.npos || model.starts_with("ft:") ? model : model.substr(colon + 1);
}

Encoding make_known_encoding(KnownEncoding known, Vocabulary vocabulary) {
  if (vocabulary.size() != known.tokens) {
    throw VocabularyError(known.name + " has " + std::to_string(known.tokens) +
                          " tokens, but the rank file has " + std::to_string(vocabulary.size()));
  }
  return Encoding(std::move(known.name), known.rule, std::move(vocabulary),
                  std::move(known.special_tokens));
}

KnownEncoding find_known_encoding(std::string_view name) {
  if (name == "r50k_base")
    return {"r50k_base", PieceRule::kR50k, 50256, {{"<|endoftext|>", 50256}}};
  if (name == "p50k_base")
    return {"p50k_base", PieceRule::kR50k, 50280, {{"<|endoftext|>", 50256}}};
  if (name == "p50k_edit") {
    return {"p50k_edit",
            PieceRule::kR50k,
            50280,
            {{"<|endoftext|>", 50256},
             {"<|fim_prefix|>", 50281},
             {"<|fim_middle|>", 50282},
             {"<|fim_suffix|>", 50283}}};
  }
  if (name == "cl100k_base") {
    return {"cl100k_base",
            PieceRule::kCl100k,
            100256,
            {{"<|endoftext|>", 100257},
             {"<|fim_prefix|>", 100258},
             {"<|fim_middle|>", 100259},
             {"<|fim_suffix|>", 100260},
             {"<|endofprompt|>", 100276}}};
  }
  if (name == "o200k_base") {
    return {"o200k_base",
            PieceRule::kO200k,
            199998,
            {{"<|endoftext|>", 199999}, {"<|endofprompt|>", 200018}}};
  }
  if (name == "o200k_harmony") {
    return {"o200k_harmony", PieceRule::kO200k, 199998, harmony_special_tokens()};
  }
  std::string names;
  for (const std::string& known : Encoding::known_names()) names += " " + known;
  throw VocabularyError("no encoding is called " + std::string(name) + "; known are" + names);
}

}  // namespace detail

std::vector<std::string> Encoding::known_names() {
  return {"r50k_base", "p50k_base", "p50k_edit", "cl100k_base", "o200k_base", "o200k_harmony"};
}

Encoding Encoding::parse(std::string_view name, std::string_view rank_text) {
  detail::KnownEncoding known = detail::find_known_encoding(name);
  Vocabulary vocabulary = Vocabulary::parse(rank_text);
  return detail::make_known_encoding(std::move(known), std::move(vocabulary));
}

Encoding Encoding::open(std::string_view name, const std::filesystem::path& path) {
  detail::KnownEncoding known = detail::find_known_encoding(name);
  Vocabulary vocabulary = Vocabulary::open(path);
  return detail::make_known_encoding(std::move(known), std::move(vocabulary));
}

}  // namespace cochain
