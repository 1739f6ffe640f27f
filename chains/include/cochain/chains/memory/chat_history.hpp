// What was said before: the port that keeps conversations, and one in memory.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cochain/chains/model/message.hpp"
#include "cochain/core/coro.hpp"

namespace cochain {

/// One conversation that is kept somewhere.
/// Shape:    handled by shared_ptr; a store of yours derives it.
/// Suspends: as the store does.
/// Lives:    longer than what it returned.
class ChatHistory {
 public:
  ChatHistory() = default;
  ChatHistory(const ChatHistory&) = delete;
  ChatHistory& operator=(const ChatHistory&) = delete;
  virtual ~ChatHistory() = default;

  /// All messages, the oldest first.
  [[nodiscard]] virtual Coro<Messages> messages() = 0;
  /// Adds all of them behind each other, or, where it fails, none.
  [[nodiscard]] virtual Coro<> add(Messages messages) = 0;
  [[nodiscard]] virtual Coro<> clear() = 0;
};

/// A conversation in memory.
/// Suspends: never.
/// Threads:  for one loop.
class InMemoryChatHistory final : public ChatHistory {
 public:
  InMemoryChatHistory() = default;
  explicit InMemoryChatHistory(Messages messages)
      : kept_(std::make_shared<Messages>(std::move(messages))) {}
  [[nodiscard]] Coro<Messages> messages() override;
  [[nodiscard]] Coro<> add(Messages messages) override;
  [[nodiscard]] Coro<> clear() override;

 private:
  std::shared_ptr<Messages> kept_ = std::make_shared<Messages>();
};

/// Gives the conversation of a session; the same one each time.
using ChatHistories = std::function<std::shared_ptr<ChatHistory>(std::string session_id)>;

/// Conversations in memory, one for each session, made when it is first asked for.
/// Shape: a copy shares them.
[[nodiscard]] ChatHistories in_memory_histories();

}  // namespace cochain
