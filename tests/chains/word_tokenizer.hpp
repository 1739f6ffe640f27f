// A tokenizer that everybody can count by: a token for each word, with the blanks before it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cochain/chains/model/tokenizer.hpp"

namespace cochain::testing {

/// An id is the length of its word. `on_part` hears of each part that is encoded, on whatever
/// thread that happens.
class WordTokenizer final : public Tokenizer {
 public:
  using OnPart = std::function<void(std::string_view)>;
  explicit WordTokenizer(OnPart on_part = nullptr) : on_part_(std::move(on_part)) {}

  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  [[nodiscard]] std::vector<TokenId> encode_ordinary(std::string_view text) const override {
    if (on_part_) on_part_(text);
    std::vector<TokenId> ids;
    for (const std::string_view word : words(text)) ids.push_back(id_of(word));
    return ids;
  }
  [[nodiscard]] std::string decode(std::span<const TokenId> ids) const override {
    std::string text;
    for (const TokenId id : ids) text += std::string(id, 'x') + ' ';
    return text;
  }
  [[nodiscard]] std::size_t count(std::string_view text) const override {
    return encode_ordinary(text).size();
  }
  [[nodiscard]] std::optional<std::size_t> count_up_to(std::string_view text,
                                                       std::size_t limit) const override {
    const std::size_t all = count(text);
    return all > limit ? std::nullopt : std::optional(all);
  }
  [[nodiscard]] std::string_view truncate(std::string_view text, std::size_t limit) const override {
    const std::vector<std::string_view> all = words(text);
    return all.size() <= limit
               ? text
               : text.substr(0, static_cast<std::size_t>(all[limit].data() - text.data()));
  }
  [[nodiscard]] std::vector<std::size_t> offsets(std::string_view text) const override {
    std::vector<std::size_t> result;
    for (const std::string_view word : words(text)) {
      result.push_back(static_cast<std::size_t>(word.data() - text.data()));
    }
    return result;
  }
  [[nodiscard]] std::unique_ptr<IncrementalEncoder> incremental() const override {
    return std::make_unique<Incremental>(on_part_);
  }

 private:
  class Incremental final : public IncrementalEncoder {
   public:
    explicit Incremental(OnPart on_part) : on_part_(std::move(on_part)) {}
    void append(std::string_view part) override {
      if (on_part_) on_part_(part);
      text_ += part;
    }
    void finish() override { finished_ = true; }
    [[nodiscard]] std::size_t count() override { return words(text_).size(); }
    [[nodiscard]] std::vector<TokenId> take() override {
      const std::vector<std::string_view> all = words(text_);
      std::vector<TokenId> ids;
      const std::size_t settled = finished_ || all.empty() ? all.size() : all.size() - 1;
      for (std::size_t n = 0; n < settled; ++n) ids.push_back(id_of(all[n]));
      text_ = settled == all.size() ? std::string() : std::string(all.back());
      return ids;
    }

   private:
    OnPart on_part_;
    std::string text_;
    bool finished_ = false;
  };

  static TokenId id_of(std::string_view word) { return static_cast<TokenId>(word.size()); }
  static std::vector<std::string_view> words(std::string_view text) {
    std::vector<std::string_view> result;
    while (!text.empty()) {
      const std::size_t blanks = std::min(text.find_first_not_of(' '), text.size());
      const std::size_t end = std::min(text.find(' ', blanks), text.size());
      result.push_back(text.substr(0, end));
      text.remove_prefix(end);
    }
    return result;
  }

  OnPart on_part_;
  std::string name_ = "words";
};

}  // namespace cochain::testing
