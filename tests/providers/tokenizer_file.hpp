// Small tokenizer files in Hugging Face's form, and merging by their rule, by definition.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cochain/chains/model/tokenizer.hpp"

namespace cochain::testing {

/// What a tokenizer file is made of. Tokens are written as bytes here, as letters in the file.
class TokenizerFile {
 public:
  using Merge = std::pair<std::string, std::string>;

  /// The 256 bytes, each with a number above it by 1000, in another order than that of bytes.
  TokenizerFile();

  TokenizerFile& token(const std::string& bytes, TokenId id);
  /// The next id that is free.
  TokenizerFile& token(const std::string& bytes);
  /// Also the token that it gives, if there is none.
  TokenizerFile& merge(const std::string& left, const std::string& right);
  TokenizerFile& merges(std::vector<Merge> merges) {
    merges_ = std::move(merges);
    return *this;
  }
  TokenizerFile& ignore_merges() {
    ignore_merges_ = true;
    return *this;
  }
  TokenizerFile& merges_as_strings() {
    merges_as_strings_ = true;
    return *this;
  }
  /// A member of the file, as JSON: "normalizer", "pre_tokenizer".
  TokenizerFile& member(const std::string& name, const std::string& json) {
    members_[name] = json;
    return *this;
  }
  /// `flags` are members, such as `"special": true`.
  TokenizerFile& added(const std::string& content, TokenId id, const std::string& flags);

  [[nodiscard]] std::string json() const;
  [[nodiscard]] TokenId id(const std::string& bytes) const { return vocab_.at(bytes); }
  [[nodiscard]] const std::map<std::string, TokenId>& vocab() const { return vocab_; }
  [[nodiscard]] const std::vector<Merge>& merges() const { return merges_; }

  /// The tokens of one piece: of neighbours in the list of merges those that come first in it, of
  /// equal ones the leftmost, until there are none.
  [[nodiscard]] std::vector<TokenId> merged(std::string_view piece) const;

 private:
  std::map<std::string, TokenId> vocab_;
  std::vector<Merge> merges_;
  std::map<std::string, std::string> members_;
  std::vector<std::string> added_;
  TokenId next_ = 0;
  bool ignore_merges_ = false;
  bool merges_as_strings_ = false;
};

/// One step of a pre-tokenizer that cuts by a pattern, and ByteLevel behind it.
std::string split_by(const std::string& pattern);
/// ByteLevel alone, as a pre-tokenizer; `flags` are its members.
std::string byte_level(const std::string& flags);

}  // namespace cochain::testing
