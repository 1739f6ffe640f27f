// Reads the bytes of a JSON text, in whatever pieces they come.

#include "cochain/chains/parsers/partial_json.hpp"

#include <cstring>
#include <utility>

#include "ascii.hpp"
#include "cochain/chains/model/error.hpp"
#include "partial_json_state.hpp"

namespace cochain {
namespace detail {
namespace {

constexpr std::size_t kNumberMax = 4300;  // Python takes no longer integers, either
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr const char* kNoEscape = "an escape that JSON knows was expected";

bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool is_high(std::uint32_t unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool is_low(std::uint32_t unit) { return unit >= 0xDC00 && unit < 0xE000; }

bool is_plain(char c) { return c != '"' && c != '\\' && static_cast<unsigned char>(c) < 0x80; }

/// The first character that is not plain; looks at eight bytes at once where there are as many.
const char* plain_end(const char* now, const char* end) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kTops = 0x8080808080808080;
  while (end - now >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, now, sizeof word);
    const std::uint64_t quote = word ^ (kOnes * '"');
    const std::uint64_t backslash = word ^ (kOnes * '\\');
    // A byte is zero if subtracting one sets its top bit that was clear.
    const std::uint64_t found =
        word | ((quote - kOnes) & ~quote) | ((backslash - kOnes) & ~backslash);
    if ((found & kTops) != 0) break;
    now += 8;
  }
  while (now != end && is_plain(*now)) ++now;
  return now;
}

}  // namespace

void PartialJsonState::feed(std::string_view bytes) {
  if (at_ == At::kStopped) throw ParseError("a JSON text was fed after a limit ended it");
  if (finished_) throw InvalidStateError("a JSON text was fed after its end");
  if (bytes.size() > limits_.bytes_max - count_) {
    stop("a JSON text of more than " + std::to_string(limits_.bytes_max) + " bytes");
  }
  const char* now = bytes.data();
  const char* const end = now + bytes.size();
  begin_ = now;
  while (now != end) now = take(now, end);
  count_ += bytes.size();
}

const char* PartialJsonState::take(const char* now, const char* end) {
  switch (at_) {
    case At::kString: return take_string(now, end);
    case At::kNumber: return take_number(now, end);
    case At::kWord: return take_word(now, end);
    case At::kBroken:
      if (broken_) broken_->scan(std::string_view(now, static_cast<std::size_t>(end - now)));
      return end;
    case At::kEnd:
      if (ignores_rest_) return end;
      [[fallthrough]];
    default: return is_blank(*now) ? now + 1 : take_structure(now);
  }
}

const char* PartialJsonState::take_structure(const char* now) {
  const char c = *now;
  switch (at_) {
    case At::kFirstItem:
      if (c == ']') return close(now), now + 1;
      return begin_value(now);
    case At::kValue: return begin_value(now);
    case At::kFirstKey:
      if (c == '}') return close(now), now + 1;
      [[fallthrough]];
    case At::kKey:
      if (c != '"')
        return fail(now, at_ == At::kKey ? "a key was expected" : "a key or } was expected");
      is_key_ = true;
      at_ = At::kString;
      return now + 1;
    case At::kColon:
      if (c != ':') return fail(now, "a colon was expected");
      at_ = At::kValue;
      return now + 1;
    case At::kAfter:
      if (c == ',') {
        at_ = tree_.in_object() ? At::kKey : At::kValue;
        return now + 1;
      }
      if (c == (tree_.in_object() ? '}' : ']')) return close(now), now + 1;
      return fail(now,
                  tree_.in_object() ? "a comma or } was expected" : "a comma or ] was expected");
    default: return fail(now, "nothing more was expected");
  }
}

const char* PartialJsonState::begin_value(const char* now) {
  const bool langchain = profile_ == PartialProfile::kLangChain;
  const char c = *now;
  if (c == '"') {
    is_key_ = false;
    at_ = At::kString;
    return now + 1;
  }
  if (c == '{') return open(boost::json::kind::object), now + 1;
  if (c == '[') return open(boost::json::kind::array), now + 1;
  if (c == 't') return begin_word("true", 0), now;
  if (c == 'f') return begin_word("false", 0), now;
  if (c == 'n') return begin_word("null", 0), now;
  if (c == 'N' && langchain) return begin_word("NaN", 0), now;
  if (c == 'I' && langchain) return begin_word("Infinity", 0), now;
  if (c != '-' && !is_digit(c)) return fail(now, "a value was expected");
  digits_ = Digits::kNone;
  valid_ = 0;
  valid_shown_ = 0;
  at_ = At::kNumber;
  return now;
}

const char* PartialJsonState::take_string(const char* now, const char* end) {
  if (escape_ != Escape::kNone) return take_escape(now, end);
  if (utf8_want_ != 0) return take_utf8(now, end);
  const char* const stop = plain_end(now, end);
  const std::string_view run(now, static_cast<std::size_t>(stop - now));
  if (stop != end && *stop == '"') {
    end_string(stop + 1, run);
    return stop + 1;
  }
  if (!run.empty()) {
    append(run);
    high_ = 0;
  }
  if (stop == end) return end;
  if (*stop != '\\') return take_utf8(stop, end);
  escape_ = Escape::kBackslash;
  return stop + 1;
}

const char* PartialJsonState::take_escape(const char* now, const char* end) {
  if (escape_ == Escape::kBackslash) {
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
    if (*now == 'u') {
      escape_ = Escape::kHex;
      hex_count_ = 0;
      unit_ = 0;
      return now + 1;
    }
    const std::size_t which = kNames.find(*now);
    if (which == std::string_view::npos) return fail(now, kNoEscape);
    escape_ = Escape::kNone;
    high_ = 0;
    append(kMeant.substr(which, 1));
    return now + 1;
  }
  for (; now != end; ++now) {
    const char c = *now;
    const char lower = static_cast<char>(c | 0x20);
    if (is_digit(c)) {
      unit_ = unit_ * 16 + static_cast<std::uint32_t>(c - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      unit_ = unit_ * 16 + static_cast<std::uint32_t>(lower - 'a' + 10);
    } else {
      return fail(now, kNoEscape);
    }
    if (++hex_count_ == 4) {
      take_unit();
      return now + 1;
    }
  }
  return now;
}

void PartialJsonState::take_unit() {
  escape_ = Escape::kNone;
  const std::uint32_t high = std::exchange(high_, 0);
  if (high != 0 && is_low(unit_)) {
    drop_replacement();
    append_code_point(0x10000 + ((high - 0xD800) << 10U) + (unit_ - 0xDC00));
  } else if (is_high(unit_) || is_low(unit_)) {
    // Python shows half of a pair as such; UTF-8 cannot.
    append(kReplacement);
    if (is_high(unit_)) high_ = unit_;
  } else {
    append_code_point(unit_);
  }
}

void PartialJsonState::append_code_point(std::uint32_t code_point) {
  std::array<char, 4> bytes{};
  std::size_t size = 0;
  const auto put = [&](std::uint32_t byte) { bytes[size++] = static_cast<char>(byte); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0U | (code_point >> 6U));
    put(0x80U | (code_point & 0x3FU));
  } else if (code_point < 0x10000) {
    put(0xE0U | (code_point >> 12U));
    put(0x80U | ((code_point >> 6U) & 0x3FU));
    put(0x80U | (code_point & 0x3FU));
  } else {
    put(0xF0U | (code_point >> 18U));
    put(0x80U | ((code_point >> 12U) & 0x3FU));
    put(0x80U | ((code_point >> 6U) & 0x3FU));
    put(0x80U | (code_point & 0x3FU));
  }
  append(std::string_view(bytes.data(), size));
}

const char* PartialJsonState::take_utf8(const char* now, const char* end) {
  high_ = 0;
  if (utf8_want_ == 0) {
    const auto lead = static_cast<unsigned char>(*now);
    if (lead < 0xC2 || lead > 0xF4) {
      append(kReplacement);
      return now + 1;
    }
    utf8_want_ = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    utf8_[0] = *now++;
    utf8_size_ = 1;
  }
  for (; now != end && utf8_size_ < utf8_want_; ++now) {
    const auto lead = static_cast<unsigned char>(utf8_[0]);
    const auto c = static_cast<unsigned char>(*now);
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
    if (utf8_size_ == 1) {  // no overlong forms, no surrogates, nothing above U+10FFFF
      if (lead == 0xE0) low = 0xA0;
      if (lead == 0xED) high = 0x9F;
      if (lead == 0xF0) low = 0x90;
      if (lead == 0xF4) high = 0x8F;
    }
    if (c < low || c > high) {
      utf8_want_ = 0;
      append(kReplacement);
      return now;
    }
    utf8_[utf8_size_++] = *now;
  }
  if (utf8_size_ == utf8_want_) {
    append(std::string_view(utf8_.data(), std::exchange(utf8_want_, std::uint8_t{0})));
  }
  return now;
}

bool PartialJsonState::takes_digit(char c) {
  const bool digit = is_digit(c);
  const bool exponent = c == 'e' || c == 'E';
  switch (digits_) {
    case Digits::kNone:
    case Digits::kMinus:
      if (c == '-' && digits_ == Digits::kNone) return digits_ = Digits::kMinus, true;
      if (digit) digits_ = c == '0' ? Digits::kZero : Digits::kInt;
      return digit;
    case Digits::kZero:
    case Digits::kInt:
      if (c == '.') return digits_ = Digits::kDot, true;
      if (exponent) return digits_ = Digits::kE, true;
      return digit && digits_ == Digits::kInt;
    case Digits::kDot:
    case Digits::kFraction:
      if (exponent && digits_ == Digits::kFraction) return digits_ = Digits::kE, true;
      if (digit) digits_ = Digits::kFraction;
      return digit;
    case Digits::kE:
      if (c == '+' || c == '-') return digits_ = Digits::kSign, true;
      [[fallthrough]];
    default:
      if (digit) digits_ = Digits::kExp;
      return digit;
  }
}

const char* PartialJsonState::take_number(const char* now, const char* end) {
  for (; now != end; ++now) {
    if (!takes_digit(*now)) break;
    if (token_.size() == kNumberMax) {
      stop("a JSON number of more than " + std::to_string(kNumberMax) + " characters");
    }
    token_ += *now;
    if (digits_ == Digits::kZero || digits_ == Digits::kInt || digits_ == Digits::kFraction ||
        digits_ == Digits::kExp) {
      valid_ = token_.size();
    }
  }
  if (now == end) return end;
  if (valid_ == token_.size()) {
    end_number(now);
    return now;
  }
  if (digits_ == Digits::kMinus && *now == 'I' && profile_ == PartialProfile::kLangChain) {
    token_.clear();
    begin_word("-Infinity", 1);
    return now;
  }
  return fail(now, "a digit was expected");
}

void PartialJsonState::begin_word(std::string_view word, std::size_t matched) {
  word_ = word;
  matched_ = matched;
  at_ = At::kWord;
}

const char* PartialJsonState::take_word(const char* now, const char* end) {
  for (; now != end && matched_ < word_.size(); ++now, ++matched_) {
    if (*now != word_[matched_]) return fail(now, "a value was expected");
  }
  if (matched_ < word_.size()) return end;
  ++revision_;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  switch (word_.front()) {
    case 't': after_value(now, tree_.add(true)); break;
    case 'f': after_value(now, tree_.add(false)); break;
    case 'n': after_value(now, tree_.add(nullptr)); break;
    case 'N': after_value(now, tree_.add(std::numeric_limits<double>::quiet_NaN())); break;
    default: after_value(now, tree_.add(word_.front() == '-' ? -kInfinity : kInfinity));
  }
  return now;
}

void PartialJsonState::open(boost::json::kind kind) {
  if (tree_.frames.size() == limits_.depth_max) {
    stop("a JSON text of more than " + std::to_string(limits_.depth_max) + " levels");
  }
  tree_.open(kind);
  ++revision_;
  at_ = kind == boost::json::kind::array ? At::kFirstItem : At::kFirstKey;
}

void PartialJsonState::close(const char* now) {
  tree_.frames.pop_back();
  const Json* value = &tree_.root;
  if (!tree_.frames.empty()) {
    PartialTree::Frame& around = tree_.frames.back();
    value = around.array != nullptr ? &around.array->back() : &around.member->value();
  }
  after_value(now + 1, *value);
}

void PartialJsonState::after_value(const char* now, const Json& value) {
  at_ = At::kAfter;
  if (tree_.frames.empty()) {
    at_ = At::kEnd;
    whole_ = true;
    offset_ = count_ + static_cast<std::size_t>(now - begin_);
  }
  if (listener_ == nullptr) return;
  const At next = std::exchange(at_, At::kStopped);  // stays so if the listener throws
  listener_->on_value_end(JsonPlace(*this), value);
  at_ = next;
}

const char* PartialJsonState::fail(const char* now, const char* wanted) {
  wanted_ = wanted;
  if (!whole_) offset_ = count_ + static_cast<std::size_t>(now - begin_);
  const bool in_string = at_ == At::kString;
  if (in_string && !is_key_) {
    // It will never end well, so it goes out of sight.
    hide_string();
    hidden_.reset();
  }
  if (profile_ == PartialProfile::kLangChain) {
    if (at_ == At::kNumber && valid_ != valid_shown_) show_number();
    broken_ = std::make_unique<BrokenText>(tree_, in_string, escape_ == Escape::kBackslash);
  }
  at_ = At::kBroken;
  return now;
}

void PartialJsonState::stop(const std::string& why) {
  at_ = At::kStopped;
  if (wanted_ == nullptr) {
    wanted_ = "the text is beyond its limits";
    offset_ = count_;
  }
  throw ParseError(why);
}

void PartialJsonState::finish() {
  if (std::exchange(finished_, true)) return;
  // Inside of an array or object that was cut off, it may have been cut off, too.
  if (at_ != At::kNumber || !tree_.frames.empty() || valid_ != token_.size()) return;
  begin_ = nullptr;
  end_number(nullptr);
}

std::string PartialJsonState::error() const {
  if (!failed()) return std::string();
  return "at byte " + std::to_string(offset_) + ": " + wanted_;
}

}  // namespace detail

