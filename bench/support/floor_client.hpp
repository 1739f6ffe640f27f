// The floor: the same work as a cochain model does, by libcurl's multi interface, epoll and
// simdjson, with nothing in between. No coroutines, no limits, no timeouts, no errors but abort().
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace cochain::bench {

enum class AnswerForm { kStream, kWhole };

/// What a client saw.
class ClientReport {
 public:
  ClientReport() = default;
  std::size_t answers = 0;
  std::size_t chunks = 0;      // pieces of text
  std::size_t text_bytes = 0;  // of all answers
  std::int64_t output_tokens = 0;
  std::vector<double> first_token_ms;  // per answer, in order of completion
};

/// Asks `requests` times, `concurrency` at once, on one thread.
/// `base_url` is as OPENAI_BASE_URL.
ClientReport run_floor_client(const std::string& base_url, std::size_t requests,
                              std::size_t concurrency, AnswerForm form);

/// The prompt that all clients of a comparison send with request number `index`.
std::string bench_prompt(std::size_t index);

}  // namespace cochain::bench
