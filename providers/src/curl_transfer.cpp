// One transfer: what is asked of curl, what its callbacks bring, and who is told.

#include "curl_transfer.hpp"

#include <sys/socket.h>
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <new>
#include <utility>

#include "cochain/chains/model/error.hpp"
#include "cochain/testing/forbid_network.hpp"
#include "curl_error.hpp"
#include "url.hpp"

namespace cochain {
namespace {

constexpr std::size_t kHeaderBytesMax = 64 * 1024;
constexpr std::size_t kHeadersMax = 200;

std::string_view without_line_end(std::string_view line) {
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  return line;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Beyond this a limit is none; it also keeps sums of times from overflowing.
constexpr std::chrono::milliseconds kLongest = std::chrono::hours(24 * 365);

long milliseconds(std::chrono::milliseconds limit) {
  return static_cast<long>(std::min(limit, kLongest).count());
}

bool is_token(std::string_view word) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !word.empty() && std::all_of(word.begin(), word.end(), [&](char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return letter || (c >= '0' && c <= '9') || kMarks.find(c) != kMarks.npos;
  });
}

std::string in_seconds(Duration duration) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  return ms % 1000 == 0 ? std::to_string(ms / 1000) + " s" : std::to_string(ms) + " ms";
}

}  // namespace

CurlTransfer::CurlTransfer(std::shared_ptr<CurlMulti> multi, HttpRequest request)
    : multi_(std::move(multi)), request_(std::move(request)) {}

CurlTransfer::~CurlTransfer() {
  multi_->remove(*this);  // before its end: curl closes the connection
  if (easy_) multi_->give_back(easy_);
  for (curl_slist* line = header_list_; line; line = line->next) {
    ::explicit_bzero(line->data, std::strlen(line->data));  // one of them holds the key
  }
  curl_slist_free_all(header_list_);
}

void CurlTransfer::start() {
  const Url url = parse_url(request_.url);
  testing::check_network(url.host);
  if (url.scheme == "http" && !url.loopback &&
      multi_->options().plain_http == CurlOptions::PlainHttp::kLoopbackOnly) {
    throw BadRequestError("plain http to " + url.host +
                          " would show key and prompts to everyone on the way; use https");
  }
  check_request();
  if (multi_->closed()) throw InvalidStateError("the event loop of this connection has ended");
  outside_.emplace(multi_->loop());
  easy_ = multi_->take_handle();
  set_headers();
  set_request_options();
  // A null proxy lets curl look into the environment; an empty one forbids it.
  curl_easy_setopt(easy_, CURLOPT_PROXY, url.loopback ? "" : nullptr);
  // With TLS, wait for the first connection: if it turns out to be HTTP/2, all share it.
  curl_easy_setopt(easy_, CURLOPT_PIPEWAIT, url.scheme == "https" ? 1L : 0L);
  multi_->add(*this);
  enter(Phase::kConnection);
}

// What would write lines of its own into the request's head.
void CurlTransfer::check_request() const {
  if (!is_token(request_.method)) throw BadRequestError("the method of the request is no word");
  for (const SecretHeader& header : request_.secret_headers) {
    constexpr std::string_view kBreaks("\r\n\0", 3);
    if (!is_token(header.name) || header.prefix.find_first_of(kBreaks) != std::string::npos) {
      throw BadRequestError("a header with a secret has a name or prefix that cannot be sent");
    }
  }
}

void CurlTransfer::set_headers() {
  const auto append = [this](const std::string& line) {
    curl_slist* longer = curl_slist_append(header_list_, line.c_str());
    if (!longer) throw std::bad_alloc();
    header_list_ = longer;
  };
  for (const auto& [name, value] : request_.headers) {
    append(value.empty() ? name + ";" : name + ": " + value);  // curl's way to send it empty
  }
  for (const SecretHeader& header : request_.secret_headers) {
    std::string line = header.name + ": " + header.prefix;
    line += header.value.reveal();
    append(line);
    ::explicit_bzero(line.data(), line.size());
  }
  append("Expect:");  // no "100-continue": it costs a round trip, or a second where unanswered
  if (!request_.headers.contains("content-type")) append("Content-Type:");  // nor curl's guess
}

