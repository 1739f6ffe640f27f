// What a PartialJsonParser holds: the growing tree, the place in the grammar, and what follows an
// error. partial_json.cpp reads bytes, partial_json_tree.cpp grows the tree, and
// partial_json_broken.cpp goes on where the text is no JSON.
#pragma once

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cochain/chains/parsers/partial_json.hpp"

namespace cochain::detail {

/// The value so far. Pointers to open containers stay good: a container that has an open one in it
/// does not grow.
class PartialTree {
 public:
  /// An open container.
  class Frame {
   public:
    explicit Frame(Json& value) : array(value.if_array()), object(value.if_object()) {}
    JsonArray* array;                               // or
    JsonObject* object;                             // the other is null
    boost::json::key_value_pair* member = nullptr;  // the latest of the object
    std::unique_ptr<Json> shadow;                   // what an equal key held before
  };

  std::vector<Frame> frames;
  std::string key;  // of the member that comes next
  Json root;
  bool has_root = false;
  bool repeated_key = false;

  template <class Value>
  Json& add(Value&& value) {
    if (frames.empty()) {
      has_root = true;
      root = Json(std::forward<Value>(value));
      return root;
    }
    Frame& top = frames.back();
    if (top.array != nullptr) return top.array->emplace_back(std::forward<Value>(value));
    if (top.shadow) top.shadow.reset();
    const auto [place, fresh] = top.object->emplace(key, std::forward<Value>(value));
    if (!fresh) {  // then it has not touched `value`
      repeated_key = true;
      top.shadow = std::make_unique<Json>(std::move(place->value()));
      place->value() = Json(std::forward<Value>(value));
    }
    top.member = place;
    return place->value();
  }
  /// Takes the value out again that was added last.
  void remove_latest();
  void open(boost::json::kind kind);
  [[nodiscard]] bool in_object() const noexcept {
    return !frames.empty() && frames.back().object != nullptr;
  }
};

/// A text after its first error, as LangChain goes on with it: brackets outside of what it takes
/// for strings open and close, and what shows is the longest beginning of the good part that these
/// brackets close.
class BrokenText {
 public:
  BrokenText(const PartialTree& tree, bool in_string, bool escaped);

  void scan(std::string_view text);
  /// nullptr if no beginning can be closed so.
  const Json* visible(const PartialTree& tree);
  /// Whether visible() may give something else than the last time.
  [[nodiscard]] bool changed() const noexcept { return changed_; }

 private:
  /// A container of the tree: its place in the one around it, which is another such mark.
  class Mark {
   public:
    int parent = -1;
    std::size_t index = 0;
  };
  /// All containers with the same kinds of containers around them, and the latest of them.
  class Nest {
   public:
    std::array<int, 2> inner{-1, -1};
    int latest = -1;
  };
  void mark_all(const PartialTree& tree, const Json& value, int nest, int parent,
                std::size_t index);
  [[nodiscard]] int find() const;
  [[nodiscard]] static Json cut(const PartialTree& tree, const Json& value,
                                const std::vector<std::size_t>& path, std::size_t level);

  std::string stack_;     // the closing brackets that are due, outermost first
  std::string at_error_;  // those of the good part
  bool in_string_;
  bool escaped_;
  bool mismatched_ = false;  // a wrong closing bracket: nothing shows any more
  bool changed_ = true;
  bool marked_ = false;
  std::vector<Nest> nests_;
  std::vector<Mark> marks_;
  Json cut_;
  const Json* shown_ = nullptr;
};

/// All of a parser. The members of the header are told there.
class PartialJsonState {
 public:
  PartialJsonState(PartialProfile the_profile, PartialJsonLimits the_limits)
      : profile_(the_profile), limits_(the_limits) {}

  void feed(std::string_view bytes);
  void finish();
  const Json* visible();
  std::uint64_t revision() {
    static_cast<void>(visible());
    return revision_;
  }
  void listen(PartialJsonListener* listener) noexcept { listener_ = listener; }
  void ignore_rest() noexcept { ignores_rest_ = true; }
  [[nodiscard]] bool whole() const noexcept { return whole_; }
  [[nodiscard]] bool failed() const noexcept { return wanted_ != nullptr; }
  [[nodiscard]] std::string error() const;
  [[nodiscard]] std::size_t offset() const noexcept {
    return whole_ || failed() ? offset_ : count_;
  }
  [[nodiscard]] const PartialTree& tree() const noexcept { return tree_; }

 private:
  enum class At : std::uint8_t {
    kValue,
    kFirstItem,
    kFirstKey,
    kKey,
    kColon,
    kAfter,
    kEnd,
    kString,
    kNumber,
    kWord,
    kBroken,
    kStopped,
  };
  enum class Escape : std::uint8_t { kNone, kBackslash, kHex };
  enum class Digits : std::uint8_t { kNone, kMinus, kZero, kInt, kDot, kFraction, kE, kSign, kExp };

  const char* take(const char* now, const char* end);
  const char* take_structure(const char* now);
  const char* begin_value(const char* now);
  const char* take_string(const char* now, const char* end);
  const char* take_escape(const char* now, const char* end);
  const char* take_utf8(const char* now, const char* end);
  const char* take_number(const char* now, const char* end);
  const char* take_word(const char* now, const char* end);
  [[nodiscard]] bool takes_digit(char c);
  void take_unit();
  void append(std::string_view text);
  void append_code_point(std::uint32_t code_point);
  void drop_replacement();
  void begin_word(std::string_view word, std::size_t matched);
  void end_string(const char* now, std::string_view rest);
  void end_number(const char* now);
  void open(boost::json::kind kind);
  void close(const char* now);
  void after_value(const char* now, const Json& value);
  const char* fail(const char* now, const char* wanted);
  [[noreturn]] void stop(const std::string& why);

  void show_tail();
  void show_string();
  void hide_string();
  void show_number();

  PartialProfile profile_;
  PartialJsonLimits limits_;
  PartialJsonListener* listener_ = nullptr;
  PartialTree tree_;
  At at_ = At::kValue;

  // A string: where it is kept depends on whether it shows. Only one of the three has text.
  std::string token_;                          // not shown yet; a number's text, too
  boost::json::string* shown_ = nullptr;       // grows in the tree
  std::optional<boost::json::string> hidden_;  // was in the tree, and cannot show in this state
  bool is_key_ = false;
  Escape escape_ = Escape::kNone;
  std::uint8_t hex_count_ = 0;
  std::uint32_t unit_ = 0;
  std::uint32_t high_ = 0;  // the half of a pair that the text ends with, shown as U+FFFD
  std::array<char, 4> utf8_{};
  std::uint8_t utf8_size_ = 0;
  std::uint8_t utf8_want_ = 0;  // 0: not in a character

  Digits digits_ = Digits::kNone;
  std::size_t valid_ = 0;        // so much of token_ is a number
  std::size_t valid_shown_ = 0;  // and so much of it shows
  Json* number_ = nullptr;       // where it shows
  std::string_view word_;
  std::size_t matched_ = 0;

  const char* begin_ = nullptr;  // of the bytes that are being fed
  std::size_t count_ = 0;        // bytes fed before them
  std::size_t offset_ = 0;
  bool whole_ = false;
  bool finished_ = false;
  bool ignores_rest_ = false;
  const char* wanted_ = nullptr;
  std::uint64_t revision_ = 0;
  std::unique_ptr<BrokenText> broken_;
};

}  // namespace cochain::detail
