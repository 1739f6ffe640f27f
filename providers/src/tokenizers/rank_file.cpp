// Lines of base64, a blank and a number; nothing else is taken for one.

#include "rank_file.hpp"

#include <array>
#include <charconv>
#include <system_error>

#include "cochain/providers/tokenizers/tokenizer_error.hpp"

namespace cochain::detail {
namespace {

constexpr std::uint8_t kNotBase64 = 0xFF;

constexpr std::array<std::uint8_t, 256> make_base64_values() noexcept {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<std::uint8_t, 256> result{};
  result.fill(kNotBase64);
  for (std::size_t n = 0; n < kAlphabet.size(); ++n) {
    result[static_cast<unsigned char>(kAlphabet[n])] = static_cast<std::uint8_t>(n);
  }
  return result;
}

constexpr std::array<std::uint8_t, 256> kBase64Value = make_base64_values();

[[noreturn]] void fail_at_line(std::size_t line, const std::string& what) {
  throw VocabularyError("line " + std::to_string(line) + " of the rank file: " + what);
}

/// Appends what `text` stands for; false if it is not base64 with its padding.
bool append_decoded(std::string_view text, std::string& out) {
  if (text.empty() || text.size() % 4 != 0) return false;
  std::size_t padding = 0;
  while (padding < 2 && text[text.size() - 1 - padding] == '=') ++padding;
  const std::size_t digits = text.size() - padding;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (std::size_t n = 0; n < digits; ++n) {
    const std::uint8_t value = kBase64Value[static_cast<unsigned char>(text[n])];
    if (value == kNotBase64) return false;
    bits = (bits << 6U | value) & 0xFFFFU;
    held += 6;
    if (held >= 8) {
      held -= 8;
      out += static_cast<char>(bits >> held & 0xFFU);
    }
  }
  return (bits & ((1U << held) - 1U)) == 0;  // what is left over of the last digit is zero
}

/// The token is what `file.bytes` has from `begin` on.
void place_token(std::size_t begin, std::uint32_t rank, std::size_t line, RankFile& file) {
  const std::size_t size = file.bytes.size() - begin;
  if (size > kTokenBytesMax) {
    fail_at_line(line, "the token has more than " + std::to_string(kTokenBytesMax) + " bytes");
  }
  if (file.bytes.size() > UINT32_MAX) fail_at_line(line, "the file is too large");
  file.tokens.push_back({rank, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(size),
                         static_cast<std::uint32_t>(line)});
}

void read_line(std::string_view text, std::size_t line, RankFile& file) {
  const std::size_t blank = text.find(' ');
  if (blank == std::string_view::npos) fail_at_line(line, "base64, a blank and a number expected");
  const std::size_t begin = file.bytes.size();
  if (!append_decoded(text.substr(0, blank), file.bytes)) {
    fail_at_line(line, "the token is not base64");
  }
  const std::string_view digits = text.substr(blank + 1);
  std::uint32_t rank = 0;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), rank);
  const bool is_number = error == std::errc{} && stop == digits.data() + digits.size();
  if (!is_number && error != std::errc::result_out_of_range) {
    fail_at_line(line, "the rank is not a number");
  }
  if (!is_number || rank >= kRankEnd) {
    fail_at_line(line, "the rank is beyond " + std::to_string(kRankEnd - 1));
  }
  place_token(begin, rank, line, file);
}

}  // namespace

void add_token(std::string_view token, RankFile& file) {
  const std::size_t line = file.tokens.size() + 1;
  if (token.empty()) fail_at_line(line, "the token is empty");
  if (line > kRankEnd) fail_at_line(line, "the rank is beyond " + std::to_string(kRankEnd - 1));
  const std::size_t begin = file.bytes.size();
  file.bytes += token;
  place_token(begin, static_cast<std::uint32_t>(line - 1), line, file);
}

RankFile read_rank_file(std::string_view text) {
  RankFile file;
  file.bytes.reserve(text.size() / 2);
  file.tokens.reserve(text.size() / 15);
  std::size_t line = 0;
  while (!text.empty()) {
    ++line;
    const std::size_t end = text.find('\n');
    std::string_view here = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (here.ends_with('\r')) here.remove_suffix(1);
    if (!here.empty()) read_line(here, line, file);
  }
  return file;
}

}  // namespace cochain::detail