std::size_t JsonPlace::depth() const noexcept { return state_->tree().frames.size(); }

bool JsonPlace::is_index(std::size_t step) const noexcept {
  return state_->tree().frames[step].array != nullptr;
}

std::string_view JsonPlace::key(std::size_t step) const noexcept {
  const detail::PartialTree::Frame& frame = state_->tree().frames[step];
  return frame.object != nullptr ? std::string_view(frame.member->key()) : std::string_view();
}

std::size_t JsonPlace::index(std::size_t step) const noexcept {
  const detail::PartialTree::Frame& frame = state_->tree().frames[step];
  return frame.array != nullptr ? frame.array->size() - 1 : 0;
}

std::string JsonPlace::text() const {
  std::string text = "$";
  for (std::size_t step = 0; step < depth(); ++step) {
    if (is_index(step)) {
      text += '[' + std::to_string(index(step)) + ']';
    } else {
      text += '.';
      text += key(step);
    }
  }
  return text;
}

PartialJsonParser::PartialJsonParser(PartialProfile profile, PartialJsonLimits limits)
    : state_(std::make_unique<detail::PartialJsonState>(profile, limits)) {}
PartialJsonParser::PartialJsonParser(PartialJsonParser&& other) noexcept = default;
PartialJsonParser& PartialJsonParser::operator=(PartialJsonParser&& other) noexcept = default;
PartialJsonParser::~PartialJsonParser() = default;

