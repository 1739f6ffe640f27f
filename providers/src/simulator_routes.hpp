// From one request to one reply: who may ask, what was asked, and what is answered.
// simulator_session.cpp calls it for each request that no hook has answered; no sockets here.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <cochain/providers/simulator_options.hpp>
#include <cochain/providers/simulator_script.hpp>

#include "simulator_reply.hpp"

namespace cochain {

class RoutedReply {
 public:
  std::unique_ptr<ReplySource> reply;
  SimulatedFault fault = SimulatedFault::kNone;
};

class SimulatorRoutes {
 public:
  explicit SimulatorRoutes(const SimulatorOptions& options) : options_(options) {}

  /// Answers one request.
  RoutedReply answer(const SimulatedRequest& request, ConnectionUse use);

  /// Answers bytes that are no valid HTTP request; the connection ends after it.
  RoutedReply reject(int status);

 private:
  RoutedReply answer_chat(const SimulatedRequest& request, ConnectionUse use);
  RoutedReply answer_models(const std::string& name, ConnectionUse use);
  RoutedReply json_reply(int status, const std::string& body, ConnectionUse use,
                         HeaderList headers = {});
  RoutedReply refuse(const SimulatedRefusal& refusal, ConnectionUse use);
  std::string next_request_id();

  const SimulatorOptions& options_;
  std::uint64_t chats_ = 0;
  std::uint64_t replies_ = 0;
};

}  // namespace cochain
