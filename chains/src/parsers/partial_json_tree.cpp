// The growing tree of a partial JSON text: what shows, and what goes out of sight again.

#include <charconv>
#include <limits>
#include <system_error>
#include <utility>

#include "partial_json_state.hpp"

namespace cochain::detail {
namespace {

Json float_of(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc::result_out_of_range) return Json(value);
  // from_chars does not say in which direction; Python's float() gives infinity or zero.
  const bool minus = text.front() == '-';
  const std::size_t exponent = text.find_first_of("eE");
  const bool tiny =
      exponent != std::string_view::npos ? text[exponent + 1] == '-' : text[minus ? 1 : 0] == '0';
  const double size = tiny ? 0.0 : std::numeric_limits<double>::infinity();
  return Json(minus ? -size : size);
}

Json number_of(std::string_view text) {
  if (text.find_first_of(".eE") != std::string_view::npos) return float_of(text);
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  if (std::from_chars(text.data(), end, value).ec == std::errc()) return Json(value);
  std::uint64_t large = 0;
  if (std::from_chars(text.data(), end, large).ec == std::errc()) return Json(large);
  return float_of(text);
}

double as_double(const Json& number) {
  if (number.is_double()) return number.get_double();
  return number.is_uint64() ? static_cast<double>(number.get_uint64())
                            : static_cast<double>(number.get_int64());
}

bool same_number(const Json& one, const Json& other) {
  if (one.kind() == other.kind()) return one == other;
  return as_double(one) == as_double(other);
}

}  // namespace

void PartialTree::remove_latest() {
  if (frames.empty()) {
    root = nullptr;
    has_root = false;
    return;
  }
  Frame& top = frames.back();
  if (top.array != nullptr) {
    top.array->pop_back();
  } else if (top.shadow) {
    top.member->value() = std::move(*top.shadow);
    top.shadow.reset();
  } else {
    top.object->erase(top.member);
    top.member = nullptr;
  }
}

void PartialTree::open(boost::json::kind kind) {
  if (kind == boost::json::kind::array) {
    frames.emplace_back(add(boost::json::array_kind));
  } else {
    frames.emplace_back(add(boost::json::object_kind));
  }
}

const Json* PartialJsonState::visible() {
  if (profile_ == PartialProfile::kLangChain) {
    if (broken_) {
      if (broken_->changed()) ++revision_;
      return broken_->visible(tree_);
    }
    if (at_ == At::kString || at_ == At::kNumber) show_tail();
  }
  return tree_.has_root ? &tree_.root : nullptr;
}

void PartialJsonState::show_tail() {
  if (at_ == At::kNumber) {
    if (valid_ != valid_shown_) show_number();
  } else if (!is_key_) {
    // LangChain closes an open string with a quote; in the middle of \u12 that is no string, and
    // it drops characters up to what stood before the string.
    if (escape_ == Escape::kHex) {
      hide_string();
    } else if (shown_ == nullptr) {
      show_string();
    }
  }
}

void PartialJsonState::show_string() {
  Json& place =
      hidden_ ? tree_.add(std::move(*hidden_)) : tree_.add(boost::json::string_view(token_));
  hidden_.reset();
  token_.clear();
  shown_ = &place.get_string();
  ++revision_;
}

void PartialJsonState::hide_string() {
  if (shown_ == nullptr) return;
  hidden_.emplace(std::move(*shown_));
  shown_ = nullptr;
  tree_.remove_latest();
  ++revision_;
}

void PartialJsonState::show_number() {
  Json number = number_of(std::string_view(token_).substr(0, valid_));
  valid_shown_ = valid_;
  if (number_ == nullptr) {
    number_ = &tree_.add(std::move(number));
    ++revision_;
    return;
  }
  if (!same_number(*number_, number)) ++revision_;
  *number_ = std::move(number);
}

void PartialJsonState::append(std::string_view text) {
  if (shown_ != nullptr) {
    shown_->append(text);
    ++revision_;
  } else if (hidden_) {
    hidden_->append(text);
  } else {
    token_.append(text);
  }
}

void PartialJsonState::drop_replacement() {
  constexpr std::size_t kReplacementSize = 3;
  if (shown_ != nullptr) {
    shown_->resize(shown_->size() - kReplacementSize);
  } else if (hidden_) {
    hidden_->resize(hidden_->size() - kReplacementSize);
  } else {
    token_.resize(token_.size() - kReplacementSize);
  }
}

void PartialJsonState::end_string(const char* now, std::string_view rest) {
  high_ = 0;
  if (is_key_) {
    tree_.key.assign(token_).append(rest);
    token_.clear();
    at_ = At::kColon;
    return;
  }
  if (shown_ == nullptr && !hidden_ && token_.empty()) {
    ++revision_;
    after_value(now, tree_.add(boost::json::string_view(rest)));
    return;
  }
  if (!rest.empty()) append(rest);
  if (shown_ == nullptr) show_string();
  const Json& value = tree_.frames.empty()                   ? tree_.root
                      : tree_.frames.back().array != nullptr ? tree_.frames.back().array->back()
                                                             : tree_.frames.back().member->value();
  shown_ = nullptr;
  after_value(now, value);
}

void PartialJsonState::end_number(const char* now) {
  if (valid_ != valid_shown_) show_number();
  const Json& value = *number_;
  number_ = nullptr;
  token_.clear();
  after_value(now, value);
}

}  // namespace cochain::detail