void PartialJsonParser::listen(PartialJsonListener* listener) noexcept { state_->listen(listener); }
void PartialJsonParser::ignore_rest() noexcept { state_->ignore_rest(); }
void PartialJsonParser::feed(std::string_view bytes) { state_->feed(bytes); }
void PartialJsonParser::finish() { state_->finish(); }
const Json* PartialJsonParser::visible() { return state_->visible(); }
std::uint64_t PartialJsonParser::revision() { return state_->revision(); }
bool PartialJsonParser::done() const noexcept { return state_->whole(); }
bool PartialJsonParser::grows_at_end() const noexcept {
  return !state_->failed() && !state_->tree().repeated_key;
}
bool PartialJsonParser::failed() const noexcept { return state_->failed(); }
std::string PartialJsonParser::error() const { return state_->error(); }
std::size_t PartialJsonParser::offset() const noexcept { return state_->offset(); }

const Json& PartialJsonParser::value() {
  static const Json kNull;
  const Json* shown = state_->visible();
  return shown != nullptr ? *shown : kNull;
}

std::optional<Json> parse_partial_json(std::string_view text, PartialProfile profile) {
  PartialJsonParser parser(profile);
  parser.feed(text);
  const Json* shown = parser.visible();
  if (shown == nullptr) return std::nullopt;
  return *shown;
}

}  // namespace cochain
