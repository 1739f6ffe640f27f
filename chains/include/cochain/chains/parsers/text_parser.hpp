// What all parsers of a model's text share: whole or piece by piece, out of messages or of texts.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cochain/chains/runnable/runnable.hpp"

namespace cochain {

/// Makes pieces of output out of pieces of text, for one run.
template <class Out>
class TextReader {
 public:
  using Pieces = std::vector<chunk_of_t<Out>>;
  virtual ~TextReader() = default;
  /// The next piece of text; what can be given out now.
  virtual Pieces feed(std::string text) = 0;
  /// The text is over; what is left to give out.
  /// Errors: ParseError if the text is not in the form that was asked for.
  virtual Pieces finish() = 0;

 protected:
  TextReader() = default;
  TextReader(const TextReader&) = default;
  TextReader& operator=(const TextReader&) = default;
};

/// A step that reads the text of an answer.
/// Shape:    derive and write parse(); write read() too if pieces of text make pieces of output.
///           `from_text(parser)` is the same step for a std::string.
template <class Out>
class TextOutputParser : public Runnable<AIMessage, Out> {
 public:
  /// The output for a whole text.
  /// Errors: ParseError, with the text, if it is not in the form that was asked for.
  [[nodiscard]] virtual Out parse(std::string text) const = 0;
  /// What to put into a prompt, so that the model answers in this form.
  [[nodiscard]] virtual std::string get_format_instructions() const = 0;
  /// A reader for one stream, which may outlive the parser; nullptr if all of the text is needed.
  [[nodiscard]] virtual std::unique_ptr<TextReader<Out>> read() const { return nullptr; }
  [[nodiscard]] RunKind kind() const noexcept override { return RunKind::kParser; }
  [[nodiscard]] bool streams() const noexcept override { return read() != nullptr; }

 protected:
  [[nodiscard]] Coro<Out> do_invoke(AIMessage input, RunConfig config) const override;
  [[nodiscard]] Stream<chunk_of_t<Out>> do_transform(Stream<AIMessageChunk> input,
                                                     RunConfig config) const override;

 private:
  static Stream<chunk_of_t<Out>> read_chunks(std::unique_ptr<TextReader<Out>> reader,
                                             Stream<AIMessageChunk> input);
};

template <class Out>
Coro<Out> TextOutputParser<Out>::do_invoke(AIMessage input, RunConfig) const {
  co_return parse(std::move(input).text());
}

template <class Out>
auto TextOutputParser<Out>::do_transform(Stream<AIMessageChunk> input, RunConfig config) const
    -> Stream<chunk_of_t<Out>> {
  std::unique_ptr<TextReader<Out>> reader = read();
  if (reader) return read_chunks(std::move(reader), std::move(input));
  return Runnable<AIMessage, Out>::do_transform(std::move(input), std::move(config));
}

template <class Out>
auto TextOutputParser<Out>::read_chunks(std::unique_ptr<TextReader<Out>> reader,
                                        Stream<AIMessageChunk> input) -> Stream<chunk_of_t<Out>> {
  bool answered = false;
  while (auto chunk = co_await input.next()) {
    answered = true;
    std::string text = chunk->take_content();
    if (text.empty()) continue;
    std::vector<chunk_of_t<Out>> pieces = reader->feed(std::move(text));
    for (chunk_of_t<Out>& piece : pieces) co_yield std::move(piece);
  }
  if (!answered) co_return;  // no answer is not an empty answer
  std::vector<chunk_of_t<Out>> rest = reader->finish();
  for (chunk_of_t<Out>& piece : rest) co_yield std::move(piece);
}

/// A parser as a step for texts: `prompt | model | StrOutputParser() | from_text(parser)`.
template <class Out>
class TextStep final : public Runnable<std::string, Out> {
 public:
  using Parser = std::shared_ptr<const TextOutputParser<Out>>;
  explicit TextStep(Parser parser) : parser_(std::move(parser)) {}
  [[nodiscard]] std::string name() const override { return parser_->name(); }
  [[nodiscard]] RunKind kind() const noexcept override { return RunKind::kParser; }
  [[nodiscard]] bool streams() const noexcept override { return parser_->streams(); }

 protected:
  [[nodiscard]] Coro<Out> do_invoke(std::string input, RunConfig) const override {
    return parse(parser_, std::move(input));
  }
  [[nodiscard]] Stream<chunk_of_t<Out>> do_transform(Stream<std::string> input,
                                                     RunConfig config) const override {
    std::unique_ptr<TextReader<Out>> reader = parser_->read();
    if (reader) return read_texts(std::move(reader), std::move(input));
    return Runnable<std::string, Out>::do_transform(std::move(input), std::move(config));
  }

 private:
  static Coro<Out> parse(Parser parser, std::string text) {
    co_return parser->parse(std::move(text));
  }
  static Stream<chunk_of_t<Out>> read_texts(std::unique_ptr<TextReader<Out>> reader,
                                            Stream<std::string> input) {
    bool answered = false;
    while (auto text = co_await input.next()) {
      answered = true;
      if (text->empty()) continue;
      std::vector<chunk_of_t<Out>> pieces = reader->feed(std::move(*text));
      for (chunk_of_t<Out>& piece : pieces) co_yield std::move(piece);
    }
    if (!answered) co_return;
    std::vector<chunk_of_t<Out>> rest = reader->finish();
    for (chunk_of_t<Out>& piece : rest) co_yield std::move(piece);
  }

  Parser parser_;
};

/// The step that applies a parser of answers to a text.
template <class Parser>
[[nodiscard]] TextStep<typename Parser::Output> from_text(Parser parser) {
  return TextStep<typename Parser::Output>(std::make_shared<const Parser>(std::move(parser)));
}

}  // namespace cochain
