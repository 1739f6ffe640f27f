// Cutting a conversation: a number of whole messages is searched, then a part of one more is tried.

#include "cochain/chains/memory/trim.hpp"

#include <algorithm>

#include "cochain/chains/model/message_utils.hpp"
#include "cochain/chains/model/tokenize.hpp"
#include "model/message_texts.hpp"

namespace cochain {

template class Runnable<Messages, Messages>;
namespace {

// With their line ends, so that joining gives the text again.
std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (true) {
    const auto end = text.find('\n');
    if (end == text.npos) {
      lines.emplace_back(text);
      return lines;
    }
    lines.emplace_back(text.substr(0, end + 1));
    text.remove_prefix(end + 1);
  }
}

bool is_one_of(const std::vector<Role>& roles, const Message& message) {
  return std::find(roles.begin(), roles.end(), message.role()) != roles.end();
}

std::vector<ContentPart>* parts_of(Message& message) {
  if (auto* human = message.get_if<HumanMessage>()) return &human->parts;
  if (auto* answer = message.get_if<AIMessage>()) return &answer->parts;
  return nullptr;
}

// The first text of the message, where a shorter one can be put.
std::string* text_of(Message& message) {
  if (auto* system = message.get_if<SystemMessage>()) return &system->content;
  if (auto* result = message.get_if<ToolMessage>()) return &result->content;
  for (ContentPart& part : *parts_of(message)) {
    if (auto* text = std::get_if<TextPart>(&part)) return &text->text;
  }
  return nullptr;
}

// The largest n up to `most` for which fits(n) holds, given that it holds for all smaller ones.
template <class Fits>
std::size_t largest(std::size_t most, Fits&& fits) {
  std::size_t low = 0;
  while (low < most) {
    const std::size_t middle = low + (most - low + 1) / 2;
    if (fits(middle)) {
      low = middle;
    } else {
      most = middle - 1;
    }
  }
  return low;
}

// Whether a part may go and the rest of the message stay. A call has its result in a later message,
// and models want to see again what they thought before a call.
bool may_go(const ContentPart& part) {
  return !std::holds_alternative<ToolCall>(part) && !std::holds_alternative<ReasoningPart>(part);
}

// What counting them tokenizes.
std::size_t text_bytes(const Messages& messages, const TokenCounting& how) {
  const detail::MessageTexts counted(messages, how);
  std::size_t bytes = 0;
  for (const std::string_view text : counted.texts()) bytes += text.size();
  return bytes;
}

class Trimmer {
 public:
  Trimmer(Messages messages, const TrimOptions& options)
      : messages_(std::move(messages)),
        options_(options),
        budget_(std::max<std::int64_t>(
            std::max<std::int64_t>(options.max_tokens(), 0) - options.reserved_tokens(), 0)),
        last_(options.strategy() == TrimStrategy::kLast) {}

  Messages run() {
    if (last_) {
      cut_after(options_.end_on());
      take_system_away();
    }
    std::size_t kept = largest(messages_.size(), [this](std::size_t n) { return fits(n); });
    if (options_.allows_partial() && kept < messages_.size() && keep_part_of_next(kept)) ++kept;
    cut_to(kept);
    if (last_) {
      cut_before(options_.start_on());
    } else {
      cut_after(options_.end_on());
    }
    if (!system_.empty()) {
      messages_.insert(messages_.begin(), std::move(system_.front()));
    }
    return std::move(messages_);
  }

 private:
  void take_system_away() {
    if (!options_.keeps_system() || messages_.empty()) return;
    if (messages_.front().role() != Role::kSystem) return;
    budget_ = std::max<std::int64_t>(
        0, budget_ - options_.count(std::span<const Message>(messages_).first(1)));
    system_.push_back(std::move(messages_.front()));
    messages_.erase(messages_.begin());
  }

  // Whether the n messages at the end that is kept fit.
  [[nodiscard]] bool fits(std::size_t n) const {
    const std::span<const Message> all(messages_);
    return options_.count(last_ ? all.last(n) : all.first(n)) <= budget_;
  }

