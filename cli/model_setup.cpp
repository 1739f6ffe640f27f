// Wrong settings are found here, with the name of the variable, and not by a server far away.

#include "model_setup.hpp"

#include <stdexcept>
#include <string>
#include <string_view>

#include "cochain/chains/model/redact.hpp"
#include "progress.hpp"
#include "terminal.hpp"

namespace cochain::cli {
namespace {

void check_base_url(std::string_view url) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (url.starts_with(scheme) && url.size() > scheme.size()) return;
  }
  throw ConfigError("OPENAI_BASE_URL is '" + one_line(redact_keys(url), 200) +
                    "'; it must begin with https:// (or http:// for this machine)");
}

}  // namespace

ModelEnvironment read_environment() {
  try {
    ModelEnvironment environment = ModelEnvironment::from_process();
    if (!environment.openai_base_url.empty()) check_base_url(environment.openai_base_url);
    return environment;
  } catch (const std::invalid_argument& error) {
    throw ConfigError(std::string("OPENAI_API_KEY cannot be a key: ") + error.what());
  }
}

ModelHandle open_chosen_model(const ModelArguments& arguments) {
  ModelEnvironment environment = read_environment();
  environment.idle_timeout = arguments.idle_timeout();
  ModelHandle handle = open_model(arguments.model, arguments.chat_options(), environment);
  if (handle.simulated && arguments.model.empty() && environment.cochain_model.empty()) {
    say("cochain: no OPENAI_API_KEY: answers come from the simulator inside this program");
  }
  return handle;
}

void say_retry(const RetryNotice& notice) {
  say("cochain: " + one_line(redact_keys(describe(notice.error)), 300) + "; trying again in " +
      format_latency(notice.delay));
}

}  // namespace cochain::cli
