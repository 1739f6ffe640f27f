// The rules of driving curl_multi_socket_action(), each learnt from somebody's bug:
// never call into curl from inside one of its callbacks; a socket may be closed by curl before or
// without its removal being told (so FdWatcher keeps a duplicate, and a kept watcher is checked); a
// timer of 0 must be fired from the loop; and finished transfers are collected after each action.

#include "curl_multi.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <new>
#include <string>
#include <utility>

#include "curl_error.hpp"
#include "curl_transfer.hpp"

namespace cochain {
namespace {

// How long the end of an answer may take once its consumer has all that it wants.
constexpr Duration kLinger = std::chrono::milliseconds(100);
constexpr std::size_t kSpareHandles = 64;

void initialise_curl_once() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK) throw Error("libcurl cannot be initialised");
}

std::string setting_or_env(const std::string& setting, const char* first,
                           const char* second = nullptr) {
  if (!setting.empty()) return setting;
  for (const char* name : {first, second}) {
    const char* value = name ? std::getenv(name) : nullptr;
    if (value && *value) return value;
  }
  return {};
}

}  // namespace

/// A descriptor of curl's, watched for it. That of a connection is kept while the connection is
/// idle: making a watcher costs five system calls, which is a quarter of a short request.
class CurlMulti::Socket {
 public:
  Socket(CurlMulti& multi, curl_socket_t fd)
      : identity_(identity_of(fd)), watcher_(multi.loop(), fd, [&multi, fd](Readiness ready) {
          multi.act(fd, (ready.read ? CURL_CSELECT_IN : 0) | (ready.write ? CURL_CSELECT_OUT : 0));
        }) {}
  void watch(int what) {
    read_ = read_ || (what & CURL_POLL_IN) != 0;
    watcher_.watch(Readiness((what & CURL_POLL_IN) != 0, (what & CURL_POLL_OUT) != 0));
  }
  void rest() { watcher_.watch(Readiness()); }

  /// False if the number has been closed, and names another socket by now.
  [[nodiscard]] bool is(curl_socket_t fd) const noexcept { return identity_ == identity_of(fd); }
  /// Curl reads from connections only once they are made; until then it may close a socket without
  /// telling.
  [[nodiscard]] bool was_read() const noexcept { return read_; }

 private:
  static ino_t identity_of(curl_socket_t fd) noexcept {
    struct stat status{};
    return ::fstat(fd, &status) == 0 ? status.st_ino : 0;
  }

  ino_t identity_;
  bool read_ = false;
  FdWatcher watcher_;
};

CurlMulti::CurlMulti(EventLoop& loop, CurlOptions options)
    : loop_(loop), options_(std::move(options)) {
  initialise_curl_once();
  multi_ = curl_multi_init();
  if (!multi_) throw std::bad_alloc();
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlMulti::on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlMulti::on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_PIPELINING, long(CURLPIPE_MULTIPLEX));
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(options_.idle_connections));
}

CurlMulti::~CurlMulti() { close(); }

void CurlMulti::close() noexcept {
  if (!multi_) return;
  on_last_removed_ = nullptr;
  while (!active_.empty()) {
    CurlTransfer& transfer = *active_.back();
    transfer.fail(std::make_exception_ptr(Error("the event loop of this connection has ended")));
  }
  lingering_.clear();
  for (CURL* handle : spare_handles_) curl_easy_cleanup(handle);
  spare_handles_.clear();
  curl_multi_cleanup(multi_);
  multi_ = nullptr;
  sockets_.clear();
  disarm();
}

CURL* CurlMulti::take_handle() {
  if (!spare_handles_.empty()) {
    CURL* handle = spare_handles_.back();
    spare_handles_.pop_back();
    return handle;
  }
  CURL* easy = curl_easy_init();
  if (!easy) throw std::bad_alloc();
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &CurlMulti::on_close_socket);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, this);
  // A name that is still being looked up must not hold the loop when its transfer ends.
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_NETRC, long(CURL_NETRC_IGNORED));
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, long(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, long(CURL_HTTP_VERSION_2TLS));
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");  // all that this libcurl can undo
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, 30L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, 10L);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, options_.user_agent.c_str());
  // The library, unlike the curl program, looks at none of these variables by itself.
  const std::string file = setting_or_env(options_.ca_file, "SSL_CERT_FILE", "CURL_CA_BUNDLE");
  const std::string directory = setting_or_env(options_.ca_directory, "SSL_CERT_DIR");
  if (!file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, file.c_str());
  if (!directory.empty()) curl_easy_setopt(easy, CURLOPT_CAPATH, directory.c_str());
  return easy;
}

