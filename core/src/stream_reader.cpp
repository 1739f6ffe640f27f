// Reading: asyncio's StreamReader. A read looks at the buffer when data comes, and takes its piece
// only when its task goes on, so that a cancelled read leaves everything where it was.

#include <algorithm>
#include <limits>
#include <utility>

#include "cochain/core/stream_io.hpp"
#include "stream_state.hpp"

namespace cochain {
namespace detail {
namespace {

constexpr std::size_t kMostSpace = std::size_t{64} * 1024;
// A smaller piece is copied for less than the memory for it alone costs. A larger one comes in more
// than one receive anyway, and nobody shall hold memory for what a peer only announces.
constexpr std::size_t kLeastPiece = std::size_t{4} * 1024;
constexpr std::size_t kMostPiece = kMostSpace;

}  // namespace

std::span<char> ReaderState::space() {
  const std::span<char> direct = space_in_piece();
  gave_piece_ = !direct.empty();
  if (gave_piece_) return direct;
  const std::span<char> space = buffer_.space(next_space_);
  given_ = std::min(space.size(), kMostSpace);
  return space.first(given_);
}

std::span<char> ReaderState::space_in_piece() {
  if (!reading_ || !buffer_.empty() || reading_->kind_ != StreamReader::Reading::Kind::kExactly) {
    return {};
  }
  const std::size_t bytes = reading_->bytes_;
  if (bytes < kLeastPiece || bytes > kMostPiece) return {};
  if (piece_.empty()) piece_.resize(bytes);
  return std::span<char>(piece_).subspan(piece_filled_);  // empty once it is full
}

void ReaderState::commit(std::size_t bytes) {
  if (gave_piece_) {
    piece_filled_ += bytes;
    return look_again();
  }
  buffer_.commit(bytes);
  if (bytes == given_ && next_space_ < kMostSpace) next_space_ *= 2;
  look_again();
}

void ReaderState::feed(std::string_view data) {
  if (eof_) throw InvalidStateError("feed_data() after feed_eof()");
  if (!piece_.empty()) put_piece_back();
  buffer_.append(data);
  look_again();
}

void ReaderState::feed_eof() noexcept {
  eof_ = true;
  if (reading_) reading_->wake();
}

void ReaderState::set_exception(std::exception_ptr error) noexcept {
  error_ = std::move(error);
  if (reading_) reading_->wake();
}

void ReaderState::look_again() noexcept {
  if (reading_ && !reading_->complete()) return;
  if (reading_) reading_->wake();
  if (!paused_ && transport_ && buffer_.size() > 2 * limit_) {
    paused_ = true;
    transport_->pause_reading();
  }
}

std::string ReaderState::take(std::size_t bytes) {
  std::string piece(buffer_.view().substr(0, bytes));
  drop(piece.size());
  return piece;
}

std::string ReaderState::take_all() {
  if (!piece_.empty()) put_piece_back();
  return take(buffer_.size());
}

std::optional<std::string> ReaderState::take_piece() {
  if (piece_.empty() || piece_filled_ < piece_.size()) return std::nullopt;
  piece_filled_ = 0;
  return std::exchange(piece_, {});
}

/// A read that ends early takes nothing.
void ReaderState::put_piece_back() noexcept {
  std::string all = std::exchange(piece_, {});
  all.resize(std::exchange(piece_filled_, 0));
  try {
    all += buffer_.view();
    buffer_.clear();
    buffer_.append(all);
  } catch (...) {  // out of memory: what comes next would be in the wrong place
    if (!error_) error_ = std::current_exception();
  }
}

void ReaderState::drop(std::size_t bytes) noexcept {
  buffer_.consume(bytes);
  if (paused_ && buffer_.size() <= limit_) {
    paused_ = false;
    if (transport_) transport_->resume_reading();
  }
}

void ReaderState::wait(StreamReader::Reading& reading) {
  reading_ = &reading;
  if (!std::exchange(paused_, false)) return;
  if (transport_) transport_->resume_reading();
}

void ReaderState::require_nobody_waits() const {
  if (reading_) throw InvalidStateError("another task already waits to read from this stream");
}

}  // namespace detail

StreamReader::StreamReader(std::size_t limit)
    : state_(std::make_shared<detail::ReaderState>(limit)) {}
StreamReader::StreamReader(std::shared_ptr<detail::ReaderState> state) noexcept
    : state_(std::move(state)) {}

StreamReader::Reading StreamReader::read() const { return Reading(state_, Reading::Kind::kAll, 0); }
StreamReader::Reading StreamReader::read(std::size_t bytes_max) const {
  return Reading(state_, Reading::Kind::kSome, bytes_max);
}
StreamReader::Reading StreamReader::readexactly(std::size_t bytes) const {
  return Reading(state_, Reading::Kind::kExactly, bytes);
}
StreamReader::Reading StreamReader::readline() const {
  return Reading(state_, Reading::Kind::kLine, 0);
}

namespace {

Stream<std::string> lines_of(StreamReader reader) {
  for (;;) {
    std::string line = co_await reader.readline();
    if (line.empty()) co_return;
    co_yield std::move(line);
  }
}

}  // namespace

Stream<std::string> StreamReader::lines() const { return lines_of(*this); }

bool StreamReader::at_eof() const noexcept { return state_->ended() && state_->size() == 0; }
std::exception_ptr StreamReader::exception() const noexcept { return state_->error(); }
void StreamReader::feed_data(std::string_view data) const { state_->feed(data); }
void StreamReader::feed_eof() const noexcept { state_->feed_eof(); }
void StreamReader::set_exception(std::exception_ptr error) const noexcept {
  state_->set_exception(std::move(error));
}

StreamReader::Reading::Reading(std::shared_ptr<detail::ReaderState> state, Kind kind,
                               std::size_t bytes, std::vector<std::string> separators)
    : state_(std::move(state)), kind_(kind), bytes_(bytes), separators_(std::move(separators)) {
  for (const std::string& separator : separators_) {
    if (separator.empty()) throw InvalidStateError("a separator has at least one byte");
  }
}

StreamReader::Reading::Reading(Reading&& other) noexcept
    : Waiter(std::move(other)),  // only the base; NOLINTBEGIN(bugprone-use-after-move)
      state_(std::move(other.state_)),
      kind_(other.kind_),
      bytes_(other.bytes_),
      separators_(std::move(other.separators_)) {}  // NOLINTEND(bugprone-use-after-move)

StreamReader::Reading::~Reading() {
  if (state_) state_->stop_waiting(*this);
}

bool StreamReader::Reading::await_ready() {
  state_->require_nobody_waits();
  return complete();
}

void StreamReader::Reading::begin_to_wait() { state_->wait(*this); }

bool StreamReader::Reading::complete() {
  if (state_->error()) return true;
  const std::size_t there = state_->size();
  switch (kind_) {
    case Kind::kSome: return there > 0 || bytes_ == 0 || state_->ended();
    case Kind::kAll: return state_->ended();
    case Kind::kExactly: return there >= bytes_ || state_->ended();
    case Kind::kUntil:
    case Kind::kLine: return find_separator() || searched_ > state_->limit() || state_->ended();
  }
  return true;
}

/// The match that ends first. What was searched before is not searched again.
bool StreamReader::Reading::find_separator() {
  if (match_begin_) return true;
  const std::string_view data = state_->view();
  std::size_t longest = 1;
  const auto look_for = [&](std::string_view separator) {
    longest = std::max(longest, separator.size());
    const std::size_t begin = data.find(separator, searched_);
    if (begin == std::string_view::npos) return;
    const std::size_t end = begin + separator.size();
    if (match_begin_ && match_end_ <= end) return;
    match_begin_ = begin;
    match_end_ = end;
  };
  if (kind_ == Kind::kLine) {
    look_for("\n");
  } else {
    for (const std::string& separator : separators_) look_for(separator);
  }
  if (match_begin_) return true;
  searched_ = data.size() + 1 > longest ? data.size() + 1 - longest : 0;
  return false;
}

std::string StreamReader::Reading::await_resume() {
  const bool cancelled = finish();
  if (!cancelled && !state_->error()) {
    if (std::optional<std::string> piece = state_->take_piece()) {
      state_->stop_waiting(*this);
      return std::move(*piece);
    }
  }
  state_->stop_waiting(*this);
  if (cancelled) throw_cancelled();
  if (state_->error()) std::rethrow_exception(state_->error());
  switch (kind_) {
    case Kind::kSome: return state_->take(bytes_);
    case Kind::kAll: return state_->take(state_->view().size());
    case Kind::kExactly:
      if (state_->view().size() >= bytes_) return state_->take(bytes_);
      throw IncompleteReadError(state_->take(state_->view().size()), bytes_);
    case Kind::kUntil: return take_until();
    case Kind::kLine: return take_line();
  }
  return {};
}

std::string StreamReader::Reading::take_until() {
  if (find_separator()) {
    if (*match_begin_ <= state_->limit()) return state_->take(match_end_);
    throw LimitOverrunError("a separator was found, but beyond the limit of " +
                                std::to_string(state_->limit()) + " bytes",
                            *match_begin_);
  }
  if (searched_ > state_->limit()) {
    throw LimitOverrunError(
        "no separator within the limit of " + std::to_string(state_->limit()) + " bytes",
        searched_);
  }
  throw IncompleteReadError(state_->take(state_->view().size()));
}

std::string StreamReader::Reading::take_line() {
  const std::size_t limit = state_->limit();
  if (find_separator()) {
    if (*match_begin_ <= limit) return state_->take(match_end_);
    state_->drop(match_end_);
  } else {
    if (searched_ <= limit) return state_->take(state_->view().size());
    state_->drop(state_->view().size());
  }
  throw LineTooLongError("a line is longer than the limit of " + std::to_string(limit) + " bytes");
}

}  // namespace cochain
