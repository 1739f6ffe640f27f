// libcurl tells how a transfer failed; callers ask whether to try again, and what to tell the user.

#include "curl_error.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cerrno>
#include <new>
#include <utility>

#include "cochain/chains/model/error.hpp"

namespace cochain {
namespace {

template <class E, class... Args>
std::exception_ptr make(Args&&... args) {
  return std::make_exception_ptr(E(std::forward<Args>(args)...));
}

std::exception_ptr timed_out(CURL* easy, const std::string& host) {
  curl_off_t sent_at = 0;  // 0 until the request could be sent
  curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &sent_at);
  if (sent_at == 0) {
    return make<ConnectError>(ConnectError::Kind::kConnect,
                              "connecting to " + host + " took too long");
  }
  return make<TransportError>("the exchange with " + host + " took too long");
}

// The proxy answered our CONNECT with something else than yes.
bool proxy_refused(CURL* easy) {
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &status);
  return status >= 300;
}

// Both sides would have to be changed: trying again is no use.
bool is_version_quarrel(const std::string& reason) {
  return reason.find("unsupported protocol") != std::string::npos ||
         reason.find("protocol version") != std::string::npos;
}

bool no_descriptor_left() {
  const int fd = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
  const bool none = fd < 0 && errno == EMFILE;
  if (fd >= 0) ::close(fd);
  return none;
}

bool answer_began(CURL* easy) {
  curl_off_t first_byte_at = 0;
  curl_easy_getinfo(easy, CURLINFO_STARTTRANSFER_TIME_T, &first_byte_at);
  return first_byte_at > 0;
}

}  // namespace

std::exception_ptr descriptors_exhausted() {
  struct rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const std::string count = std::to_string(limit.rlim_cur);
  return make<ConnectError>(ConnectError::Kind::kConnect,
                            "no file descriptor left for one more connection (the limit is " +
                                count + "; see `ulimit -n`, or lower the concurrency)",
                            ErrorInfo().retryable(false));
}

std::exception_ptr curl_error(CURL* easy, CURLcode code, const std::string& detail,
                              const std::string& host) {
  const std::string reason = detail.empty() ? curl_easy_strerror(code) : detail;
  const std::string at = " (" + host + ")";
  const std::string text = reason + at;
  using Kind = ConnectError::Kind;
  if (proxy_refused(easy)) return make<ConnectError>(Kind::kProxy, text);
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      if (no_descriptor_left()) return descriptors_exhausted();  // the resolver needs some, too
      return make<ConnectError>(Kind::kDns, text);
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PROXY: return make<ConnectError>(Kind::kProxy, text);
    case CURLE_COULDNT_CONNECT: return make<ConnectError>(Kind::kConnect, text);
    case CURLE_SSL_CONNECT_ERROR: {
      ErrorInfo info;
      if (is_version_quarrel(reason)) info.retryable(false);
      return make<ConnectError>(Kind::kTls, text, std::move(info));
    }
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH: return make<ConnectError>(Kind::kTlsVerify, text);
    case CURLE_OPERATION_TIMEDOUT: return timed_out(easy, host);
    case CURLE_PARTIAL_FILE: return make<IncompleteStreamError>(text);
    case CURLE_URL_MALFORMAT: return make<BadRequestError>(text);
    case CURLE_UNSUPPORTED_PROTOCOL:  // our URLs were looked at before: it is the answer's
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING: return make<ProtocolError>(text);
    case CURLE_OUT_OF_MEMORY:
      // Curl says so, too, where one line or one unpacked piece of an answer is larger than its own
      // buffers may grow; far more often than for want of memory.
      if (answer_began(easy)) return make<LimitError>("a part of the answer is too large" + at);
      return make<std::bad_alloc>();
    default:  // reset, closed without an answer, broken framing: the connection failed
      return make<TransportError>(text);
  }
}

}  // namespace cochain