void CurlTransfer::set_request_options() {
  curl_easy_setopt(easy_, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy_, CURLOPT_URL, request_.url.c_str());
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, header_list_);
  curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, error_text_);
  curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &CurlTransfer::on_header);
  curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &CurlTransfer::on_body);
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy_, CURLOPT_OPENSOCKETFUNCTION, &CurlTransfer::on_open_socket);
  curl_easy_setopt(easy_, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(easy_, CURLOPT_PREREQFUNCTION, &CurlTransfer::on_connected);
  curl_easy_setopt(easy_, CURLOPT_PREREQDATA, this);
  curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(request_.connect_timeout));
  const auto total = request_.total_timeout.value_or(std::chrono::milliseconds(0));
  curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, milliseconds(total));
  const bool get = request_.method == "GET";
  const bool head = request_.method == "HEAD";
  curl_easy_setopt(easy_, CURLOPT_NOBODY, head ? 1L : 0L);
  if (get) {
    curl_easy_setopt(easy_, CURLOPT_HTTPGET, 1L);
  } else if (!head) {
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, request_.body.data());
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request_.body.size()));
    curl_easy_setopt(easy_, CURLOPT_POST, 1L);
  }
  const bool plain = get || head || request_.method == "POST";
  curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, plain ? nullptr : request_.method.c_str());
}

Coro<> CurlTransfer::wait_for_headers() {
  while (!headers_done_ && !finished_) {
    changed_.clear();
    co_await changed_.wait();
  }
  if (!headers_done_) {
    if (!error_) throw TransportError("the server closed the connection without an answer");
    std::rethrow_exception(error_);
  }
}

Coro<std::optional<std::string>> CurlTransfer::read() {
  while (buffer_.empty() && !finished_) {
    changed_.clear();
    co_await changed_.wait();
  }
  if (buffer_.empty()) {
    if (error_) std::rethrow_exception(error_);
    co_return std::nullopt;
  }
  std::string bytes = std::exchange(buffer_, std::string());
  if (paused_) {
    paused_ = false;
    last_byte_at_ = multi_->loop().time();
    multi_->resume(*this);
  }
  co_return bytes;
}

// Made here because curl forgets why it could not be made, and so that its number is known.
curl_socket_t CurlTransfer::on_open_socket(void* self, curlsocktype,
                                           curl_sockaddr* address) noexcept {
  const int fd = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  auto& transfer = *static_cast<CurlTransfer*>(self);
  if (fd < 0) {
    transfer.no_descriptor_ = errno == EMFILE || errno == ENFILE;
    return CURL_SOCKET_BAD;
  }
  transfer.multi_->on_opened(fd);
  return fd;
}

int CurlTransfer::on_connected(void* self, char*, char*, int, int) noexcept {
  static_cast<CurlTransfer*>(self)->enter(Phase::kAnswer);
  return CURL_PREREQFUNC_OK;
}

// No exception may pass through curl: it is kept, and curl told to give up.
std::size_t CurlTransfer::on_header(char* bytes, std::size_t size, std::size_t count,
                                    void* self) noexcept {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  const std::string_view line(bytes, size * count);
  try {
    return transfer.take_header_line(line) ? line.size() : 0;
  } catch (...) {
    transfer.error_ = std::current_exception();
    return 0;
  }
}

std::size_t CurlTransfer::on_body(char* bytes, std::size_t size, std::size_t count,
                                  void* self) noexcept {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  try {
    return transfer.take_body(std::string_view(bytes, size * count));
  } catch (...) {
    transfer.error_ = std::current_exception();
    return 0;
  }
}

bool CurlTransfer::take_header_line(std::string_view line) {
  enter(Phase::kMoreBytes);
  header_bytes_ += line.size();
  if (header_bytes_ > kHeaderBytesMax || headers_.size() >= kHeadersMax) {
    error_ = std::make_exception_ptr(LimitError("the answer has more headers than we take"));
    return false;
  }
  line = without_line_end(line);
  if (line.starts_with("HTTP/")) {
    take_status_line(line);
  } else if (!line.empty()) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return true;
    try {
      headers_.add(std::string(line.substr(0, colon)),
                   std::string(trimmed(line.substr(colon + 1))));
    } catch (const std::invalid_argument&) {  // a header that could not be sent on is no use
    }
  } else if (status_ >= 200) {
    headers_done_ = true;
    changed_.set();
  } else {  // 1xx answers go before the real one
    enter(Phase::kAnswer);
  }
  return true;
}

