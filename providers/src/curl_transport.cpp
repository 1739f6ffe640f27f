// The transport itself: options, and one CurlMulti per event loop.

#include "cochain/providers/curl_transport.hpp"

#include <utility>

#include "curl_multi.hpp"
#include "curl_transfer.hpp"

namespace cochain {
namespace {

/// What a transport keeps on a loop; the loop destroys it before it ends.
class CurlService final : public EventLoop::Service {
 public:
  CurlService(EventLoop& loop, const CurlOptions& options)
      : multi_(std::make_shared<CurlMulti>(loop, options)) {}
  CurlService(const CurlService&) = delete;
  CurlService& operator=(const CurlService&) = delete;
  ~CurlService() override { multi_->close(); }

  [[nodiscard]] const std::shared_ptr<CurlMulti>& multi() const noexcept { return multi_; }

 private:
  std::shared_ptr<CurlMulti> multi_;
};

class CurlBody final : public HttpBody {
 public:
  CurlBody(std::shared_ptr<CurlMulti> multi, std::unique_ptr<CurlTransfer> transfer)
      : multi_(std::move(multi)), transfer_(std::move(transfer)) {}
  [[nodiscard]] Coro<std::optional<std::string>> read() override {
    if (!transfer_) throw InvalidStateError("this body was finished; nothing can be read");
    return transfer_->read();
  }
  void finish() noexcept override {
    if (transfer_) multi_->linger(std::move(transfer_));
  }

 private:
  std::shared_ptr<CurlMulti> multi_;
  std::unique_ptr<CurlTransfer> transfer_;
};

class CurlTransport final : public HttpTransport {
 public:
  explicit CurlTransport(CurlOptions options) : options_(std::move(options)) {}
  CurlTransport(const CurlTransport&) = delete;
  CurlTransport& operator=(const CurlTransport&) = delete;
  ~CurlTransport() override {
    // Bodies may outlive the transport; its connections stay until the last of them is done. On
    // loops of other threads they stay as long as those loops.
    EventLoop* loop = EventLoop::current_or_null();
    auto* service = loop ? static_cast<CurlService*>(loop->find_service(key_)) : nullptr;
    if (!service) return;
    const std::shared_ptr<CurlMulti> multi = service->multi();
    multi->when_unused([loop, key = key_] { loop->remove_service(key); });
  }

  [[nodiscard]] Coro<HttpResponse> open(HttpRequest request) override {
    EventLoop& loop = EventLoop::current();
    auto* service = static_cast<CurlService*>(loop.find_service(key_));
    if (!service) {
      auto made = std::make_unique<CurlService>(loop, options_);
      service = made.get();
      loop.add_service(key_, std::move(made));
    }
    return exchange(service->multi(), std::move(request));
  }

 private:
  static Coro<HttpResponse> exchange(std::shared_ptr<CurlMulti> multi, HttpRequest request) {
    auto transfer = std::make_unique<CurlTransfer>(multi, std::move(request));
    transfer->start();
    co_await transfer->wait_for_headers();
    const int status = transfer->status();
    HttpHeaders headers = transfer->take_headers();
    auto body = std::make_unique<CurlBody>(std::move(multi), std::move(transfer));
    co_return HttpResponse(status, std::move(headers), std::move(body));
  }

  CurlOptions options_;
  std::uint64_t key_ = EventLoop::new_service_key();
};

}  // namespace

CurlOptions& CurlOptions::with_ca_file(std::string value) {
  ca_file = std::move(value);
  return *this;
}
CurlOptions& CurlOptions::with_ca_directory(std::string value) {
  ca_directory = std::move(value);
  return *this;
}
CurlOptions& CurlOptions::with_user_agent(std::string value) {
  user_agent = std::move(value);
  return *this;
}
CurlOptions& CurlOptions::with_buffer_bytes(std::size_t value) {
  buffer_bytes = value;
  return *this;
}
CurlOptions& CurlOptions::with_idle_connections(std::size_t value) {
  idle_connections = value;
  return *this;
}
CurlOptions& CurlOptions::with_plain_http(PlainHttp value) {
  plain_http = value;
  return *this;
}

std::shared_ptr<HttpTransport> make_curl_transport(CurlOptions options) {
  return std::make_shared<CurlTransport>(std::move(options));
}

std::string curl_version_line() { return curl_version(); }

}  // namespace cochain
