// A client as small as it can be made: one epoll loop, one curl multi handle, a line splitter and
// a JSON parser. Handles and connections are reused, as cochain does.

#include "floor_client.hpp"

#include <curl/curl.h>
#include <simdjson.h>
#include <sys/epoll.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

namespace cochain::bench {
namespace {

using SteadyTime = std::chrono::steady_clock;

void require(bool fine, const char* what) {
  if (fine) return;
  std::fprintf(stderr, "floor client: %s\n", what);
  std::abort();
}

class FloorClient;

/// One request at a time, over and over.
class Slot {
 public:
  Slot(FloorClient& owner, AnswerForm answer_form) : client(owner), form(answer_form) {}
  void take(std::string_view bytes);
  void take_line(std::string_view line);
  void take_chunk(std::string_view json);
  void take_whole();
  void finish();

  FloorClient& client;
  AnswerForm form;
  CURL* easy = nullptr;
  std::string request;
  std::string buffer;  // with simdjson's padding behind it in its capacity
  std::string text;
  SteadyTime::time_point started;
  double first_token_ms = -1;
  bool done = false;
};

class FloorClient {
 public:
  FloorClient(const std::string& base_url, std::size_t requests, AnswerForm form)
      : url_(base_url + "/chat/completions"), left_(requests), form_(form) {
    multi_ = curl_multi_init();
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &FloorClient::on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &FloorClient::on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    headers_ = curl_slist_append(headers_, "Content-Type: application/json");
    headers_ = curl_slist_append(headers_, "Accept: text/event-stream");
    headers_ = curl_slist_append(headers_, "Expect:");
  }
  ~FloorClient() {
    for (const auto& slot : slots_) curl_easy_cleanup(slot->easy);
    curl_multi_cleanup(multi_);
    curl_slist_free_all(headers_);
    close(epoll_);
  }
  FloorClient(const FloorClient&) = delete;
  FloorClient& operator=(const FloorClient&) = delete;

  ClientReport run(std::size_t concurrency) {
    for (std::size_t i = 0; i < concurrency && left_ > 0; ++i) add_slot();
    while (active_ > 0) turn();
    return std::move(report);
  }

  simdjson::dom::parser parser;
  ClientReport report;

 private:
  void add_slot() {
    slots_.push_back(std::make_unique<Slot>(*this, form_));
    Slot& slot = *slots_.back();
    slot.easy = curl_easy_init();
    curl_easy_setopt(slot.easy, CURLOPT_URL, url_.c_str());
    curl_easy_setopt(slot.easy, CURLOPT_HTTPHEADER, headers_);
    curl_easy_setopt(slot.easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(slot.easy, CURLOPT_PROXY, "");
    curl_easy_setopt(slot.easy, CURLOPT_PRIVATE, &slot);
    curl_easy_setopt(slot.easy, CURLOPT_WRITEFUNCTION, &FloorClient::on_body);
    curl_easy_setopt(slot.easy, CURLOPT_WRITEDATA, &slot);
    begin(slot);
  }

  void begin(Slot& slot) {
    --left_;
    ++active_;
    slot.request = R"({"model":"sim-small","messages":[{"role":"user","content":")" +
                   bench_prompt(started_++) + R"("}])";
    slot.request += form_ == AnswerForm::kStream
                        ? R"(,"stream":true,"stream_options":{"include_usage":true}})"
                        : "}";
    slot.buffer.clear();
    slot.text.clear();
    slot.done = false;
    slot.first_token_ms = -1;
    slot.started = SteadyTime::now();
    curl_easy_setopt(slot.easy, CURLOPT_POSTFIELDS, slot.request.data());
    curl_easy_setopt(slot.easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(slot.request.size()));
    curl_multi_add_handle(multi_, slot.easy);
  }

  void turn() {
    epoll_event events[256];
    const int ready = epoll_wait(epoll_, events, 256, timeout_ms_);
    int running = 0;
    for (int i = 0; i < ready; ++i) {
      const int what = ((events[i].events & EPOLLIN) ? CURL_CSELECT_IN : 0) |
                       ((events[i].events & EPOLLOUT) ? CURL_CSELECT_OUT : 0);
      curl_multi_socket_action(multi_, events[i].data.fd, what, &running);
    }
    if (ready == 0 || timeout_ms_ == 0) {
      curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      require(message->data.result == CURLE_OK, curl_easy_strerror(message->data.result));
      Slot* slot = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &slot);
      curl_multi_remove_handle(multi_, slot->easy);
      slot->finish();
      --active_;
      if (left_ > 0) begin(*slot);
    }
  }

  static int on_socket(CURL*, curl_socket_t fd, int what, void* self, void* known) {
    auto& client = *static_cast<FloorClient*>(self);
    if (what == CURL_POLL_REMOVE) {
      epoll_ctl(client.epoll_, EPOLL_CTL_DEL, fd, nullptr);
      return 0;
    }
    epoll_event event{};
    event.events =
        ((what & CURL_POLL_IN) ? EPOLLIN : 0U) | ((what & CURL_POLL_OUT) ? EPOLLOUT : 0U);
    event.data.fd = fd;
    epoll_ctl(client.epoll_, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
    curl_multi_assign(client.multi_, fd, self);
    return 0;
  }
  static int on_timer(CURLM*, long delay_ms, void* self) {
    static_cast<FloorClient*>(self)->timeout_ms_ = static_cast<int>(delay_ms);
    return 0;
  }
  static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* slot) {
    static_cast<Slot*>(slot)->take(std::string_view(bytes, size * count));
    return size * count;
  }

  std::string url_;
  std::size_t left_;
  AnswerForm form_;
  CURLM* multi_;
  int epoll_;
  int timeout_ms_ = -1;
  curl_slist* headers_ = nullptr;
  std::size_t started_ = 0;
  std::size_t active_ = 0;
  std::vector<std::unique_ptr<Slot>> slots_;
};

