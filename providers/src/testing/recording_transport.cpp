// Keeping what was said over another transport, with every secret blotted out first.

#include <algorithm>
#include <array>
#include <fstream>
#include <mutex>

#include "cochain/chains/model/error.hpp"
#include "cochain/chains/model/redact.hpp"
#include "cochain/testing/replay_transport.hpp"
#include "utf8.hpp"

namespace cochain::testing {
namespace {

constexpr std::string_view kBlot = "***";

std::string lower(std::string_view text) {
  std::string made(text);
  std::transform(made.begin(), made.end(), made.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return made;
}

template <std::size_t N>
bool is_one_of(std::string_view name, const std::array<std::string_view, N>& names) {
  return std::find(names.begin(), names.end(), lower(name)) != names.end();
}

/// What describes the bytes on the wire and not the body as it is kept, and who asked.
bool is_left_out(std::string_view header) {
  constexpr std::array<std::string_view, 6> kNames = {"content-encoding",    "content-length",
                                                      "transfer-encoding",   "connection",
                                                      "openai-organization", "openai-project"};
  return is_secret_header(header) || is_one_of(header, kNames);
}

bool holds_key(std::string_view query_member) {
  constexpr std::array<std::string_view, 8> kNames = {
      "key", "api_key", "apikey", "api-key", "access_token", "token", "sig", "signature"};
  return is_one_of(query_member, kNames);
}

void replace_all(std::string& text, std::string_view what) {
  if (what.empty()) return;
  for (std::size_t at = 0; (at = text.find(what, at)) != text.npos; at += kBlot.size()) {
    text.replace(at, what.size(), kBlot);
  }
}

std::string without_keys(std::string_view query) {
  std::string clean;
  while (!query.empty()) {
    const std::string_view each = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), each.size() + 1));
    const std::string_view name = each.substr(0, each.find('='));
    clean += clean.empty() ? "" : "&";
    clean += holds_key(name) ? std::string(name) + "=" + std::string(kBlot) : std::string(each);
  }
  return clean;
}

/// The secrets of one exchange, and of the recorder.
using Secrets = std::vector<Secret>;

std::string without(const Secrets& secrets, std::string text) {
  for (const Secret& secret : secrets) replace_all(text, secret.reveal());
  return text;
}

std::string text_of(const Secrets& secrets, const std::string& bytes) {
  return without(secrets, detail::mend_utf8(bytes));
}

/// What can be kept of a request before there is an answer.
RecordedExchange begin_exchange(const HttpRequest& request, const Secrets& secrets) {
  RecordedExchange exchange;
  exchange.method = request.method;
  std::string_view url = request.url;
  const std::size_t scheme = url.find("://");
  if (scheme != url.npos) url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find('#'));
  const std::size_t mark = url.find('?');
  if (mark != url.npos) exchange.query = without(secrets, without_keys(url.substr(mark + 1)));
  url = url.substr(0, mark);
  const std::size_t slash = url.find('/');
  exchange.path = slash == url.npos ? "/" : without(secrets, std::string(url.substr(slash)));
  if (request.body.empty()) return exchange;
  const std::string body = text_of(secrets, request.body);
  try {
    exchange.request = parse_json(body);
  } catch (const ParseError&) {
    exchange.request = Json(body);
  }
  return exchange;
}

void keep_head(RecordedExchange& exchange, const HttpResponse& response, const Secrets& secrets) {
  exchange.status = response.status;
  for (const auto& [name, value] : response.headers) {
    if (!is_left_out(name)) exchange.headers.add(name, redact_keys(without(secrets, value)));
  }
  const std::string type = lower(response.headers.get("content-type").value_or(""));
  exchange.stream = type.find("event-stream") != type.npos || type.find("ndjson") != type.npos ||
                    type.find("jsonl") != type.npos;
}

}  // namespace

