// The normalizer, the pre_tokenizer and the added tokens of a tokenizer file.

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
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

constexpr std::array<KnownPattern, 5> kKnownPatterns{{
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
    {R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
     R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*)"
     R"(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
     PieceRule::kTekken},
}};

/// The steps of DeepSeek's: a text may be cut in front of a blank, if no space is before it.
using BoundaryPattern = std::pair<std::string_view, SureBoundary>;
constexpr std::array<BoundaryPattern, 3> kPatternsAtBlanks{{
    {R"(\p{N}{1,3})", SureBoundary::kKeptAtBlanks},
    {"[\u4E00-\u9FA5\u3040-\u309F\u30A0-\u30FF]+", SureBoundary::kKeptAtBlanks},
    {R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^)"
     "\r\n"
     R"(\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[)"
     "\r\n"
     R"(]*|\s*[)"
     "\r\n"
     R"(]+|\s+(?!\S)|\s+)",
     SureBoundary::kMadeAtBlanks},
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

using NamedBehavior = std::pair<std::string_view, SplitBehavior>;

constexpr std::array<NamedBehavior, 4> kBehaviors{{
    {"Isolated", SplitBehavior::kIsolated},
    {"Contiguous", SplitBehavior::kContiguous},
    {"MergedWithPrevious", SplitBehavior::kMergedWithPrevious},
    {"MergedWithNext", SplitBehavior::kMergedWithNext},
}};

/// Fails where matches are removed: a tokenizer of ours loses no text.
SplitBehavior read_behavior(const JsonPlace& behavior) {
  const std::string_view name = behavior.string();
  const auto found = std::ranges::find(kBehaviors, name, &NamedBehavior::first);
  if (found == kBehaviors.end()) behavior.refuse("the behavior " + std::string(name));
  return found->second;
}

std::unique_ptr<const PieceSplitter> read_split(const JsonPlace& split) {
  const JsonPlace pattern = split.member("pattern");
  const std::optional<JsonPlace> regex = pattern.optional_member("Regex");
  const JsonPlace text = regex ? *regex : pattern.member("String");
  const JsonPlace behavior = split.member("behavior");
  const bool is_inverted = split.has_flag("invert");
  const auto known = regex ? std::ranges::find(kKnownPatterns, text.string(), &KnownPattern::first)
                           : kKnownPatterns.end();
  if (known != kKnownPatterns.end()) {
    // They match all of a text, so nothing lies between the matches that could be removed.
    const bool keeps_all = is_inverted && behavior.string() == "Removed";
    if (keeps_all || read_behavior(behavior) == SplitBehavior::kIsolated) {
      return std::make_unique<const RuleSplitter>(known->second);
    }
  }
  PatternUse use{read_behavior(behavior), is_inverted};
  const auto* const at_blanks =
      std::ranges::find(kPatternsAtBlanks, text.string(), &BoundaryPattern::first);
  if (regex && use.behavior == SplitBehavior::kIsolated && at_blanks != kPatternsAtBlanks.end()) {
    use.sure_boundary = at_blanks->second;
  }
  try {
    return make_pattern_splitter(regex ? PatternKind::kRegex : PatternKind::kLiteral, text.string(),
                                 use);
  } catch (const VocabularyError& error) {
    text.fail(error.what());
  }
}

std::unique_ptr<const PieceSplitter> read_punctuation(const JsonPlace& step) {
  const std::optional<JsonPlace> behavior = step.optional_member("behavior");
  return std::make_unique<const CodePointSplitter>(
      CodePointKind::kPunctuation, behavior ? read_behavior(*behavior) : SplitBehavior::kIsolated);
}

std::unique_ptr<const PieceSplitter> read_digits(const JsonPlace& step) {
  return std::make_unique<const CodePointSplitter>(
      CodePointKind::kNumber,
      step.has_flag("individual_digits") ? SplitBehavior::kIsolated : SplitBehavior::kContiguous);
}

/// Reads a step, and those that it holds. Until ByteLevel has made bytes of a text they cut that;
/// behind it, letters.
class PreTokenizerReader {
 public:
  explicit PreTokenizerReader(FrontParts& front) : front_(front) {}

  void read(const JsonPlace& step, std::size_t depth = 0) {
    const JsonPlace type = step.member("type");
    if (type.string() == "Sequence" && depth < kNestedMax) {
      const JsonPlace list = step.member("pretokenizers");
      std::size_t n = 0;
      for (const simdjson::dom::element each : list.array()) read(list.item(each, n++), depth + 1);
    } else if (type.string() == "ByteLevel") {
      read_byte_level(step);
    } else {
      add(step, read_splitter(step, type));
    }
  }
  [[nodiscard]] bool has_bytes() const noexcept { return has_bytes_; }

 private:
  void read_byte_level(const JsonPlace& step) {
    if (std::exchange(has_bytes_, true)) step.refuse("a second ByteLevel");
    const std::optional<JsonPlace> prefix = step.optional_member("add_prefix_space");
    if (!prefix || prefix->boolean()) front_.prefix_space = PrefixSpace::kAdded;
    const std::optional<JsonPlace> regex = step.optional_member("use_regex");
    if (!regex || regex->boolean()) front_.last_rule = PieceRule::kR50k;
  }

  static std::unique_ptr<const PieceSplitter> read_splitter(const JsonPlace& step,
                                                            const JsonPlace& type) {
    if (type.string() == "Split") return read_split(step);
    if (type.string() == "Punctuation") return read_punctuation(step);
    if (type.string() == "Digits") return read_digits(step);
    type.refuse("the pre-tokenizer " + std::string(type.string()));
  }

  void add(const JsonPlace& step, std::unique_ptr<const PieceSplitter> splitter) {
    if (front_.splitters.size() + front_.letter_splitters.size() == kSplittersMax) {
      step.refuse("a step beyond the 16th");
    }
    (has_bytes_ ? front_.letter_splitters : front_.splitters).push_back(std::move(splitter));
  }

  FrontParts& front_;
  bool has_bytes_ = false;
};

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
  PreTokenizerReader reader(front);
  if (pre_tokenizer) reader.read(*pre_tokenizer);
  if (!reader.has_bytes()) {
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
