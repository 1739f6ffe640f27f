// The blocking client behind the server tests.
#include "raw_http.hpp"

#include <cerrno>
#include <cstdlib>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace cochain::testing {
namespace {

constexpr int kDeadlineMs = 5000;

}  // namespace

std::string RawReply::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) {
      return value;
    }
  }
  return std::string();
}

RawConnection::RawConnection(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (socket_ < 0 || ::connect(socket_, generic, sizeof address) != 0) {
    throw std::runtime_error("cannot connect to the server under test");
  }
}

RawConnection::RawConnection(RawConnection&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)),
      pending_(std::move(other.pending_)),
      ended_(other.ended_),
      reset_(other.reset_) {}

RawConnection::~RawConnection() { close(); }

void RawConnection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0) {
      reset_ = true;
      return;
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void RawConnection::shutdown_send() { ::shutdown(socket_, SHUT_WR); }

void RawConnection::close() {
  if (socket_ >= 0) {
    ::close(std::exchange(socket_, -1));
  }
}

bool RawConnection::read_more() {
  if (ended_ || reset_) {
    return false;
  }
  pollfd wanted{socket_, POLLIN, 0};
  if (::poll(&wanted, 1, kDeadlineMs) <= 0) {
    throw std::runtime_error("nothing came from the server under test; so far: " + pending_);
  }
  char buffer[16 * 1024];
  const ssize_t count = ::recv(socket_, buffer, sizeof buffer, 0);
  if (count > 0) {
    pending_.append(buffer, static_cast<std::size_t>(count));
    return true;
  }
  ended_ = count == 0;
  reset_ = count < 0;
  return false;
}

std::string RawConnection::read_until(std::string_view marker) {
  while (pending_.find(marker) == std::string::npos && read_more()) {
  }
  return pending_;
}

std::string RawConnection::read_to_end() {
  while (read_more()) {
  }
  return std::exchange(pending_, std::string());
}

bool RawConnection::take_chunk(RawReply& reply) {
  std::size_t line = std::string::npos;
  while ((line = pending_.find("\r\n")) == std::string::npos) {
    if (!read_more()) {
      return false;
    }
  }
  const std::size_t size = std::strtoul(pending_.c_str(), nullptr, 16);
  while (pending_.size() < line + size + 4) {
    if (!read_more()) {
      reply.body += pending_.substr(line + 2);
      return false;
    }
  }
  reply.body += pending_.substr(line + 2, size);
  pending_.erase(0, line + size + 4);
  reply.complete = size == 0;
  return size != 0;
}

RawReply RawConnection::read_reply() {
  RawReply reply;
  const std::size_t head_end = read_until("\r\n\r\n").find("\r\n\r\n");
  if (head_end == std::string::npos) {
    reply.body = std::exchange(pending_, std::string());
    return reply;
  }
  const std::string head = pending_.substr(0, head_end + 2);
  pending_.erase(0, head_end + 4);
  reply.status = std::atoi(head.c_str() + head.find(' '));
  for (std::size_t at = head.find("\r\n") + 2; at < head.size();) {
    const std::size_t end = head.find("\r\n", at);
    const std::size_t colon = head.find(": ", at);
    reply.headers.emplace_back(head.substr(at, colon - at),
                               head.substr(colon + 2, end - colon - 2));
    at = end + 2;
  }
  if (reply.header("Transfer-Encoding") == "chunked") {
    while (take_chunk(reply)) {
    }
    return reply;
  }
  const std::size_t length = std::strtoul(reply.header("Content-Length").c_str(), nullptr, 10);
  while (pending_.size() < length && read_more()) {
  }
  reply.body = pending_.substr(0, length);
  pending_.erase(0, reply.body.size());
  reply.complete = reply.body.size() == length;
  return reply;
}

std::string post_request(std::string_view path, std::string_view json,
                         std::string_view more_headers) {
  std::string request = "POST ";
  request.append(path).append(" HTTP/1.1\r\nHost: 127.0.0.1\r\n").append(more_headers);
  request += "Content-Type: application/json\r\nContent-Length: " + std::to_string(json.size());
  request.append("\r\n\r\n").append(json);
  return request;
}

std::string get_request(std::string_view path, std::string_view more_headers) {
  std::string request = "GET ";
  request.append(path).append(" HTTP/1.1\r\nHost: 127.0.0.1\r\n").append(more_headers);
  return request + "\r\n";
}

std::string chat_body(std::string_view prompt, std::string_view members) {
  std::string body = R"({"model":"sim-1","messages":[{"role":"user","content":")";
  body.append(prompt).append(R"("}])").append(members);
  return body + '}';
}

RawReply send_once(std::uint16_t port, std::string_view request) {
  RawConnection connection(port);
  connection.send(request);
  return connection.read_reply();
}

std::vector<std::string> event_payloads(std::string_view body) {
  std::vector<std::string> payloads;
  constexpr std::string_view kStart = "data: ";
  for (std::size_t at = 0; at < body.size();) {
    const std::size_t end = body.find("\n\n", at);
    if (end == std::string_view::npos || body.substr(at, kStart.size()) != kStart) {
      payloads.push_back("malformed: " + std::string(body.substr(at)));
      break;
    }
    payloads.emplace_back(body.substr(at + kStart.size(), end - at - kStart.size()));
    at = end + 2;
  }
  return payloads;
}

std::string streamed_text(const std::vector<std::string>& payloads) {
  std::string text;
  for (const std::string& payload : payloads) {
    if (payload.find("\"delta\":{\"content\":\"") != std::string::npos) {
      text += json_string(payload, "content");
    }
  }
  return text;
}

std::string json_string(std::string_view json, std::string_view name) {
  const std::string key = '"' + std::string(name) + "\":\"";
  const std::size_t found = json.find(key);
  if (found == std::string_view::npos) {
    return std::string();
  }
  const std::size_t begin = found + key.size();
  std::size_t end = begin;
  while (end < json.size() && json[end] != '"') {
    end += json[end] == '\\' ? 2 : 1;
  }
  return std::string(json.substr(begin, end - begin));
}

bool wait_until(const std::function<bool()>& condition, std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) {
      return false;
    }
    ::poll(nullptr, 0, 1);
  }
  return true;
}

}  // namespace cochain::testing
