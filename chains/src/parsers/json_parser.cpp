// JSON out of answers.

#include "cochain/chains/parsers/json_parser.hpp"

#include <utility>

#include "cochain/chains/model/error.hpp"
#include "cochain/chains/parsers/json_block.hpp"

namespace cochain {

template class Runnable<AIMessage, Json>;
template class TextOutputParser<Json>;
template class Runnable<AIMessage, JsonPatch>;
template class TextOutputParser<JsonPatch>;

namespace {

[[noreturn]] void refuse(JsonBlockParser& parser, std::string text) {
  const std::string error = parser.error();
  throw ParseError("no JSON in the answer" + (error.empty() ? std::string() : ": " + error),
                   std::move(text));
}

std::string instructions(const std::string& schema) {
  std::string text = "Answer with one JSON value and nothing else: no words before or after it.";
  if (!schema.empty()) {
    text += " It must be an instance of this JSON Schema; do not repeat the schema itself:\n```\n" +
            schema + "\n```";
  }
  return text;
}

/// What both readers do: tells when there is something new to give out.
class Growing {
 public:
  explicit Growing(PartialProfile profile) : parser_(profile) {}
  /// The new value, or nullptr.
  const Json* feed(std::string text) {
    parser_.feed(text);
    text_ += text;
    return look();
  }
  const Json* finish() {
    parser_.finish();
    const Json* value = look();
    if (parser_.visible() == nullptr) refuse(parser_, text_);
    return value;
  }
  [[nodiscard]] bool grows_at_end() { return parser_.grows_at_end(); }

 private:
  const Json* look() {
    const std::uint64_t revision = parser_.revision();
    if (revision == std::exchange(revision_, revision)) return nullptr;
    const Json* value = parser_.visible();
    return value == nullptr || value->is_null() ? nullptr : value;
  }
  JsonBlockParser parser_;
  std::string text_;  // for the error
  std::uint64_t revision_ = 0;
};

class CumulativeReader final : public TextReader<Json> {
 public:
  explicit CumulativeReader(PartialProfile profile) : growing_(profile) {}
  Pieces feed(std::string text) override { return give(growing_.feed(std::move(text))); }
  Pieces finish() override { return give(growing_.finish()); }

 private:
  Pieces give(const Json* value) {
    Pieces pieces;
    if (value == nullptr) return pieces;
    if (!growing_.grows_at_end()) {  // then a change may turn out to be none
      if (last_ && *last_ == *value) return pieces;
      last_ = *value;
    }
    pieces.push_back(*value);
    return pieces;
  }
  Growing growing_;
  std::optional<Json> last_;
};

class PatchReader final : public TextReader<JsonPatch> {
 public:
  explicit PatchReader(PartialProfile profile) : growing_(profile) {}
  Pieces feed(std::string text) override { return give(growing_.feed(std::move(text))); }
  Pieces finish() override { return give(growing_.finish()); }

 private:
  Pieces give(const Json* value) {
    Pieces pieces;
    if (value == nullptr) return pieces;
    JsonPatch patch = last_ ? json_patch(*last_, *value, scope()) : first(*value);
    if (patch.operations.empty()) return pieces;
    if (!last_) last_.emplace();
    apply_json_patch(*last_, patch);
    pieces.push_back(std::move(patch));
    return pieces;
  }
  static JsonPatch first(const Json& value) {
    return JsonPatch(json_array(json_object("op", "replace", "path", "", "value", value)));
  }
  PatchScope scope() { return growing_.grows_at_end() ? PatchScope::kEnd : PatchScope::kAll; }

  Growing growing_;
  std::optional<Json> last_;
};

}  // namespace

Json JsonOutputParser::parse(std::string text) const {
  JsonBlockParser parser;
  parser.feed(text);
  parser.finish();
  const Json* value = parser.visible();
  if (value == nullptr) refuse(parser, std::move(text));
  return *value;
}

std::string JsonOutputParser::get_format_instructions() const { return instructions(schema_); }

std::unique_ptr<TextReader<Json>> JsonOutputParser::read() const {
  return std::make_unique<CumulativeReader>(profile_);
}

JsonPatch JsonPatchOutputParser::parse(std::string text) const {
  const Json value = JsonOutputParser().parse(std::move(text));
  return JsonPatch(json_array(json_object("op", "replace", "path", "", "value", value)));
}

std::string JsonPatchOutputParser::get_format_instructions() const { return instructions(schema_); }

std::unique_ptr<TextReader<JsonPatch>> JsonPatchOutputParser::read() const {
  return std::make_unique<PatchReader>(profile_);
}

}  // namespace cochain