  // Of the message beside the `kept` ones: whole parts of it, or else some of its text.
  bool keep_part_of_next(std::size_t kept) {
    Message& next = messages_[last_ ? messages_.size() - kept - 1 : kept];
    if (std::vector<ContentPart>* parts = parts_of(next)) {
      while (parts->size() > 1 && drop_part(*parts)) {
        if (fits(kept + 1)) return true;
      }
    }
    std::string* text = text_of(next);
    if (text == nullptr || text->empty()) return false;
    const std::vector<std::string> pieces = options_.split(*text);
    const auto put = [&](std::size_t n) {
      const std::size_t first = last_ ? pieces.size() - n : 0;
      text->clear();
      for (std::size_t i = 0; i < n; ++i) *text += pieces[first + i];
    };
    const std::size_t most = largest(pieces.size(), [&](std::size_t n) {
      put(n);
      return fits(kept + 1);
    });
    if (most > 0) put(most);
    return most > 0;
  }

  // The first or last part that may go; false if there is none.
  [[nodiscard]] bool drop_part(std::vector<ContentPart>& parts) const {
    if (last_) {
      const auto part = std::find_if(parts.begin(), parts.end(), may_go);
      if (part == parts.end()) return false;
      parts.erase(part);
    } else {
      const auto part = std::find_if(parts.rbegin(), parts.rend(), may_go);
      if (part == parts.rend()) return false;
      parts.erase(part.base() - 1);
    }
    return true;
  }

  void cut_to(std::size_t kept) {
    const auto gone = static_cast<std::ptrdiff_t>(messages_.size() - kept);
    if (last_) {
      messages_.erase(messages_.begin(), messages_.begin() + gone);
    } else {
      messages_.erase(messages_.end() - gone, messages_.end());
    }
  }

  void cut_after(const std::vector<Role>& roles) {
    if (roles.empty()) return;
    while (!messages_.empty() && !is_one_of(roles, messages_.back())) messages_.pop_back();
  }

  void cut_before(const std::vector<Role>& roles) {
    if (roles.empty()) return;
    const auto begin =
        std::find_if(messages_.begin(), messages_.end(),
                     [&roles](const Message& message) { return is_one_of(roles, message); });
    messages_.erase(messages_.begin(), begin);
  }

  Messages messages_;
  Messages system_;  // the kept one, while the others are cut
  const TrimOptions& options_;
  std::int64_t budget_;
  bool last_;
};

}  // namespace

std::int64_t TrimOptions::reserved_tokens() const {
  if (!tokenizer_) return 0;
  const TokenCounting tools = TokenCounting().tools(counting_.tools());
  return counting_.tokens_per_reply() +
         count_tokens(std::span<const Message>(), *tokenizer_, tools);
}

std::int64_t TrimOptions::count(std::span<const Message> messages) const {
  if (counter_) return counter_(messages);
  if (!tokenizer_) return count_tokens_approximately(messages);
  TokenCounting texts = counting_;
  texts.tokens_per_reply(0).tools({});
  return count_tokens(messages, *tokenizer_, texts);
}

std::vector<std::string> TrimOptions::split(std::string_view text) const {
  return splitter_ ? splitter_(text) : lines_of(text);
}

Messages trim_messages(Messages messages, const TrimOptions& options) {
  if (options.strategy() == TrimStrategy::kFirst) {
    if (options.keeps_system()) {
      throw InvalidStateError("trim_messages: keep_system() is for the strategy kLast");
    }
    if (!options.start_on().empty()) {
      throw InvalidStateError("trim_messages: start_on() is for the strategy kLast");
    }
  }
  return Trimmer(std::move(messages), options).run();
}

Coro<Messages> MessageTrimmer::do_invoke(Messages input, RunConfig) const {
  constexpr std::size_t kInlineBytes = std::size_t{4} * 1024;
  if (!options_.tokenizer() || text_bytes(input, options_.counting()) <= kInlineBytes) {
    co_return trim_messages(std::move(input), options_);
  }
  Messages kept =
      co_await run_in_executor(tokenizer_executor(), trim_messages, std::move(input), options_);
  co_return kept;
}

}  // namespace cochain
