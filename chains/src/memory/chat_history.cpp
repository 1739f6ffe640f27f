// Conversations in memory.

#include "cochain/chains/memory/chat_history.hpp"

#include <iterator>
#include <map>
#include <utility>

namespace cochain {
namespace {

using Kept = std::shared_ptr<Messages>;

// The messages by shared_ptr: what was returned may outlive the history.
Coro<Messages> copy_of(Kept kept) { co_return *kept; }

Coro<> append(Kept kept, Messages messages) {
  kept->insert(kept->end(), std::make_move_iterator(messages.begin()),
               std::make_move_iterator(messages.end()));
  co_return;
}

Coro<> forget(Kept kept) {
  kept->clear();
  co_return;
}

}  // namespace

Coro<Messages> InMemoryChatHistory::messages() { return copy_of(kept_); }
Coro<> InMemoryChatHistory::add(Messages messages) { return append(kept_, std::move(messages)); }
Coro<> InMemoryChatHistory::clear() { return forget(kept_); }

ChatHistories in_memory_histories() {
  using Sessions = std::map<std::string, std::shared_ptr<ChatHistory>>;
  return [sessions = std::make_shared<Sessions>()](std::string session_id) {
    std::shared_ptr<ChatHistory>& history = (*sessions)[std::move(session_id)];
    if (!history) history = std::make_shared<InMemoryChatHistory>();
    return history;
  };
}

}  // namespace cochain
