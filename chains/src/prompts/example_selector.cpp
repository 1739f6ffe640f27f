// Choosing examples by length, and by the words that they share with the input.

#include "cochain/chains/prompts/example_selector.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "cochain/core/error.hpp"

namespace cochain {
namespace {

std::size_t count_words(std::string_view text) {
  const auto parts = [](char c) { return c == ' ' || c == '\n'; };
  return 1 + static_cast<std::size_t>(std::count_if(text.begin(), text.end(), parts));
}

std::vector<std::string> words_of(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n\f\v";
  std::vector<std::string> words;
  std::size_t begin = text.find_first_not_of(kBlanks);
  while (begin != std::string_view::npos) {
    const std::size_t end = std::min(text.find_first_of(kBlanks, begin), text.size());
    words.emplace_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(kBlanks, end);
  }
  return words;
}

/// How often each run of `length` words occurs. A line end keeps words apart, as none contains it.
std::map<std::string, std::size_t> count_runs(const std::vector<std::string>& words,
                                              std::size_t length) {
  std::map<std::string, std::size_t> counts;
  for (std::size_t begin = 0; begin + length <= words.size(); ++begin) {
    std::string run;
    for (std::size_t n = 0; n < length; ++n) run += words[begin + n] + '\n';
    ++counts[run];
  }
  return counts;
}

Coro<std::vector<Variables>> ready(std::vector<Variables> examples) { co_return examples; }

}  // namespace

std::optional<std::vector<Variables>> ExampleSelector::try_select(const Variables&) const {
  return std::nullopt;
}

LengthBasedExampleSelector::LengthBasedExampleSelector(TextTemplate example,
                                                       std::vector<Variables> examples)
    : template_(std::move(example)), length_(&count_words) {
  for (Variables& each : examples) add_example(std::move(each));
}

LengthBasedExampleSelector& LengthBasedExampleSelector::with_length_max(std::size_t value) {
  length_max_ = value;
  return *this;
}

LengthBasedExampleSelector& LengthBasedExampleSelector::with_length(Length length) {
  if (!length) throw InvalidStateError("with_length() of an example selector needs a function");
  length_ = std::move(length);
  for (auto& [example, size] : examples_) size = length_(template_.format(example));
  return *this;
}

LengthBasedExampleSelector& LengthBasedExampleSelector::with_tokenizer(
    std::shared_ptr<const Tokenizer> tokenizer) {
  if (!tokenizer) {
    throw InvalidStateError("with_tokenizer() of an example selector needs a tokenizer");
  }
  return with_length(
      [tokenizer = std::move(tokenizer)](std::string_view text) { return tokenizer->count(text); });
}

LengthBasedExampleSelector& LengthBasedExampleSelector::add_example(Variables example) {
  const std::size_t size = length_(template_.format(example));
  examples_.emplace_back(std::move(example), size);
  return *this;
}

std::optional<std::vector<Variables>> LengthBasedExampleSelector::try_select(
    const Variables& input) const {
  std::string text;
  for (const auto& [name, value] : input) {
    if (value.if_json() == nullptr) continue;
    if (!text.empty()) text += ' ';
    text += value.text();
  }
  std::size_t used = length_(text);
  std::vector<Variables> chosen;
  for (const auto& [example, size] : examples_) {
    if (used >= length_max_ || size > length_max_ - used) break;
    used += size;
    chosen.push_back(example);
  }
  return chosen;
}

Coro<std::vector<Variables>> LengthBasedExampleSelector::select(Variables input) const {
  return ready(*try_select(input));
}

NGramOverlapExampleSelector::NGramOverlapExampleSelector(const TextTemplate& example,
                                                         std::vector<Variables> examples) {
  const std::vector<std::string> names = example.variable_names();
  if (names.empty()) throw PromptError("the template of an example has no hole to compare by");
  key_ = names.front();
  for (Variables& each : examples) add_example(std::move(each));
}

NGramOverlapExampleSelector& NGramOverlapExampleSelector::with_threshold(double value) {
  threshold_ = value;
  return *this;
}

NGramOverlapExampleSelector& NGramOverlapExampleSelector::with_input_name(std::string name) {
  input_name_ = std::move(name);
  return *this;
}

NGramOverlapExampleSelector& NGramOverlapExampleSelector::add_example(Variables example) {
  if (!example.contains(key_)) throw PromptError("an example lacks its variable '" + key_ + "'");
  examples_.push_back(std::move(example));
  return *this;
}

std::optional<std::vector<Variables>> NGramOverlapExampleSelector::try_select(
    const Variables& input) const {
  const Variables::Value* compared = nullptr;
  if (!input_name_.empty()) {
    compared = input.find(input_name_);
  } else if (!input.empty()) {
    compared = &input.begin()->second;
  }
  if (compared == nullptr) {
    const std::string which = input_name_.empty() ? std::string() : " '" + input_name_ + "'";
    throw PromptError("the choice of examples needs a variable" + which + " that was not given");
  }
  const std::string text = compared->text();
  std::vector<std::pair<double, std::size_t>> scored;
  for (std::size_t n = 0; n < examples_.size(); ++n) {
    scored.emplace_back(ngram_overlap(text, examples_[n].find(key_)->text()), n);
  }
  // Equal ones keep their order. (clang warns about stable_sort in the library of g++ 12.)
  std::sort(scored.begin(), scored.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  std::vector<Variables> chosen;
  for (const auto& [score, n] : scored) {
    constexpr double kEqual = 1e-9;  // a score of 1 is computed, and may miss it by a little
    if (score < threshold_ + kEqual) break;
    chosen.push_back(examples_[n]);
  }
  return chosen;
}

Coro<std::vector<Variables>> NGramOverlapExampleSelector::select(Variables input) const {
  return ready(*try_select(input));
}

double ngram_overlap(std::string_view text, std::string_view reference) {
  const std::vector<std::string> words = words_of(text);
  const std::vector<std::string> wanted = words_of(reference);
  if (words.empty()) return 0;
  constexpr std::size_t kRunMax = 4;
  constexpr double kNoHit = 0.1;
  const std::size_t run_max = std::min(kRunMax, words.size());
  double sum = 0;
  for (std::size_t length = 1; length <= run_max; ++length) {
    const auto theirs = count_runs(wanted, length);
    std::size_t hits = 0;
    for (const auto& [run, count] : count_runs(words, length)) {
      const auto found = theirs.find(run);
      if (found != theirs.end()) hits += std::min(count, found->second);
    }
    if (length == 1 && hits == 0) return 0;
    const double precision = (hits == 0 ? kNoHit : static_cast<double>(hits)) /
                             static_cast<double>(words.size() - length + 1);
    sum += std::log(precision) / static_cast<double>(run_max);
  }
  const double ratio = static_cast<double>(wanted.size()) / static_cast<double>(words.size());
  return std::exp(sum) * (ratio < 1 ? 1 : std::exp(1 - ratio));
}

}  // namespace cochain
