// The vocabulary and the merges of a tokenizer file.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "byte_alphabet.hpp"
#include "hugging_face.hpp"
#include "rank_file.hpp"

namespace cochain::detail {
namespace {

void refuse_other_models(const JsonPlace& model) {
  const std::optional<JsonPlace> type = model.optional_member("type");
  if (type && type->string() != "BPE")
    type->refuse("a model of the type " + std::string(type->string()));
  for (const std::string_view key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    const std::optional<JsonPlace> affix = model.optional_member(key);
    if (affix && !affix->string().empty()) affix->refuse("it");
  }
  const std::optional<JsonPlace> dropout = model.optional_member("dropout");
  if (dropout) dropout->refuse("dropout");
  if (model.has_flag("byte_fallback")) model.member("byte_fallback").refuse("byte_fallback");
}

class MergeReader {
 public:
  explicit MergeReader(const JsonPlace& model) : model_(model) {}

  MergeList read() {
    const JsonPlace vocab = model_.member("vocab");
    for (const auto& [token, id] : vocab.object()) {
      add_token(vocab, token, JsonPlace(id, vocab.name() + "['" + std::string(token) + "']"));
    }
    const JsonPlace merges = model_.member("merges");
    std::size_t n = 0;
    for (const simdjson::dom::element merge : merges.array()) add_merge(merges, merge, n++);
    list_.takes_whole_pieces = model_.has_flag("ignore_merges");
    return std::move(list_);
  }

 private:
  void add_token(const JsonPlace& vocab, std::string_view token, const JsonPlace& place) {
    const std::uint32_t id = place.number();
    if (id >= kRankEnd)
      place.fail("ids beyond " + std::to_string(kRankEnd - 1) + " are not supported");
    if (token.empty()) place.refuse("a token without text");
    ListedToken listed{id, static_cast<std::uint32_t>(list_.bytes.size()), 0, TokenUse::kEncodes};
    if (!append_bytes_of_letters(token, list_.bytes)) {
      list_.bytes += token;
      listed.use = TokenUse::kDecodes;
    }
    listed.size = static_cast<std::uint32_t>(list_.bytes.size() - listed.begin);
    if (listed.size > kTokenBytesMax) place.refuse("a token of more than 1024 bytes");
    if (id >= has_id_.size()) has_id_.resize(id + 1, false);
    if (has_id_[id]) place.fail("the id is that of another token");
    has_id_[id] = true;
    if (!index_.emplace(token, static_cast<std::uint32_t>(list_.tokens.size())).second) {
      vocab.fail("the token '" + std::string(token) + "' is there twice");
    }
    list_.tokens.push_back(listed);
    list_.id_end = std::max(list_.id_end, id + 1);
  }

  void add_merge(const JsonPlace& merges, simdjson::dom::element merge, std::size_t n) {
    std::string_view left;
    std::string_view right;
    if (merge.is_array()) {
      simdjson::dom::array parts;
      if (merge.get(parts) != simdjson::SUCCESS || parts.size() != 2 ||
          parts.at(0).get(left) != simdjson::SUCCESS ||
          parts.at(1).get(right) != simdjson::SUCCESS) {
        merges.item(merge, n).fail("two tokens are wanted here");
      }
    } else {
      const std::string_view both = merges.item(merge, n).string();
      const std::size_t blank = both.find(' ');
      if (blank == std::string_view::npos || both.find(' ', blank + 1) != std::string_view::npos) {
        merges.item(merge, n).fail("two tokens with a blank between are wanted here");
      }
      left = both.substr(0, blank);
      right = both.substr(blank + 1);
    }
    joined_.assign(left);
    joined_ += right;
    list_.merges.push_back({index_of(merges, merge, n, left), index_of(merges, merge, n, right),
                            index_of(merges, merge, n, joined_)});
  }

  std::uint32_t index_of(const JsonPlace& merges, simdjson::dom::element merge, std::size_t n,
                         std::string_view token) const {
    const auto found = index_.find(token);
    if (found == index_.end()) {
      merges.item(merge, n).fail("the vocabulary has no token '" + std::string(token) + "'");
    }
    return found->second;
  }

  const JsonPlace& model_;
  MergeList list_;
  std::vector<bool> has_id_;
  std::unordered_map<std::string_view, std::uint32_t> index_;
  std::string joined_;
};

}  // namespace

MergeList read_merges(const JsonPlace& model) {
  refuse_other_models(model);
  return MergeReader(model).read();
}

}  // namespace cochain::detail
