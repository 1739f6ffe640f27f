// The event stream decoder. Costs per byte: one copy into the buffer, one memchr for LF and one
// for CR; per event nothing is allocated, and a single data line is given out where it lies.

#include "cochain/providers/sse.hpp"

#include <algorithm>
#include <cstring>

#include "cochain/chains/model/error.hpp"

namespace cochain {
namespace {

constexpr std::size_t kCapacityMin = 4096;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

void SseDecoder::Bytes::reserve(std::size_t wanted) {
  if (data && wanted <= capacity) return;
  const std::size_t grown = std::max({wanted, capacity * 2, std::size_t{256}});
  auto bigger = std::make_unique<char[]>(grown + kSsePadding);
  if (size > 0) std::memcpy(bigger.get(), data.get(), size);
  data = std::move(bigger);
  capacity = grown;
}

void SseDecoder::Bytes::append(std::string_view more) {
  reserve(size + more.size());
  if (!more.empty()) std::memcpy(data.get() + size, more.data(), more.size());
  size += more.size();
}

SseDecoder::SseDecoder(SseLimits limits) : limits_(limits) {}

void SseDecoder::feed(std::string_view bytes) {
  if (failed_ || finished_ || bytes.empty()) return;
  keep_pending();
  make_room(bytes.size());
  std::memcpy(buffer_.get() + end_, bytes.data(), bytes.size());
  end_ += bytes.size();
}

void SseDecoder::finish() { finished_ = true; }

std::optional<SseEvent> SseDecoder::next_event() {
  if (failed_) return std::nullopt;
  if (clear_) keep_pending();
  if (!started_) skip_start();
  if (!started_) return std::nullopt;
  SseEvent event;
  std::string_view line;
  while (take_line(line)) {
    if (take_field(line, event)) return event;
  }
  if (!finished_) return std::nullopt;
  if (at_ < end_) {
    line = {buffer_.get() + at_, end_ - at_};
    at_ = end_;
    take_field(line, event);
  }
  if (!dispatch(event)) return std::nullopt;
  event.terminated = false;
  return event;
}

// Settles what is known of the event under way before the buffer moves or the next event begins.
void SseDecoder::keep_pending() {
  if (clear_) {
    clear_ = false;
    has_data_ = false;
    line_data_ = {};
    data_.size = 0;
    name_.clear();
  } else if (line_data_.data() != nullptr) {
    data_.append(line_data_);
    line_data_ = {};
  }
}

void SseDecoder::make_room(std::size_t bytes) {
  const std::size_t live = end_ - at_;
  if (capacity_ - end_ < bytes || live == 0) {
    lf_ = std::max(lf_, at_) - at_;
    cr_ = std::max(cr_, at_) - at_;
    // Moving costs `live`, paid for by the at_ bytes taken since the last move: linear in all.
    if (at_ >= live && capacity_ - live >= bytes) {
      if (live > 0) std::memmove(buffer_.get(), buffer_.get() + at_, live);
    } else {
      const std::size_t grown = std::max({live + bytes, capacity_ * 2, kCapacityMin});
      auto bigger = std::make_unique<char[]>(grown + kSsePadding);
      if (live > 0) std::memcpy(bigger.get(), buffer_.get() + at_, live);
      buffer_ = std::move(bigger);
      capacity_ = grown;
    }
    at_ = 0;
    end_ = live;
  }
}

void SseDecoder::skip_start() {
  const std::string_view start(buffer_.get() + at_, std::min(end_ - at_, kByteOrderMark.size()));
  const bool may_be_mark = start == kByteOrderMark.substr(0, start.size());
  if (may_be_mark && start.size() < kByteOrderMark.size() && !finished_) return;
  started_ = true;
  if (start == kByteOrderMark) at_ += start.size();
}

bool SseDecoder::take_line(std::string_view& line) {
  const char* const buffer = buffer_.get();
  if (after_cr_ && at_ < end_) {
    if (buffer[at_] == '\n') ++at_;
    after_cr_ = false;
  }
  const auto search = [&](std::size_t& found, char wanted) {
    if (found < at_) found = at_;
    if (found == end_ || buffer[found] == wanted) return;
    const void* hit = std::memchr(buffer + found, wanted, end_ - found);
    found =
        hit == nullptr ? end_ : static_cast<std::size_t>(static_cast<const char*>(hit) - buffer);
  };
  search(lf_, '\n');
  search(cr_, '\r');
  const std::size_t stop = std::min(lf_, cr_);
  if (stop - at_ > limits_.line_bytes_max) give_up("line", limits_.line_bytes_max);
  if (stop == end_) return false;
  line = {buffer + at_, stop - at_};
  at_ = stop + 1;
  if (stop == cr_) {
    if (at_ == end_) {
      after_cr_ = true;
    } else if (buffer[at_] == '\n') {
      ++at_;
    }
  }
  return true;
}

// True if the line completed an event.
bool SseDecoder::take_field(std::string_view line, SseEvent& out) {
  if (line.empty()) {
    if (dispatch(out)) return true;
    name_.clear();
    return false;
  }
  const std::size_t colon = line.find(':');
  if (colon == 0) {
    ++comments_;
    return false;
  }
  const std::string_view field = line.substr(0, colon);
  std::string_view value = line.substr(colon == line.npos ? line.size() : colon + 1);
  if (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  if (field == "data") {
    add_data(value);
  } else if (field == "event") {
    name_.assign(value);
  } else if (field == "id") {
    if (value.find('\0') == value.npos) id_.assign(value);
  }
  return false;
}

void SseDecoder::add_data(std::string_view value) {
  const std::size_t before = line_data_.data() != nullptr ? line_data_.size() : data_.size;
  if (before + value.size() > limits_.event_bytes_max) give_up("event", limits_.event_bytes_max);
  if (!has_data_) {
    has_data_ = true;
    line_data_ = value;
    return;
  }
  keep_pending();
  data_.append("\n");
  data_.append(value);
}

bool SseDecoder::dispatch(SseEvent& out) {
  if (!has_data_ || clear_) return false;
  out.name = name_;
  out.id = id_;
  out.data =
      line_data_.data() != nullptr ? line_data_ : std::string_view(data_.data.get(), data_.size);
  clear_ = true;
  return true;
}

void SseDecoder::give_up(const char* what, std::size_t limit) {
  failed_ = true;
  buffer_.reset();
  data_ = Bytes();
  capacity_ = at_ = end_ = 0;
  line_data_ = {};
  throw LimitError(std::string("a server-sent ") + what + " is longer than " +
                   std::to_string(limit) + " bytes");
}

}  // namespace cochain
