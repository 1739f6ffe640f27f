// Builders for scripted replies, and look-ups in a received request.
// simulator_reply.cpp plays what is built here.
#include <cochain/providers/simulator_script.hpp>

#include <algorithm>

#include "simulator_wire.hpp"

namespace cochain {
namespace {

bool equal_without_case(std::string_view a, std::string_view b) {
  const auto lower = [](char byte) {
    return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
  };
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(),
                    [&lower](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

std::string_view SimulatedRequest::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (equal_without_case(key, name)) {
      return value;
    }
  }
  return std::string_view();
}

std::size_t SimulatedRequest::header_count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::count_if(headers.begin(), headers.end(),
                    [name](const auto& header) { return equal_without_case(header.first, name); }));
}

SimulatedReply& SimulatedReply::add(Step::Kind kind, std::string bytes,
                                    std::chrono::milliseconds time) {
  steps_.emplace_back(kind, std::move(bytes), time);
  return *this;
}

SimulatedReply& SimulatedReply::write(std::string bytes) {
  return add(Step::Kind::kWrite, std::move(bytes));
}

SimulatedReply& SimulatedReply::write_slowly(std::string_view bytes, std::size_t bytes_each,
                                             std::chrono::milliseconds pause) {
  bytes_each = std::max<std::size_t>(bytes_each, 1);
  for (std::size_t at = 0; at < bytes.size(); at += bytes_each) {
    if (at > 0) {
      delay(pause);
    }
    write(std::string(bytes.substr(at, bytes_each)));
  }
  return *this;
}

SimulatedReply& SimulatedReply::delay(std::chrono::milliseconds time) {
  return add(Step::Kind::kDelay, std::string(), time);
}

SimulatedReply& SimulatedReply::close() { return add(Step::Kind::kClose); }

SimulatedReply& SimulatedReply::reset() { return add(Step::Kind::kReset); }

SimulatedReply& SimulatedReply::half_close() { return add(Step::Kind::kHalfClose); }

SimulatedReply& SimulatedReply::hang() { return add(Step::Kind::kHang); }

SimulatedReply& SimulatedReply::await_client_close() { return add(Step::Kind::kAwaitClientClose); }

SimulatedReply SimulatedReply::http(int status, std::string_view content_type,
                                    std::string_view body,
                                    std::vector<std::pair<std::string, std::string>> headers) {
  SimulatedReply reply;
  reply.write(whole_response(status, content_type, body, headers, ConnectionUse::kKeepAlive));
  return reply;
}

SimulatedReply SimulatedReply::event_stream(const std::vector<std::string>& payloads) {
  SimulatedReply reply;
  reply.write(stream_head("req_scripted", ConnectionUse::kKeepAlive));
  for (const std::string& payload : payloads) {
    std::string chunk;
    append_http_chunk(chunk, "data: " + payload + "\n\n");
    reply.write(std::move(chunk));
  }
  reply.write(std::string(kLastHttpChunk));
  return reply;
}

}  // namespace cochain
