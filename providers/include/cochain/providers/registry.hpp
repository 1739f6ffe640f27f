// From a name such as "openai:gpt-5-mini" and the environment to a model that answers.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cochain/chains/model/chat_model.hpp"
#include "cochain/core/error.hpp"
#include "cochain/providers/secret.hpp"

namespace cochain {

/// The setup is wrong: an unknown provider, a missing key, a bad URL in the environment.
class ConfigError : public Error {
 public:
  using Error::Error;
};

/// A model as it was found.
class ModelHandle {
 public:
  ModelHandle() = default;
  std::shared_ptr<ChatModel> model;
  std::string provider;  // "openai", "sim", ...
  std::string model_name;
  std::string base_url;
  bool simulated = false;  // answers come from the simulator inside this process
};

/// What the environment says about models; keys stay secret.
class ModelEnvironment {
 public:
  ModelEnvironment() = default;
  /// COCHAIN_MODEL, OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_ORG_ID, OPENAI_PROJECT_ID.
  [[nodiscard]] static ModelEnvironment from_process();

  std::string cochain_model;
  Secret openai_api_key;
  std::string openai_base_url;
  std::string openai_organization;
  std::string openai_project;
  /// The longest silence inside an answer; the model's own default if not said. No variable says
  /// it: a program that has an option for it does.
  std::optional<std::chrono::milliseconds> idle_timeout;
};

/// The model that `wanted` names, as "provider:model", "provider" or "model" (then of OpenAI).
/// Shape:    an empty `wanted` falls back to COCHAIN_MODEL, then to OpenAI if there is a key or a
///           base URL for it, then to the simulator. Providers: "openai" (and whatever server of
///           its dialect OPENAI_BASE_URL names), "sim".
/// Lives:    a simulated model holds its server, which ends with the last handle.
/// Errors:   ConfigError, naming what is missing and how to give it.
[[nodiscard]] ModelHandle open_model(
    std::string_view wanted, ChatOptions options = ChatOptions(),
    const ModelEnvironment& environment = ModelEnvironment::from_process());

}  // namespace cochain