class RecordingTransport::State {
 public:
  explicit State(const std::string& file) {
    if (file.empty()) return;
    file_.open(file, std::ios::binary | std::ios::app);
    if (!file_) throw Error("cannot write " + file);
    file_name_ = file;
  }

  void add_secret(Secret secret) {
    const std::lock_guard lock(mutex_);
    secrets_.push_back(std::move(secret));
  }
  Secrets secrets_for(const HttpRequest& request) const {
    const std::lock_guard lock(mutex_);
    Secrets all = secrets_;
    for (const SecretHeader& header : request.secret_headers) all.push_back(header.value);
    return all;
  }
  void keep(RecordedExchange exchange) {
    const std::lock_guard lock(mutex_);
    if (file_.is_open()) file_ << json_text(exchange_to_json(exchange)) << '\n' << std::flush;
    exchanges_.push_back(std::move(exchange));
  }
  void check_file() const {
    const std::lock_guard lock(mutex_);
    if (!file_name_.empty() && !file_) throw Error("cannot write " + file_name_);
  }
  std::vector<RecordedExchange> exchanges() const {
    const std::lock_guard lock(mutex_);
    return exchanges_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<RecordedExchange> exchanges_;
  std::vector<Secret> secrets_;
  std::ofstream file_;
  std::string file_name_;
};

namespace {

/// A body that is passed on and kept; generic over the state, which is private to its transport.
template <class State>
class RecordingBody final : public HttpBody {
 public:
  RecordingBody(std::unique_ptr<HttpBody> from, std::shared_ptr<State> state,
                RecordedExchange exchange, Secrets secrets)
      : from_(std::move(from)),
        state_(std::move(state)),
        exchange_(std::move(exchange)),
        secrets_(std::move(secrets)) {}
  RecordingBody(const RecordingBody&) = delete;
  RecordingBody& operator=(const RecordingBody&) = delete;
  ~RecordingBody() override {
    exchange_.truncated = true;
    keep();
  }

  Coro<std::optional<std::string>> read() override {
    std::optional<std::string> bytes = co_await from_->read();
    if (bytes) {
      bytes_ += *bytes;
    } else {
      keep();
    }
    co_return bytes;
  }
  void finish() noexcept override {
    keep();
    from_->finish();
  }

 private:
  // A recording that cannot be made, for want of memory, is no reason to end the program.
  void keep() noexcept {
    if (std::exchange(is_kept_, true)) return;
    try {
      exchange_.body = text_of(secrets_, bytes_);
      if (exchange_.status >= 400) exchange_.body = redact_keys(exchange_.body);
      state_->keep(std::move(exchange_));
    } catch (...) {
    }
  }

  std::unique_ptr<HttpBody> from_;
  std::shared_ptr<State> state_;
  RecordedExchange exchange_;
  Secrets secrets_;
  std::string bytes_;
  bool is_kept_ = false;
};

template <class State>
Coro<HttpResponse> record(std::shared_ptr<HttpTransport> to, std::shared_ptr<State> state,
                          HttpRequest request) {
  state->check_file();
  Secrets secrets = state->secrets_for(request);
  RecordedExchange exchange = begin_exchange(request, secrets);
  HttpResponse response = co_await to->open(std::move(request));
  keep_head(exchange, response, secrets);
  response.body = std::make_unique<RecordingBody<State>>(std::move(response.body), std::move(state),
                                                         std::move(exchange), std::move(secrets));
  co_return response;
}

}  // namespace

RecordingTransport::RecordingTransport(std::shared_ptr<HttpTransport> to, const std::string& file)
    : state_(std::make_shared<State>(file)), to_(std::move(to)) {}

RecordingTransport::~RecordingTransport() = default;

void RecordingTransport::blot_out(Secret secret) { state_->add_secret(std::move(secret)); }

Coro<HttpResponse> RecordingTransport::open(HttpRequest request) {
  return record(to_, state_, std::move(request));
}

std::vector<RecordedExchange> RecordingTransport::exchanges() const { return state_->exchanges(); }

}  // namespace cochain::testing
