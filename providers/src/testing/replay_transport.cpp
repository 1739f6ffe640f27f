// Serving recorded exchanges: which one fits a request, and its body piece by piece.

#include <algorithm>
#include <mutex>

#include "cochain/chains/model/error.hpp"
#include "cochain/core/timeouts.hpp"
#include "cochain/testing/replay_transport.hpp"
#include "simulator_random.hpp"

namespace cochain::testing {
namespace {

constexpr std::size_t kNamedMax = 3;

/// The parts of a URL that are compared. A URL without a path asks for "/".
class Target {
 public:
  explicit Target(std::string_view url) {
    const std::size_t scheme = url.find("://");
    if (scheme != url.npos) url.remove_prefix(scheme + 3);
    url = url.substr(0, url.find('#'));
    const std::size_t mark = url.find('?');
    if (mark != url.npos) query = std::string(url.substr(mark + 1));
    url = url.substr(0, mark);
    const std::size_t slash = url.find('/');
    path = slash == url.npos ? "/" : std::string(url.substr(slash));
  }
  std::string path;
  std::string query;
};

Json body_of(const std::string& text) {
  try {
    return parse_json(text);
  } catch (const ParseError&) {
    return Json(text);
  }
}

std::string line_of(const RecordedExchange& exchange) {
  std::string line = exchange.method + " " + (exchange.path.empty() ? "*" : exchange.path);
  return exchange.query.empty() ? line : line + "?" + exchange.query;
}

/// Where two JSON values differ first, as "$.messages[0].content"; empty if they do not.
std::string difference(const Json& asked, const Json& recorded, const std::string& place) {
  const JsonObject* left = asked.if_object();
  const JsonObject* right = recorded.if_object();
  if (left != nullptr && right != nullptr) {
    for (const auto& [name, value] : *right) {
      const std::string inside = place + "." + std::string(name);
      const Json* other = left->if_contains(name);
      if (other == nullptr) return inside;
      if (std::string found = difference(*other, value, inside); !found.empty()) return found;
    }
    for (const auto& [name, value] : *left) {
      if (!right->contains(name)) return place + "." + std::string(name);
    }
    return {};
  }
  const JsonArray* ours = asked.if_array();
  const JsonArray* theirs = recorded.if_array();
  if (ours != nullptr && theirs != nullptr) {
    for (std::size_t at = 0; at < std::min(ours->size(), theirs->size()); ++at) {
      const std::string inside = place + "[" + std::to_string(at) + "]";
      if (std::string found = difference((*ours)[at], (*theirs)[at], inside); !found.empty()) {
        return found;
      }
    }
    if (ours->size() == theirs->size()) return {};
    return place + "[" + std::to_string(std::min(ours->size(), theirs->size())) + "]";
  }
  return asked == recorded ? std::string() : place;
}

}  // namespace

class ReplayTransport::State {
 public:
  State(std::vector<RecordedExchange> exchanges, ReplayOptions the_options)
      : options(std::move(the_options)), served_(exchanges.size()) {
    for (RecordedExchange& each : exchanges) {
      exchanges_.push_back(std::make_shared<const RecordedExchange>(std::move(each)));
    }
  }

  /// The exchange that answers the request, and its number.
  std::pair<std::shared_ptr<const RecordedExchange>, std::size_t> take(const HttpRequest& request) {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    std::string why_not;
    for (std::size_t at = 0; at < exchanges_.size(); ++at) {
      if (served_[at] && options.order != ReplayOptions::Order::kRepeated) continue;
      const std::string fault = fault_of(request, *exchanges_[at]);
      if (fault.empty()) {
        served_[at] = true;
        return {exchanges_[at], at};
      }
      note(why_not, at, fault);
      if (options.order == ReplayOptions::Order::kRecorded) break;
    }
    throw ReplayError("no recorded exchange answers " + request.method + " " +
                      Target(request.url).path + " (request " + std::to_string(requests_.size()) +
                      "; " + std::to_string(served_count()) + " of " +
                      std::to_string(exchanges_.size()) + " exchanges were served)" + why_not);
  }

  std::vector<HttpRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  std::size_t remaining() const {
    const std::lock_guard lock(mutex_);
    return exchanges_.size() - served_count();
  }

  const ReplayOptions options;

