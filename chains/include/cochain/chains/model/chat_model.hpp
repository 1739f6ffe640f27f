// The port that every chat model implements, and every chain calls.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cochain/chains/model/chat_options.hpp"
#include "cochain/chains/model/content_event.hpp"
#include "cochain/chains/model/message.hpp"
#include "cochain/chains/runnable/runnable.hpp"

namespace cochain {

extern template class Runnable<Messages, AIMessage>;

/// A model that answers a conversation.
/// Shape:    a provider writes generate() and generate_events(); invoke() and stream() are their
///           views as a step of a chain, with the options that the model was made with.
/// Suspends: until the answer, or its next piece, is there; cancelling closes the connection.
/// Lives:    handled by shared_ptr; it must outlive what it returned.
/// Errors:   ModelError and its children, see model/error.hpp. A stream that breaks after its first
///           event is not begun again: the error holds the text so far.
class ChatModel : public Runnable<Messages, AIMessage> {
 public:
  /// What it is called, as in "openai:gpt-5".
  [[nodiscard]] std::string name() const override = 0;
  [[nodiscard]] RunKind kind() const noexcept override { return RunKind::kChatModel; }
  /// The options used where a call brings none of its own.
  [[nodiscard]] virtual const ChatOptions& options() const noexcept = 0;
  /// The whole answer, asked for whole.
  [[nodiscard]] virtual Coro<AIMessage> generate(Messages messages, ChatOptions options) const = 0;
  /// The answer as it arrives, in the native events.
  [[nodiscard]] virtual Stream<ContentEvent> generate_events(Messages messages,
                                                             ChatOptions options) const = 0;

 private:
  /// Where somebody hears of the run, the answer is streamed, so that its pieces can be told; not
  /// so if the options say that nothing is.
  [[nodiscard]] Coro<AIMessage> do_invoke(Messages input, RunConfig config) const override;
  /// Every event that says something, as a chunk: starts and ends of plain blocks are left out.
  [[nodiscard]] Stream<AIMessageChunk> do_stream(Messages input, RunConfig config) const override;
};

/// The same model, with these options in place of its own.
/// Lives:    keeps the model, as long as its answers come.
[[nodiscard]] std::shared_ptr<ChatModel> with_options(std::shared_ptr<const ChatModel> model,
                                                      ChatOptions options);

/// The model with options of its own: LangChain's `model.bind(…)`. What a call says holds, then
/// what is bound last, then the model's own options.
[[nodiscard]] std::shared_ptr<ChatModel> bind(std::shared_ptr<const ChatModel> model,
                                              ChatOptions options);

/// The model, told of tools that it may call.
[[nodiscard]] std::shared_ptr<ChatModel> bind_tools(std::shared_ptr<const ChatModel> model,
                                                    std::vector<ToolSpec> tools,
                                                    ToolChoice choice = ToolChoice::automatic());

}  // namespace cochain
