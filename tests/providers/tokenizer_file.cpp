// Written without a look at the library's way.

#include "tokenizer_file.hpp"

#include <algorithm>
#include <optional>

#include <boost/json.hpp>

namespace cochain::testing {
namespace {

/// Bytes that can be seen stand for themselves, the others for U+0100 and on.
std::string letters_of(std::string_view bytes) {
  static const std::vector<std::string> letters = [] {
    std::vector<std::string> all(256);
    unsigned next = 0x100;
    for (unsigned byte = 0; byte < 256; ++byte) {
      const bool is_seen = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) ||
                           (byte >= 0xAE && byte <= 0xFF);
      const unsigned letter = is_seen ? byte : next++;
      if (letter < 0x80) {
        all[byte] = static_cast<char>(letter);
      } else {
        all[byte] = static_cast<char>(0xC0U | letter >> 6U);
        all[byte] += static_cast<char>(0x80U | (letter & 0x3FU));
      }
    }
    return all;
  }();
  std::string result;
  for (const char c : bytes) result += letters[static_cast<unsigned char>(c)];
  return result;
}

}  // namespace

TokenizerFile::TokenizerFile() {
  for (unsigned byte = 0; byte < 256; ++byte) {
    vocab_[std::string(1, static_cast<char>(byte))] = 1000 + (byte * 7) % 256;
  }
  next_ = 1256;
  members_["pre_tokenizer"] = byte_level(R"("add_prefix_space": false, "use_regex": false)");
}

TokenizerFile& TokenizerFile::token(const std::string& bytes, TokenId id) {
  vocab_[bytes] = id;
  next_ = std::max(next_, id + 1);
  return *this;
}

TokenizerFile& TokenizerFile::token(const std::string& bytes) { return token(bytes, next_); }

TokenizerFile& TokenizerFile::merge(const std::string& left, const std::string& right) {
  if (!vocab_.contains(left + right)) token(left + right);
  merges_.emplace_back(left, right);
  return *this;
}

TokenizerFile& TokenizerFile::added(const std::string& content, TokenId id,
                                    const std::string& flags) {
  added_.push_back(R"({"id": )" + std::to_string(id) + R"(, "content": )" +
                   boost::json::serialize(boost::json::string(content)) + ", " + flags + "}");
  return *this;
}

std::string TokenizerFile::json() const {
  namespace json = boost::json;
  json::object vocab;
  for (const auto& [bytes, id] : vocab_) vocab[letters_of(bytes)] = id;
  json::array merges;
  for (const auto& [left, right] : merges_) {
    if (merges_as_strings_) {
      merges.push_back(json::string(letters_of(left) + " " + letters_of(right)));
    } else {
      merges.push_back(json::array{letters_of(left), letters_of(right)});
    }
  }
  json::object model{{"type", "BPE"},        {"dropout", nullptr},
                     {"unk_token", nullptr}, {"ignore_merges", ignore_merges_},
                     {"vocab", vocab},       {"merges", merges}};
  std::string added;
  for (const std::string& token : added_) added += (added.empty() ? "" : ", ") + token;
  std::string text = R"({"version": "1.0", "added_tokens": [)" + added + "], ";
  for (const auto& [name, value] : members_) text += "\"" + name + "\": " + value + ", ";
  return text + "\"model\": " + json::serialize(model) + "}";
}

std::vector<TokenId> TokenizerFile::merged(std::string_view piece) const {
  if (ignore_merges_ && vocab_.contains(std::string(piece))) return {id(std::string(piece))};
  std::map<Merge, std::size_t> order;
  for (std::size_t n = 0; n < merges_.size(); ++n) order[merges_[n]] = n;  // the last one counts
  std::vector<std::string> parts;
  for (const char c : piece) parts.emplace_back(1, c);
  while (true) {
    std::optional<std::size_t> first;
    std::size_t at = 0;
    for (std::size_t n = 0; n + 1 < parts.size(); ++n) {
      const auto found = order.find({parts[n], parts[n + 1]});
      if (found == order.end() || (first && found->second >= *first)) continue;
      first = found->second;
      at = n;
    }
    if (!first) break;
    parts[at] += parts[at + 1];
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  }
  std::vector<TokenId> ids;
  for (const std::string& part : parts) ids.push_back(id(part));
  return ids;
}

std::string split_by(const std::string& pattern) {
  return R"({"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex": )" +
         boost::json::serialize(boost::json::string(pattern)) +
         R"(}, "behavior": "Isolated", "invert": false}, )" +
         byte_level(R"("add_prefix_space": false, "use_regex": false)") + "]}";
}

std::string byte_level(const std::string& flags) {
  return R"({"type": "ByteLevel", "trim_offsets": true, )" + flags + "}";
}

}  // namespace cochain::testing
