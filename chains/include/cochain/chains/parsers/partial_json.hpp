// JSON that is still arriving: the value that can be seen of it after every piece.
// Pure and synchronous. The output parsers and the streams of typed values stand on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cochain/chains/model/json.hpp"

namespace cochain {

/// What can be seen of a JSON text before it is whole.
enum class PartialProfile : std::uint8_t {
  /// What LangChain shows for the same text: open strings, arrays and objects are closed, a number
  /// shows as far as it is one, and the rest of what is unfinished is left out.
  kLangChain,
  /// Strings, numbers and words once they are whole; arrays and objects grow by such members.
  kComplete,
};

/// How much a PartialJsonParser takes.
class PartialJsonLimits {
 public:
  PartialJsonLimits() = default;
  /// Arrays and objects in each other.
  PartialJsonLimits& depth(std::size_t value) {
    depth_max = value;
    return *this;
  }
  /// Bytes of text.
  PartialJsonLimits& bytes(std::size_t value) {
    bytes_max = value;
    return *this;
  }
  std::size_t depth_max = 100;
  std::size_t bytes_max = std::size_t{64} << 20U;
};

namespace detail {
class PartialJsonState;
}  // namespace detail

/// Where in a document a value stands: the keys and indices that lead to it.
/// Lives: during the call that was given it.
class JsonPlace {
 public:
  /// The number of steps; 0 for the whole document.
  [[nodiscard]] std::size_t depth() const noexcept;
  /// Whether a step goes into an array.
  [[nodiscard]] bool is_index(std::size_t step) const noexcept;
  /// The key of a step that goes into an object; empty for an array.
  [[nodiscard]] std::string_view key(std::size_t step) const noexcept;
  /// The index of a step that goes into an array; 0 for an object.
  [[nodiscard]] std::size_t index(std::size_t step) const noexcept;
  /// For people: `$.items[2].price`.
  [[nodiscard]] std::string text() const;

 private:
  friend class detail::PartialJsonState;
  explicit JsonPlace(const detail::PartialJsonState& state) : state_(&state) {}
  const detail::PartialJsonState* state_;
};

/// Hears of each value that is whole, innermost first. A stream of the elements of `$.items` keeps
/// those whose place has depth 2, key(0) "items" and is_index(1): each is told once.
class PartialJsonListener {
 public:
  virtual ~PartialJsonListener() = default;
  /// Lives:  `place` and `value` until the call returns; the parser is not to be used in it.
  /// Errors: what it throws comes out of feed(), and the parser takes no more.
  virtual void on_value_end(const JsonPlace& place, const Json& value) = 0;

 protected:
  PartialJsonListener() = default;
  PartialJsonListener(const PartialJsonListener&) = default;
  PartialJsonListener& operator=(const PartialJsonListener&) = default;
};

/// Parses a JSON text piece by piece and shows the value so far.
/// Shape:    feed()* finish(). A piece may end anywhere: inside an escape, a number, a character.
///           The tree grows in place, so a byte costs the same at the end of a long text.
///           After kLangChain: unescaped control characters may stand in strings; NaN, Infinity and
///           -Infinity are numbers; half of a surrogate pair, and bytes that are no UTF-8, show as
///           U+FFFD; the last of two equal keys holds. Integers beyond 64 bits become doubles.
///           After an error in the text it shows what LangChain shows: the longest part that closes
///           with the brackets that are open now, or nothing; each bracket of such a text may cost
///           a copy of the value. kComplete keeps what was whole, and does not know NaN.
/// Lives:    what value() and visible() refer to, until the next feed() or finish().
/// Errors:   a wrong text is no exception: see failed(). ParseError if it is deeper or longer than
///           the limits, or has a number of more than 4300 characters.
/// Source:   langchain_core.utils.json.parse_partial_json of langchain-core 1.2.19; RFC 8259.
class PartialJsonParser {
 public:
  explicit PartialJsonParser(PartialProfile profile,
                             PartialJsonLimits limits = PartialJsonLimits());
  PartialJsonParser(PartialJsonParser&& other) noexcept;
  PartialJsonParser& operator=(PartialJsonParser&& other) noexcept;
  PartialJsonParser(const PartialJsonParser&) = delete;
  PartialJsonParser& operator=(const PartialJsonParser&) = delete;
  ~PartialJsonParser();

  /// Tells `listener` of each finished value; it must outlive the parser, or nullptr follow.
  void listen(PartialJsonListener* listener) noexcept;

  /// From now on, whatever follows the document is not looked at, and fails nothing.
  void ignore_rest() noexcept;

  void feed(std::string_view bytes);
  /// The text is over: a number that is all of it is whole.
  void finish();

  /// The value so far, or nullptr if there is nothing to be seen.
  [[nodiscard]] const Json* visible();
  /// The same, with null in place of nothing.
  [[nodiscard]] const Json& value();
  /// Counts the changes of what can be seen; 1 and 1.0 are no change, as in Python.
  [[nodiscard]] std::uint64_t revision();

  /// The document is whole. What follows it, if not blanks, fails the text, but this stays true.
  [[nodiscard]] bool done() const noexcept;
  /// Every change so far was at the end of the value: no key came twice, and nothing failed. Then
  /// two looks at it differ only in the last element of each open container, and behind it.
  [[nodiscard]] bool grows_at_end() const noexcept;
  /// The text is not the beginning of any JSON document.
  [[nodiscard]] bool failed() const noexcept;
  /// What is wrong, and where: "at byte 17: a comma or ] was expected"; empty unless failed().
  [[nodiscard]] std::string error() const;
  /// The place in the text, counted in bytes: behind the document if that is whole or was, else
  /// where it went wrong, else how much was fed.
  [[nodiscard]] std::size_t offset() const noexcept;

 private:
  std::unique_ptr<detail::PartialJsonState> state_;
};

/// What can be seen of the beginning of a text; nothing if there is nothing. A text that is all
/// there, and may be but a number, wants PartialJsonParser::finish().
/// Errors: ParseError at the default limits of PartialJsonParser.
[[nodiscard]] std::optional<Json> parse_partial_json(
    std::string_view text, PartialProfile profile = PartialProfile::kLangChain);

}  // namespace cochain
