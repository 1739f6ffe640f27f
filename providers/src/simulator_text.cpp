// Sentence patterns and the tokens they are cut into.
// '@' and '#' in a pattern stand for two subject words of the prompt.
#include "simulator_text.hpp"

#include <algorithm>
#include <array>

namespace cochain {
namespace {

constexpr std::size_t kTokenBytesMax = 12;
constexpr std::size_t kSubjectBytesMax = 32;

constexpr std::array<std::string_view, 10> kOpeners = {
    "Let us look at @ first.",
    "A good place to begin is @.",
    "The short answer is that @ matters most here.",
    "You asked about @, so here is what I can say.",
    "There are two sides to this: @ and #.",
    "Think of @ as the heart of the matter.",
    "Here is a plain way to see @.",
    "Most questions about @ turn out to be questions about #.",
    "I would take @ one step at a time.",
    "It helps to say what @ means before going further.",
};

constexpr std::array<std::string_view, 28> kMiddles = {
    "In practice, @ depends on # more than one would expect.",
    "A small example makes @ easier to grasp than a long definition.",
    "People often mix up @ and #, although they answer different needs.",
    "When @ grows, the cost of # tends to grow with it.",
    "One careful measurement of @ is worth ten opinions.",
    "The usual mistake is to settle # before @ is understood.",
    "If you can change only one thing, change @.",
    "It is fair to doubt this, and easy to try it with @.",
    "There is no single rule for #, but a few habits help.",
    "Write down what you know about @, then what you only assume.",
    "Older advice treats # as fixed; today it is a choice.",
    "The details of @ differ from place to place, while the idea stays the same.",
    "Nothing about # is urgent until @ is in order.",
    "A friend with fresh eyes will notice what is odd about @.",
    "Compare @ with something familiar, and # stops being a mystery.",
    "Some of this is taste: both @ and # have good defenders.",
    "Keep the first version of @ small enough to explain in a minute.",
    "Once @ works, # becomes a matter of patience.",
    "The numbers for @ are only as good as the way they were collected.",
    "For a beginner, @ is the part worth practising twice.",
    "Two things pull against each other here: the wish for @ and the need for #.",
    "It is tempting to skip #, and that is where trouble starts.",
    "What looks like a question of @ is often a question of time.",
    "Seen from a distance, @ and # follow the same pattern.",
    "Each step should leave @ no worse than it was before.",
    "Where the sources disagree about #, prefer the one that shows its work.",
    "A list helps: what @ needs, what it gives, and what it costs.",
    "Good tools make @ pleasant, but they do not decide about #.",
};

constexpr std::array<std::string_view, 8> kClosers = {
    "In short, start with @ and come back to # later.",
    "That is the whole idea behind @.",
    "With that, @ should hold few surprises.",
    "If anything about # is still unclear, ask again with an example.",
    "So the next step is a small trial with @.",
    "Everything else about @ follows from this.",
    "Keep # in mind, and the rest will fall into place.",
    "That is enough about @ to make a decent start.",
};

constexpr auto kCommonWords = std::to_array<std::string_view>({
    "about",   "after",   "again", "also",  "and",       "any",    "are",   "because", "been",
    "before",  "between", "both",  "but",   "can",       "could",  "does",  "each",    "every",
    "explain", "first",   "for",   "from",  "give",      "have",   "how",   "into",    "its",
    "just",    "like",    "list",  "make",  "many",      "more",   "most",  "much",    "need",
    "not",     "one",     "only",  "other", "over",      "please", "put",   "say",     "sentence",
    "should",  "show",    "some",  "such",  "summarise", "tell",   "than",  "that",    "the",
    "their",   "them",    "then",  "there", "these",     "they",   "this",  "what",    "when",
    "where",   "which",   "why",   "will",  "with",      "would",  "write",
});

bool is_word_byte(char byte) {
  const auto value = static_cast<unsigned char>(byte);
  return (value >= '0' && value <= '9') || (value >= 'a' && value <= 'z') ||
         (value >= 'A' && value <= 'Z') || value >= 0x80;
}

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

std::vector<std::string_view> split_words(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::size_t i = 0; i < text.size();) {
    if (!is_word_byte(text[i])) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < text.size() && is_word_byte(text[end])) {
      ++end;
    }
    words.push_back(text.substr(i, end - i));
    i = end;
  }
  return words;
}

std::string to_lower(std::string_view text) {
  std::string lower(text);
  for (char& byte : lower) {
    if (byte >= 'A' && byte <= 'Z') {
      byte = static_cast<char>(byte - 'A' + 'a');
    }
  }
  return lower;
}