 private:
  /// Why an exchange does not fit; empty if it does.
  std::string fault_of(const HttpRequest& request, const RecordedExchange& exchange) const {
    const Target target(request.url);
    const bool same_line = request.method == exchange.method &&
                           (exchange.path.empty() || exchange.path == target.path) &&
                           (exchange.query.empty() || exchange.query == target.query);
    if (!same_line) return "it is for " + line_of(exchange);
    if (options.match != ReplayOptions::Match::kLineAndBody || !exchange.request) return {};
    const std::string place = difference(body_of(request.body), *exchange.request, "$");
    return place.empty() ? place : "the body differs at " + place;
  }
  static void note(std::string& why_not, std::size_t at, const std::string& fault) {
    const auto noted = static_cast<std::size_t>(std::count(why_not.begin(), why_not.end(), '\n'));
    if (noted == kNamedMax) why_not += "\n  - ...";
    if (noted < kNamedMax) why_not += "\n  - exchange " + std::to_string(at + 1) + ": " + fault;
  }
  [[nodiscard]] std::size_t served_count() const {
    return static_cast<std::size_t>(std::count(served_.begin(), served_.end(), true));
  }

  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<const RecordedExchange>> exchanges_;
  std::vector<bool> served_;
  std::vector<HttpRequest> requests_;
};

namespace {

std::string in_ms(Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count()) +
         " ms";
}

/// A recorded body. Random sizes have many small ones, since that is where decoders err.
class ReplayBody final : public HttpBody {
 public:
  ReplayBody(std::shared_ptr<const RecordedExchange> exchange, std::uint64_t seed,
             const ReplayOptions& options, const HttpRequest& request)
      : exchange_(std::move(exchange)),
        random_(seed),
        split_(options.split_seed.has_value()),
        delay_(options.piece_delay),
        idle_timeout_(request.idle_timeout),
        bytes_max_(request.body_bytes_max) {}

  Coro<std::optional<std::string>> read() override {
    if (is_finished_) throw InvalidStateError("this body was finished; nothing can be read");
    const std::size_t rest = exchange_->body.size() - at_;
    if (rest > 0 && at_ > 0 && delay_ > Duration::zero()) {
      co_await sleep(std::min(delay_, idle_timeout_));
      if (delay_ > idle_timeout_) {
        throw TransportError("no byte came for " + in_ms(idle_timeout_) + " (replay)");
      }
    }
    if (rest == 0 && exchange_->truncated) {
      throw IncompleteStreamError("the recorded answer breaks off here");
    }
    if (rest == 0) co_return std::nullopt;
    std::string piece = exchange_->body.substr(at_, next_size(rest));
    at_ += piece.size();
    if (at_ > bytes_max_) {
      throw LimitError("the answer has more than " + std::to_string(bytes_max_) + " bytes");
    }
    co_return piece;
  }
  void finish() noexcept override { is_finished_ = true; }

 private:
  std::size_t next_size(std::size_t rest) {
    if (!split_) return rest;
    const std::size_t size_max = random_.next() % 8 == 0 ? 300 : 12;
    return std::min<std::size_t>(rest, 1 + random_.next() % size_max);
  }

  std::shared_ptr<const RecordedExchange> exchange_;
  SeededRandom random_;
  bool split_;
  Duration delay_;
  Duration idle_timeout_;
  std::size_t bytes_max_;
  std::size_t at_ = 0;
  bool is_finished_ = false;
};

template <class State>
Coro<HttpResponse> answer(std::shared_ptr<State> state, HttpRequest request) {
  const ReplayOptions& options = state->options;
  const auto [exchange, number] = state->take(request);
  const Duration limit = request.first_byte_timeout;
  if (options.first_byte_delay > Duration::zero()) {
    co_await sleep(std::min(options.first_byte_delay, limit));
  }
  if (options.first_byte_delay > limit) {
    throw TransportError("no answer came within " + in_ms(limit) + " (replay)");
  }
  const std::uint64_t seed = options.split_seed.value_or(0) * 1'000'003 + number;
  auto body = std::make_unique<ReplayBody>(exchange, seed, options, request);
  co_return HttpResponse(exchange->status, exchange->headers, std::move(body));
}

}  // namespace

ReplayTransport::ReplayTransport(std::vector<RecordedExchange> exchanges, ReplayOptions options)
    : state_(std::make_shared<State>(std::move(exchanges), std::move(options))) {}

ReplayTransport::~ReplayTransport() = default;

Coro<HttpResponse> ReplayTransport::open(HttpRequest request) {
  return answer(state_, std::move(request));
}

std::vector<HttpRequest> ReplayTransport::requests() const { return state_->requests(); }

std::size_t ReplayTransport::remaining() const { return state_->remaining(); }

}  // namespace cochain::testing
