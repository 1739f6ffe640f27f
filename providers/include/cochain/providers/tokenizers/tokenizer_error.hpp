// What may go wrong with tokens.
//
//   Error
//     TokenizerError             whatever the tokenizers throw
//       VocabularyError          a rank file that is none, or not the one that was meant
//       SpecialTokenError        a text holds the text of a special token, which was not allowed
//       UnknownTokenError        an id that the encoding does not have
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "cochain/core/error.hpp"

namespace cochain {

/// The base of the errors of tokenizers.
class TokenizerError : public Error {
 public:
  using Error::Error;
};

/// A vocabulary could not be read or used. The message names the file or the line.
class VocabularyError : public TokenizerError {
 public:
  using TokenizerError::TokenizerError;
};

/// A text holds the text of a special token that was not allowed.
/// Shape: `token()` is the token's text, `offset()` the byte of the text where it begins.
class SpecialTokenError : public TokenizerError {
 public:
  SpecialTokenError(std::string token, std::size_t offset)
      : TokenizerError("the text holds the special token " + token + " at byte " +
                       std::to_string(offset) +
                       "; allow it, or take special tokens as text (SpecialTokens::as_text())"),
        token_(std::move(token)),
        offset_(offset) {}
  [[nodiscard]] const std::string& token() const noexcept { return token_; }
  [[nodiscard]] std::size_t offset() const noexcept { return offset_; }

 private:
  std::string token_;
  std::size_t offset_;
};

/// An encoding was asked for a token that it does not have.
class UnknownTokenError : public TokenizerError {
 public:
  UnknownTokenError(const std::string& encoding, std::uint32_t id)
      : TokenizerError(encoding + " has no token " + std::to_string(id)), id_(id) {}
  [[nodiscard]] std::uint32_t id() const noexcept { return id_; }

 private:
  std::uint32_t id_;
};

}  // namespace cochain
