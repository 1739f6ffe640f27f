// Which model is meant, and what it takes to reach it.

#include "cochain/providers/registry.hpp"

#include <cstdlib>
#include <utility>

#include "cochain/providers/openai.hpp"
#include "cochain/providers/simulator.hpp"

namespace cochain {
namespace {

constexpr std::string_view kDefaultOpenAIModel = "gpt-5-mini";
constexpr std::string_view kDefaultSimulatedModel = "sim-small";

std::string env(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

/// A model of the simulator, which lives as long as the model does.
class SimulatedModel final : public ChatModel {
 public:
  explicit SimulatedModel(OpenAIOptions settings)
      : model_(make_openai_model(settings.with_base_url(simulator_.base_url()))) {}

  [[nodiscard]] std::string name() const override { return model_->name(); }
  [[nodiscard]] const ChatOptions& options() const noexcept override { return model_->options(); }
  [[nodiscard]] Coro<AIMessage> generate(Messages messages, ChatOptions options) const override {
    return model_->generate(std::move(messages), std::move(options));
  }
  [[nodiscard]] Stream<ContentEvent> generate_events(Messages messages,
                                                     ChatOptions options) const override {
    return model_->generate_events(std::move(messages), std::move(options));
  }
  [[nodiscard]] std::string base_url() const { return simulator_.base_url(); }

 private:
  Simulator simulator_;  // above the model that talks to it
  std::shared_ptr<ChatModel> model_;
};

void apply_timeouts(OpenAIOptions& settings, const ModelEnvironment& environment) {
  if (environment.idle_timeout) settings.with_idle_timeout(*environment.idle_timeout);
}

ModelHandle open_simulated(std::string model, ChatOptions options,
                           const ModelEnvironment& environment) {
  ModelHandle handle;
  handle.provider = "sim";
  handle.model_name = model.empty() ? std::string(kDefaultSimulatedModel) : std::move(model);
  handle.simulated = true;
  OpenAIOptions settings(handle.model_name);
  settings.with_chat_options(std::move(options));
  apply_timeouts(settings, environment);
  auto simulated = std::make_shared<SimulatedModel>(std::move(settings));
  handle.base_url = simulated->base_url();
  handle.model = std::move(simulated);
  return handle;
}

ModelHandle open_openai(std::string model, ChatOptions options,
                        const ModelEnvironment& environment) {
  if (environment.openai_api_key.empty() && environment.openai_base_url.empty()) {
    throw ConfigError(
        "no key for openai: set OPENAI_API_KEY (and OPENAI_BASE_URL for another "
        "server of its kind), or use -m sim");
  }
  ModelHandle handle;
  handle.provider = "openai";
  handle.model_name = model.empty() ? std::string(kDefaultOpenAIModel) : std::move(model);
  OpenAIOptions settings(handle.model_name);
  if (!environment.openai_base_url.empty()) {
    // A server of the same kind, but not the same age: older words, except that it is asked for
    // its tokens, which servers of the last years tell.
    OpenAIDialect dialect = OpenAIDialect::compatible();
    dialect.stream_usage = OpenAIDialect::StreamUsage::kAsk;
    settings.with_base_url(environment.openai_base_url).with_dialect(std::move(dialect));
  }
  settings.with_api_key(environment.openai_api_key)
      .with_organization(environment.openai_organization)
      .with_project(environment.openai_project)
      .with_chat_options(std::move(options));
  apply_timeouts(settings, environment);
  handle.base_url = settings.base_url;
  handle.model = make_openai_model(std::move(settings));
  return handle;
}

}  // namespace

ModelEnvironment ModelEnvironment::from_process() {
  ModelEnvironment environment;
  environment.cochain_model = env("COCHAIN_MODEL");
  if (std::optional<Secret> key = Secret::from_env("OPENAI_API_KEY")) {
    environment.openai_api_key = std::move(*key);
  }
  environment.openai_base_url = env("OPENAI_BASE_URL");
  environment.openai_organization = env("OPENAI_ORG_ID");
  environment.openai_project = env("OPENAI_PROJECT_ID");
  return environment;
}

ModelHandle open_model(std::string_view wanted, ChatOptions options,
                       const ModelEnvironment& environment) {
  const bool openai_configured =
      !environment.openai_api_key.empty() || !environment.openai_base_url.empty();
  if (wanted.empty()) wanted = environment.cochain_model;
  if (wanted.empty()) wanted = openai_configured ? "openai" : "sim";
  const std::size_t colon = wanted.find(':');
  const std::string_view provider = wanted.substr(0, colon);
  std::string model(colon == std::string_view::npos ? "" : wanted.substr(colon + 1));
  if (provider == "sim") {
    return open_simulated(std::move(model), std::move(options), environment);
  }
  if (provider == "openai") return open_openai(std::move(model), std::move(options), environment);
  if (colon == std::string_view::npos) {  // a bare name is a model, not a provider
    return open_openai(std::string(wanted), std::move(options), environment);
  }
  throw ConfigError("unknown provider '" + std::string(provider) + "' in '" + std::string(wanted) +
                    "'; known are openai and sim");
}

}  // namespace cochain