void Slot::take(std::string_view bytes) {
  buffer.reserve(buffer.size() + bytes.size() + simdjson::SIMDJSON_PADDING);
  buffer += bytes;
  if (form == AnswerForm::kWhole) return;
  std::size_t at = 0;
  while (const void* found = std::memchr(buffer.data() + at, '\n', buffer.size() - at)) {
    const auto end = static_cast<std::size_t>(static_cast<const char*>(found) - buffer.data());
    take_line(std::string_view(buffer).substr(at, end - at));
    at = end + 1;
  }
  buffer.erase(0, at);
}

void Slot::take_line(std::string_view line) {
  if (!line.starts_with("data: ")) return;
  line.remove_prefix(6);
  if (line == "[DONE]") {
    done = true;
  } else {
    take_chunk(line);
  }
}

void Slot::take_chunk(std::string_view json) {
  const simdjson::dom::element chunk = client.parser.parse(json.data(), json.size(), false);
  simdjson::dom::array choices;
  if (chunk["choices"].get(choices) == simdjson::SUCCESS) {
    for (const simdjson::dom::element choice : choices) {
      std::string_view content;
      if (choice["delta"]["content"].get(content) != simdjson::SUCCESS || content.empty()) continue;
      if (text.empty()) {
        const std::chrono::duration<double, std::milli> since = SteadyTime::now() - started;
        first_token_ms = since.count();
      }
      text += content;
      ++client.report.chunks;
    }
  }
  std::int64_t tokens = 0;
  if (chunk["usage"]["completion_tokens"].get(tokens) == simdjson::SUCCESS) {
    client.report.output_tokens += tokens;
  }
}

void Slot::take_whole() {
  buffer.reserve(buffer.size() + simdjson::SIMDJSON_PADDING);
  const simdjson::dom::element answer = client.parser.parse(buffer.data(), buffer.size(), false);
  const std::string_view content = answer["choices"].at(0)["message"]["content"];
  text = content;
  const std::int64_t tokens = answer["usage"]["completion_tokens"];
  client.report.output_tokens += tokens;
  ++client.report.chunks;
  done = true;
}

void Slot::finish() {
  if (form == AnswerForm::kWhole) take_whole();
  require(done && !text.empty(), "an answer was not complete");
  ++client.report.answers;
  client.report.text_bytes += text.size();
  client.report.first_token_ms.push_back(first_token_ms);
}

}  // namespace

std::string bench_prompt(std::size_t index) {
  return "Question " + std::to_string(index) + ": why is the sky blue, and why is grass green?";
}

ClientReport run_floor_client(const std::string& base_url, std::size_t requests,
                              std::size_t concurrency, AnswerForm form) {
  FloorClient client(base_url, requests, form);
  return client.run(concurrency);
}

}  // namespace cochain::bench