void CurlMulti::give_back(CURL* handle) noexcept {
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, nullptr);  // they end with the transfer
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, nullptr);
  curl_easy_setopt(handle, CURLOPT_PRIVATE, nullptr);
  if (multi_ && spare_handles_.size() < kSpareHandles) {
    spare_handles_.push_back(handle);
  } else {
    curl_easy_cleanup(handle);
  }
}

void CurlMulti::add(CurlTransfer& transfer) {
  active_.push_back(&transfer);
  // It asks for a timer of 0, by which curl starts.
  const CURLMcode code = curl_multi_add_handle(multi_, transfer.handle());
  if (code != CURLM_OK) {
    active_.pop_back();
    if (code == CURLM_OUT_OF_MEMORY) throw std::bad_alloc();
    throw Error(std::string("libcurl takes no transfer: ") + curl_multi_strerror(code));
  }
  transfer.place_in_active = active_.size() - 1;
}

void CurlMulti::remove(CurlTransfer& transfer) noexcept {
  const std::size_t place = std::exchange(transfer.place_in_active, CurlTransfer::kNowhere);
  if (place == CurlTransfer::kNowhere) return;
  curl_multi_remove_handle(multi_, transfer.handle());
  if (active_.back() != &transfer) {
    active_.back()->place_in_active = place;
    active_[place] = active_.back();
  }
  active_.pop_back();
  if (active_.empty() && on_last_removed_) loop_.call_soon(std::move(on_last_removed_));
}

void CurlMulti::resume(CurlTransfer& transfer) noexcept {
  // Curl hands over what it kept for us before it looks at the socket again. If we refuse that,
  // only this return value tells: no message follows.
  const CURLcode code = curl_easy_pause(transfer.handle(), CURLPAUSE_CONT);
  if (code != CURLE_OK) transfer.on_done(code);
  collect_finished();
}

void CurlMulti::when_unused(std::function<void()> callback) {
  if (active_.empty()) return callback();
  on_last_removed_ = std::move(callback);
}

void CurlMulti::linger(std::unique_ptr<CurlTransfer> transfer) {
  if (transfer->finished()) return;
  transfer->discard(kLinger);
  if (!transfer->finished()) lingering_.push_back(std::move(transfer));
}

int CurlMulti::on_socket(CURL* easy, curl_socket_t fd, int what, void* self, void*) noexcept {
  auto& multi = *static_cast<CurlMulti*>(self);
  if (what == CURL_POLL_REMOVE) {
    multi.unwatch(fd);
    return 0;
  }
  try {
    multi.watch(fd, what);
  } catch (...) {
    // No descriptor to watch it with. The transfer fails outside this callback; returning an error
    // here would take down all other transfers of the handle.
    CurlTransfer* transfer = nullptr;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
    if (transfer) transfer->fail_soon(descriptors_exhausted());
  }
  return 0;
}

void CurlMulti::watch(curl_socket_t fd, int what) {
  std::unique_ptr<Socket>& socket = sockets_[fd];
  if (!socket || !socket->is(fd)) {
    socket.reset();  // before another is made: descriptors may be scarce
    socket = std::make_unique<Socket>(*this, fd);
  }
  socket->watch(what);
}

void CurlMulti::unwatch(curl_socket_t fd) noexcept {
  const auto found = sockets_.find(fd);
  if (found == sockets_.end()) return;
  if (found->second && found->second->was_read() && opened_.contains(fd)) {
    found->second->rest();
  } else {
    sockets_.erase(found);
  }
}

void CurlMulti::on_opened(curl_socket_t fd) {
  sockets_.erase(fd);  // of an earlier socket of that number, which was closed without a word
  opened_.insert(fd);
}

int CurlMulti::on_close_socket(void* self, curl_socket_t fd) noexcept {
  auto& multi = *static_cast<CurlMulti*>(self);
  multi.sockets_.erase(fd);
  multi.opened_.erase(fd);
  return ::close(fd);
}

int CurlMulti::on_timer(CURLM*, long delay_ms, void* self) noexcept {
  auto& multi = *static_cast<CurlMulti*>(self);
  if (delay_ms < 0) {
    multi.disarm();
  } else {
    multi.loop_.arm(multi, multi.loop_.time() + std::chrono::milliseconds(delay_ms));
  }
  return 0;
}

void CurlMulti::fire() noexcept { act(CURL_SOCKET_TIMEOUT, 0); }

void CurlMulti::act(curl_socket_t fd, int events) noexcept {
  int running = 0;
  curl_multi_socket_action(multi_, fd, events, &running);
  collect_finished();
}

void CurlMulti::collect_finished() noexcept {
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CurlTransfer* transfer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    transfer->on_done(message->data.result);
  }
  forget_finished();
}

void CurlMulti::forget_finished() noexcept {
  if (lingering_.empty()) return;
  std::erase_if(lingering_, [](const auto& transfer) { return transfer->finished(); });
}

}  // namespace cochain
