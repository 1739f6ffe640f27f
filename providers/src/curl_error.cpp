// libcurl tells how a transfer failed; callers ask whether to try again, and what to tell the user.

#include "curl_error.hpp"

#include <sys/resource.h>
#include <cerrno>
#include <new>

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
  const std::string text = reason + " (" + host + ")";
  using Kind = ConnectError::Kind;
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST: return make<ConnectError>(Kind::kDns, text);
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PROXY: return make<ConnectError>(Kind::kProxy, text);
    case CURLE_COULDNT_CONNECT: {
      long os_error = 0;
      curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &os_error);
      if (os_error == EMFILE || os_error == ENFILE) return descriptors_exhausted();
      return make<ConnectError>(Kind::kConnect, text);
    }
    case CURLE_SSL_CONNECT_ERROR: return make<ConnectError>(Kind::kTls, text);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH: return make<ConnectError>(Kind::kTlsVerify, text);
    case CURLE_OPERATION_TIMEDOUT: return timed_out(easy, host);
    case CURLE_PARTIAL_FILE: return make<IncompleteStreamError>(text);
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT: return make<BadRequestError>(text);
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING: return make<ProtocolError>(text);
    case CURLE_OUT_OF_MEMORY: return make<std::bad_alloc>();
    default:  // reset, closed without an answer, broken framing: the connection failed
      return make<TransportError>(text);
  }
}

}  // namespace cochain