std::size_t token_end_after(std::string_view text, std::size_t begin) {
  std::size_t end = begin;
  if (text[end] == ' ') {
    ++end;
  }
  if (end < text.size() && is_word_byte(text[end])) {
    const std::size_t limit = std::min(text.size(), end + kTokenBytesMax);
    while (end < limit && is_word_byte(text[end])) {
      ++end;
    }
    while (end < text.size() && is_continuation(text[end])) {
      ++end;
    }
    return end;
  }
  return std::min(text.size(), std::max(end + 1, begin + 1));
}

void append_sentence(std::string& text, std::string_view pattern, SeededRandom& random,
                     const std::vector<std::string>& words) {
  const std::size_t first = random.below(words.size());
  const std::size_t step = words.size() > 1 ? 1 + random.below(words.size() - 1) : 0;
  if (!text.empty()) {
    text += ' ';
  }
  for (const char sign : pattern) {
    if (sign == '@') {
      text += words[first];
    } else if (sign == '#') {
      text += words[(first + step) % words.size()];
    } else {
      text += sign;
    }
  }
}

/// Deals patterns without repeating one until all were used.
class MiddleDeck {
 public:
  std::string_view draw(SeededRandom& random) {
    if (left_ == 0) {
      left_ = kMiddles.size();
    }
    const std::size_t pick = random.below(left_);
    --left_;
    std::swap(order_[pick], order_[left_]);
    return order_[left_];
  }

 private:
  std::array<std::string_view, kMiddles.size()> order_ = kMiddles;
  std::size_t left_ = kMiddles.size();
};

}  // namespace

std::vector<std::string> lower_words(std::string_view text) {
  std::vector<std::string> words;
  for (const std::string_view word : split_words(text)) {
    words.push_back(to_lower(word));
  }
  return words;
}

std::vector<std::string> subject_words(std::string_view prompt) {
  constexpr std::size_t kSubjectsMax = 12;
  std::vector<std::string> subjects;
  for (const std::string_view word : split_words(prompt)) {
    if (word.size() < 3 || word.size() > kSubjectBytesMax || subjects.size() == kSubjectsMax) {
      continue;
    }
    const std::string lower = to_lower(word);
    const bool common =
        std::find(kCommonWords.begin(), kCommonWords.end(), lower) != kCommonWords.end();
    const auto same = [&lower](const std::string& other) { return to_lower(other) == lower; };
    if (!common && std::none_of(subjects.begin(), subjects.end(), same)) {
      subjects.emplace_back(word);
    }
  }
  if (subjects.empty()) {
    subjects = {"the question", "the answer"};
  }
  return subjects;
}

std::vector<std::uint32_t> token_ends(std::string_view text) {
  std::vector<std::uint32_t> ends;
  ends.reserve(text.size() / 4 + 1);
  for (std::size_t at = 0; at < text.size();) {
    at = token_end_after(text, at);
    ends.push_back(static_cast<std::uint32_t>(at));
  }
  return ends;
}

std::string compose_answer(SeededRandom& random, const std::vector<std::string>& words) {
  MiddleDeck deck;
  std::string text;
  append_sentence(text, kOpeners[random.below(kOpeners.size())], random, words);
  for (std::uint64_t left = 1 + random.below(5); left > 0; --left) {
    append_sentence(text, deck.draw(random), random, words);
  }
  append_sentence(text, kClosers[random.below(kClosers.size())], random, words);
  return text;
}

std::string compose_answer_of(SeededRandom& random, const std::vector<std::string>& words,
                              std::size_t tokens) {
  if (tokens == 0) {
    return std::string();
  }
  MiddleDeck deck;
  std::string text;
  append_sentence(text, kOpeners[random.below(kOpeners.size())], random, words);
  std::size_t made = token_ends(text).size();
  while (made < tokens) {
    const std::size_t before = text.size();
    append_sentence(text, deck.draw(random), random, words);
    made += token_ends(std::string_view(text).substr(before)).size();
  }
  // The last token becomes the full stop, so that a cut sentence still ends like one; where a
  // sign stands before it already, a word takes that sign's place.
  const std::vector<std::uint32_t> ends = token_ends(text);
  if (tokens < 3) {
    text.resize(ends[tokens - 1]);
    return text;
  }
  text.resize(ends[tokens - 2]);
  if (!is_word_byte(text.back())) {
    text.resize(ends[tokens - 3]);
    text += " indeed";
  }
  text += '.';
  return text;
}

}  // namespace cochain
