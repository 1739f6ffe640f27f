// The table of paths, with the checks that a server on loopback needs against web pages that
// aim at it: a Host and an Origin that are not loopback names are turned away.
#include "simulator_routes.hpp"

#include <cstdio>
#include <utility>
#include <variant>

#include "simulator_embeddings.hpp"
#include "simulator_random.hpp"

namespace cochain {
namespace {

constexpr std::string_view kInvalidRequest = "invalid_request_error";

bool is_loopback_name(std::string_view authority) {
  std::string_view name = authority;
  if (!name.empty() && name.front() == '[') {
    return name.substr(0, 5) == "[::1]";
  }
  name = name.substr(0, name.find(':'));
  if (name == "localhost") {
    return true;
  }
  return name.substr(0, 4) == "127." &&
         name.find_first_not_of("0123456789.") == std::string_view::npos;
}

bool is_loopback_origin(std::string_view origin) {
  const std::size_t scheme = origin.find("://");
  return scheme != std::string_view::npos && is_loopback_name(origin.substr(scheme + 3));
}

/// Compares in a time that does not tell how much of the key was right.
bool same_secret(std::string_view given, std::string_view wanted) {
  unsigned char difference = given.size() == wanted.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    difference |= static_cast<unsigned char>(given[i] ^ wanted[i % wanted.size()]);
  }
  return difference == 0;
}

bool is_authorized(const SimulatedRequest& request, const std::string& key) {
  constexpr std::string_view kBearer = "Bearer ";
  const std::string_view authorization = request.header("authorization");
  if (authorization.substr(0, kBearer.size()) == kBearer) {
    return same_secret(authorization.substr(kBearer.size()), key);
  }
  return same_secret(request.header("api-key"), key);
}

std::string model_object(const std::string& name) {
  std::string body = "{\"id\":\"";
  append_json_escaped(body, name);
  return body + "\",\"object\":\"model\",\"created\":1750000000,\"owned_by\":\"simulator\"}";
}

}  // namespace

std::string SimulatorRoutes::next_request_id() {
  char text[32];
  const std::uint64_t bits = mix_bits(mix_bits(options_.seed()) + ++replies_);
  std::snprintf(text, sizeof text, "req_%016llx", static_cast<unsigned long long>(bits));
  return text;
}

RoutedReply SimulatorRoutes::json_reply(int status, const std::string& body, ConnectionUse use,
                                        HeaderList headers) {
  headers.emplace_back("x-request-id", next_request_id());
  SimulatedReply script;
  script.write(whole_response(status, "application/json", body, headers, use));
  RoutedReply routed;
  routed.reply = play_script(std::move(script), use);
  return routed;
}

RoutedReply SimulatorRoutes::refuse(const SimulatedRefusal& refusal, ConnectionUse use) {
  return json_reply(400, error_body(refusal.message, kInvalidRequest, refusal.param, refusal.code),
                    use);
}

RoutedReply SimulatorRoutes::reject(int status) {
  const std::string_view message = status == 413   ? "The request body is too large."
                                   : status == 431 ? "The request headers are too large."
                                   : status == 500 ? "The simulator could not answer."
                                                   : "The request is not valid HTTP.";
  return json_reply(status, error_body(message, kInvalidRequest, "", ""), ConnectionUse::kClose);
}

RoutedReply SimulatorRoutes::answer(const SimulatedRequest& request, ConnectionUse use) {
  const auto fail = [&](int status, std::string_view message, std::string_view code,
                        HeaderList headers = {}) {
    const std::string body = error_body(message, kInvalidRequest, "", code);
    return json_reply(status, body, use, std::move(headers));
  };
  // Two Host headers or two lengths are how a request is smuggled past a check.
  if (request.header_count("host") > 1 || (request.header_count("content-length") > 0 &&
                                           request.header_count("transfer-encoding") > 0)) {
    return reject(400);
  }
  if (!options_.remote_allowed()) {
    if (!is_loopback_name(request.header("host"))) {
      return fail(421, "The Host header does not name this machine.", "");
    }
    if (request.header_count("origin") > 0 && !is_loopback_origin(request.header("origin"))) {
      return fail(403, "Requests from other origins are not served.", "");
    }
  }
  const std::string path = request.target.substr(0, request.target.find('?'));
  if (path == "/healthz" && request.method == "GET") {
    return json_reply(200, "{\"status\":\"ok\"}", use);
  }
  if (!options_.api_key().empty() && !is_authorized(request, options_.api_key())) {
    return fail(401,
                request.has_authorization ? "Incorrect API key provided."
                                          : "You didn't provide an API key.",
                "invalid_api_key");
  }
  const bool models = path == "/v1/models" || path.rfind("/v1/models/", 0) == 0;
  const bool chat = path == "/v1/chat/completions";
  const bool embeddings = path == "/v1/embeddings";
  if (!models && !chat && !embeddings && path != "/healthz") {
    return fail(404, "Invalid URL (" + request.method + " " + path + ")", "unknown_url");
  }
  const std::string_view wanted = chat || embeddings ? "POST" : "GET";
  if (request.method != wanted) {
    return fail(405, "Not allowed to " + request.method + " on " + path + ".",
                "method_not_supported", {{"Allow", std::string(wanted)}});
  }
  if (models) {
    return answer_models(path.size() > 11 ? path.substr(11) : std::string(), use);
  }
  if (chat) {
    return answer_chat(request, use);
  }
  const std::variant<std::string, SimulatedRefusal> body = embeddings_body(request.body);
  const auto* refusal = std::get_if<SimulatedRefusal>(&body);
  return refusal != nullptr ? refuse(*refusal, use) : json_reply(200, std::get<0>(body), use);
}

RoutedReply SimulatorRoutes::answer_models(const std::string& name, ConnectionUse use) {
  std::string list;
  for (const std::string& model : options_.models()) {
    if (model == name) {
      return json_reply(200, model_object(model), use);
    }
    list += (list.empty() ? "" : ",") + model_object(model);
  }
  if (!name.empty()) {
    const std::string message = "The model '" + name + "' does not exist.";
    return json_reply(404, error_body(message, kInvalidRequest, "model", "model_not_found"), use);
  }
  return json_reply(200, "{\"object\":\"list\",\"data\":[" + list + "]}", use);
}

RoutedReply SimulatorRoutes::answer_chat(const SimulatedRequest& request, ConnectionUse use) {
  const auto parsed = parse_chat_request(request.body);
  if (const auto* refusal = std::get_if<SimulatedRefusal>(&parsed)) {
    return refuse(*refusal, use);
  }
  AnswerPlan plan = plan_answer(std::get<SimulatedChatRequest>(parsed), options_, chats_++);
  const SimulatedFault fault = plan.fault;
  RoutedReply routed;
  if (fault == SimulatedFault::kRateLimit) {
    const auto delay_ms = options_.retry_after().count();
    const std::string body = error_body("Rate limit reached for the simulated model.", "requests",
                                        "", "rate_limit_exceeded");
    routed = json_reply(429, body, use,
                        {{"Retry-After", std::to_string((delay_ms + 999) / 1000)},
                         {"retry-after-ms", std::to_string(delay_ms)}});
  } else if (fault == SimulatedFault::kServerError) {
    const std::string body = error_body("The server had an error while processing your request.",
                                        "server_error", "", "");
    routed = json_reply(500, body, use);
  } else {
    routed.reply = play_answer(std::move(plan), next_request_id(), use);
  }
  routed.fault = fault;
  return routed;
}

}  // namespace cochain