void CurlTransfer::take_status_line(std::string_view line) {
  headers_ = HttpHeaders();
  status_ = 0;
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return;
  const char* digits = line.data() + space + 1;
  std::from_chars(digits, line.data() + line.size(), status_);
}

std::size_t CurlTransfer::take_body(std::string_view bytes) {
  last_byte_at_ = multi_->loop().time();
  if (discarding_) return bytes.size();
  if (!headers_done_) throw ProtocolError("the answer has a body before its status");
  const std::size_t room_for = multi_->options().buffer_bytes;
  if (!buffer_.empty() && buffer_.size() + bytes.size() > room_for) {
    paused_ = true;  // curl gives us the same bytes again after resume()
    return CURL_WRITEFUNC_PAUSE;
  }
  body_bytes_ += bytes.size();
  if (body_bytes_ > request_.body_bytes_max) {
    error_ =
        std::make_exception_ptr(LimitError("the answer is larger than the limit of " +
                                           std::to_string(request_.body_bytes_max) + " bytes"));
    return 0;
  }
  buffer_ += bytes;
  changed_.set();
  return bytes.size();
}

void CurlTransfer::on_done(CURLcode code) noexcept {
  std::exception_ptr error = error_;  // ours is the cause of curl's, where both are there
  if (!error && code == CURLE_COULDNT_CONNECT && no_descriptor_) error = descriptors_exhausted();
  if (!error && code != CURLE_OK) {
    error = curl_error(easy_, code, error_text_, host_of(request_.url));
  }
  end(std::move(error));
}

void CurlTransfer::fail(std::exception_ptr error) noexcept {
  if (!finished_) end(std::move(error));
}

void CurlTransfer::fail_soon(std::exception_ptr error) noexcept {
  if (!error_) error_ = std::move(error);
  failing_ = true;
  multi_->loop().arm(*this, multi_->loop().time());
}

void CurlTransfer::end(std::exception_ptr error) noexcept {
  multi_->remove(*this);
  finished_ = true;
  paused_ = false;
  error_ = std::move(error);
  disarm();
  outside_.reset();
  changed_.set();
}

void CurlTransfer::discard(Duration limit) noexcept {
  discarding_ = true;
  buffer_.clear();
  multi_->loop().arm(*this, multi_->loop().time() + limit);
  if (std::exchange(paused_, false)) multi_->resume(*this);
}

// One timer for all silences. It is not moved with each byte: when it fires it looks how long the
// silence has really been, and sleeps for the rest. It is moved when a phase begins, since the
// limits differ: a model may think for minutes, and then must not stop in mid-sentence for as long.
void CurlTransfer::fire() noexcept {
  if (failing_) return fail(error_);
  if (discarding_) {
    fail(std::make_exception_ptr(TransportError("the answer did not end")));
    return multi_->forget_finished();  // destroys this
  }
  const TimePoint now = multi_->loop().time();
  const bool waits_for_reader = paused_ || !buffer_.empty();
  if (waits_for_reader) last_byte_at_ = now;
  if (now - last_byte_at_ < silence_limit()) return rearm();
  fail(silence_error());
}

void CurlTransfer::enter(Phase phase) {
  last_byte_at_ = multi_->loop().time();
  const bool begins = phase != phase_ || !armed();
  phase_ = phase;
  if (begins && !failing_ && !discarding_) rearm();
}

void CurlTransfer::rearm() { multi_->loop().arm(*this, last_byte_at_ + silence_limit()); }

Duration CurlTransfer::silence_limit() const noexcept {
  switch (phase_) {
    case Phase::kConnection: return std::min(request_.connect_timeout, kLongest);
    case Phase::kAnswer: return std::min(request_.first_byte_timeout, kLongest);
    case Phase::kMoreBytes: break;
  }
  return std::min(request_.idle_timeout, kLongest);
}

std::exception_ptr CurlTransfer::silence_error() const {
  const std::string limit = in_seconds(silence_limit());
  const std::string host = host_of(request_.url);
  switch (phase_) {
    case Phase::kConnection:
      return std::make_exception_ptr(ConnectError(ConnectError::Kind::kConnect,
                                                  "no connection to " + host + " within " + limit));
    case Phase::kAnswer:
      return std::make_exception_ptr(
          TransportError("no answer came within " + limit + " (" + host + ")"));
    case Phase::kMoreBytes: break;
  }
  return std::make_exception_ptr(TransportError("no byte came for " + limit + " (" + host + ")"));
}

}  // namespace cochain
