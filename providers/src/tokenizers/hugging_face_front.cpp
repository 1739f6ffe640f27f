// The normalizer, the pre_tokenizer and the added tokens of a tokenizer file.

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "cochain/providers/tokenizers/tokenizer_error.hpp"
#include "hugging_face.hpp"
#include "nfc_text.hpp"

namespace cochain::detail {
namespace {

using KnownPattern = std::pair<std::string_view, PieceRule>;

constexpr std::array<KnownPattern, 4> kKnownPatterns{{
    {R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)",
     PieceRule::kR50k},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
     R"(|\s*[\r\n]+|\s+(?!\S)|\s+)",
     PieceRule::kLlama3},
    {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
     R"(|\s*[\r\n]+|\s+(?!\S)|\s+)",
     PieceRule::kQwen2},
    {R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
     R"((?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
     R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*)"
     R"((?i:'s|'t|'re|'ve|'m|'ll|'d)?)"
     R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     PieceRule::kO200k},
}};

constexpr std::size_t kSplittersMax = 16;
constexpr std::size_t kNestedMax = 8;

/// What is called a Sequence here holds a list of its kind.
void read_normalizer(const JsonPlace& normalizer, FrontParts& front, std::size_t depth) {
  const std::string_view type = normalizer.member("type").string();
  if (type == "NFC") {
    front.form = TextForm::kNfc;
  } else if (type == "Sequence" && depth < kNestedMax) {
    const JsonPlace list = normalizer.member("normalizers");
    std::size_t n = 0;
    for (const simdjson::dom::element each : list.array()) {
      read_normalizer(list.item(each, n++), front, depth + 1);
    }
  } else {
    normalizer.member("type").refuse("the normalizer " + std::string(type));
  }
}

void read_split(const JsonPlace& split, FrontParts& front) {
  const JsonPlace pattern = split.member("pattern");
  const std::optional<JsonPlace> regex = pattern.optional_member("Regex");
  const JsonPlace text = regex ? *regex : pattern.member("String");
  const auto known =
      std::find_if(kKnownPatterns.begin(), kKnownPatterns.end(),
                   [&](const KnownPattern& one) { return regex && one.first == text.string(); });
  // Known patterns match all of a text, so nothing lies between the matches that could be removed.
  const JsonPlace behavior = split.member("behavior");
  const bool keeps_all =
      behavior.string() == "Isolated" ||
      (behavior.string() == "Removed" && split.has_flag("invert") && known != kKnownPatterns.end());
  if (!keeps_all) behavior.refuse("the behavior " + std::string(behavior.string()));
  if (known != kKnownPatterns.end()) {
    front.splitters.push_back(std::make_unique<const RuleSplitter>(known->second));
    return;
  }
  try {
    front.splitters.push_back(
        make_pattern_splitter(regex ? PatternKind::kRegex : PatternKind::kLiteral, text.string()));
  } catch (const VocabularyError& error) {
    text.fail(error.what());
  }
}

/// Returns whether bytes have become letters, behind which no step is supported.
bool read_pre_tokenizer(const JsonPlace& step, FrontParts& front, std::size_t depth) {
  const JsonPlace type = step.member("type");
  if (front.splitters.size() == kSplittersMax) step.refuse("a step beyond the 16th");
  if (type.string() == "ByteLevel") {
    const std::optional<JsonPlace> prefix = step.optional_member("add_prefix_space");
    if (!prefix || prefix->boolean()) front.prefix_space = PrefixSpace::kAdded;
    const std::optional<JsonPlace> regex = step.optional_member("use_regex");
    if (!regex || regex->boolean()) front.last_rule = PieceRule::kR50k;
    return true;
  }
  if (type.string() == "Split") {
    read_split(step, front);
  } else if (type.string() == "Digits") {
    const DigitPieces pieces =
        step.has_flag("individual_digits") ? DigitPieces::kEach : DigitPieces::kTogether;
    front.splitters.push_back(std::make_unique<const DigitSplitter>(pieces));
  } else if (type.string() == "Sequence" && depth < kNestedMax) {
    const JsonPlace list = step.member("pretokenizers");
    bool is_done = false;
    std::size_t n = 0;
    for (const simdjson::dom::element each : list.array()) {
      const JsonPlace place = list.item(each, n++);
      if (is_done) place.refuse("a step behind ByteLevel");
      is_done = read_pre_tokenizer(place, front, depth + 1);
    }
    return is_done;
  } else {
    type.refuse("the pre-tokenizer " + std::string(type.string()));
  }
  return false;
}

SpecialToken read_added_token(const JsonPlace& token, FrontParts& front) {
  const JsonPlace content = token.member("content");
  SpecialToken result(std::string(content.string()), token.member("id").number(),
                      token.has_flag("special") ? TokenMatch::kWhereAllowed : TokenMatch::kAlways);
  result.lstrip(token.has_flag("lstrip"))
      .rstrip(token.has_flag("rstrip"))
      .single_word(token.has_flag("single_word"));
  if (result.text().empty()) content.refuse("a token without text");
  if (!token.has_flag("normalized")) {
    front.raw_tokens.push_back(result);
    return result;
  }
  if (front.form == TextForm::kNfc && NfcText(result.text()).view() != result.text()) {
    content.refuse("a token whose text normalising changes");
  }
  front.normal_tokens.push_back(result);
  return result;
}

}  // namespace

FrontParts read_front(const JsonPlace& file) {
  FrontParts front;
  const std::optional<JsonPlace> normalizer = file.optional_member("normalizer");
  if (normalizer) read_normalizer(*normalizer, front, 0);
  const std::optional<JsonPlace> pre_tokenizer = file.optional_member("pre_tokenizer");
  if (!pre_tokenizer || !read_pre_tokenizer(*pre_tokenizer, front, 0)) {
    file.fail("its pre_tokenizer has no ByteLevel: only byte-level BPE is supported");
  }
  return front;
}

std::vector<SpecialToken> read_added_tokens(const JsonPlace& file, FrontParts& front) {
  std::vector<SpecialToken> tokens;
  const std::optional<JsonPlace> list = file.optional_member("added_tokens");
  if (!list) return tokens;
  std::size_t n = 0;
  for (const simdjson::dom::element each : list->array()) {
    tokens.push_back(read_added_token(list->item(each, n++), front));
  }
  return tokens;
}

}  // namespace cochain::detail
