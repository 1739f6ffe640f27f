// Separators, and how one is matched: part after part, each as far as it goes.

#include "cochain/chains/retrieval/separator.hpp"

#include <algorithm>

#include "cochain/core/error.hpp"

namespace cochain {
namespace {

using detail::SeparatorPart;
using detail::SeparatorPartKind;

bool is_blank_byte(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool is_name_byte(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

// The end of `words` at `at`, where a line end in them may be CR LF in the text.
std::optional<std::size_t> match_text(std::string_view words, std::string_view text,
                                      std::size_t at) noexcept {
  for (const char c : words) {
    if (at == text.size()) return std::nullopt;
    if (c == '\n' && text[at] == '\r' && at + 1 < text.size() && text[at + 1] == '\n') ++at;
    if (text[at] != c) return std::nullopt;
    ++at;
  }
  return at;
}

template <class Belongs>
std::optional<std::size_t> match_run(const SeparatorPart& part, std::string_view text,
                                     std::size_t at, std::size_t most, Belongs belongs) {
  std::size_t count = 0;
  while (at < text.size() && count < most) {
    const bool is_windows = part.byte == '\n' && text.substr(at, 2) == "\r\n";
    if (!is_windows && !belongs(text[at])) break;
    at += is_windows ? 2 : 1;
    ++count;
  }
  return count < part.least ? std::nullopt : std::optional(at);
}

// A run goes on for `most` at most.
std::optional<std::size_t> match_part(const SeparatorPart& part, std::string_view text,
                                      std::size_t at, std::size_t most) {
  switch (part.kind) {
    case SeparatorPartKind::kText: return match_text(part.text, text, at);
    case SeparatorPartKind::kRun:
      return match_run(part, text, at, most, [&part](char c) { return c == part.byte; });
    case SeparatorPartKind::kBlanks: return match_run(part, text, at, most, is_blank_byte);
    case SeparatorPartKind::kOneOf:
      for (const std::string& word : part.words) {
        if (const auto end = match_text(word, text, at)) return end;
      }
      return std::nullopt;
    case SeparatorPartKind::kNameEnd:
      return at < text.size() && is_name_byte(text[at]) ? std::nullopt : std::optional(at);
  }
  return std::nullopt;
}

}  // namespace

Separator::Separator(std::string text) {
  if (text.empty()) return;
  parts_.emplace_back(SeparatorPartKind::kText);
  parts_.back().text = std::move(text);
}

Separator& Separator::add(SeparatorPart part) {
  if (empty()) {
    throw InvalidStateError("a Separator begins with a text; the empty one has nothing after it");
  }
  parts_.push_back(std::move(part));
  return *this;
}

Separator& Separator::then(std::string text) {
  SeparatorPart part(SeparatorPartKind::kText);
  part.text = std::move(text);
  return add(std::move(part));
}

Separator& Separator::run(char byte, std::size_t least, std::size_t most) {
  if (least == 0 || most < least) {
    throw InvalidStateError(
        "Separator::run() takes at least one character, and at most no fewer; not " +
        std::to_string(least) + " to " + std::to_string(most));
  }
  SeparatorPart part(SeparatorPartKind::kRun);
  part.byte = byte;
  part.least = least;
  part.most = most;
  return add(std::move(part));
}

Separator& Separator::blanks() {
  SeparatorPart part(SeparatorPartKind::kBlanks);
  part.most = kAny;
  return add(std::move(part));
}

Separator& Separator::one_of(std::vector<std::string> words) {
  SeparatorPart part(SeparatorPartKind::kOneOf);
  part.words = std::move(words);
  return add(std::move(part));
}

Separator& Separator::name_end() { return add(SeparatorPart(SeparatorPartKind::kNameEnd)); }

bool Separator::matches(std::string_view text, std::size_t at) const {
  std::optional<std::size_t> end(at);
  for (const SeparatorPart& part : parts_) {
    const bool is_last = &part == &parts_.back();
    end = match_part(part, text, *end, is_last ? part.least : part.most);
    if (!end) return false;
  }
  return true;
}

std::optional<std::size_t> Separator::match(std::string_view text, std::size_t at) const {
  std::optional<std::size_t> end(at);
  for (const SeparatorPart& part : parts_) {
    end = match_part(part, text, *end, part.most);
    if (!end) return end;
  }
  return end;
}

}  // namespace cochain
