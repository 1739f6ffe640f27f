// cochain doctor: what this program is made of, what it sees of its environment, and what follows.

#include <sys/resource.h>
#include <unistd.h>
#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "cochain/chains/model/redact.hpp"
#include "cochain/core/runners.hpp"
#include "cochain/providers/curl_transport.hpp"
#include "cochain/providers/openai.hpp"
#include "cochain/providers/simulator.hpp"
#include "commands.hpp"
#include "fd_io.hpp"
#include "model_call.hpp"
#include "model_setup.hpp"
#include "progress.hpp"

namespace cochain::cli {
namespace {

#ifdef __clang__
constexpr const char* kCompiler = "clang " __clang_version__;
#else
constexpr const char* kCompiler = "g++ " __VERSION__;
#endif

/// An address without what stands between "//" and "@", as proxies have it.
std::string without_password(std::string_view address) {
  std::string shown = redact_keys(address);
  const std::size_t start = shown.find("//");
  const std::size_t at = shown.rfind('@');
  if (start != shown.npos && at != shown.npos && start + 2 < at) {
    shown.replace(start + 2, at - start - 2, "****");
  }
  return shown;
}

/// The report, line by line: a name, and what is known of it.
class Report {
 public:
  void line(std::string_view name, std::string_view value) {
    text_.append(name);
    text_.append(name.size() < 20 ? 20 - name.size() : 1, ' ');
    text_.append(one_line(value, 500)).push_back('\n');
  }
  void variable(const char* name) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') line(name, without_password(value));
  }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};

std::string descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return "unknown";
  if (limit.rlim_cur == RLIM_INFINITY) return "none";
  return std::to_string(limit.rlim_cur) + ": fewer calls than that at the same time";
}

void report_build(Report& report) {
  report.line("cochain", COCHAIN_VERSION);
  report.line("compiler", kCompiler);
  report.line("curl", curl_version_line());
  report.line("simdjson", COCHAIN_SIMDJSON_VERSION);
  report.line("boost", COCHAIN_BOOST_VERSION);
  report.line("processors", std::to_string(std::thread::hardware_concurrency()));
  report.line("open files", descriptor_limit());
}

void report_network(Report& report) {
  for (const char* name :
       {"HTTPS_PROXY", "https_proxy", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY",
        "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE"}) {
    report.variable(name);
  }
}

/// The environment, and the model that it leads to. False if it leads to none.
bool report_model(Report& report) {
  report.variable("COCHAIN_MODEL");
  report.variable("OPENAI_BASE_URL");
  report.variable("OPENAI_ORG_ID");
  report.variable("OPENAI_PROJECT_ID");
  if (std::getenv("OPENAI_API_BASE") != nullptr) {
    report.line("OPENAI_API_BASE", "is not read any more: use OPENAI_BASE_URL");
  }
  try {
    const ModelEnvironment environment = read_environment();
    const Secret& key = environment.openai_api_key;
    report.line("OPENAI_API_KEY", key.empty() ? "not set" : key.last4() + " (environment)");
    const ModelHandle handle = open_model("", ChatOptions(), environment);
    std::string model = handle.provider + ":" + handle.model_name;
    model += handle.simulated ? " (the simulator inside this program)"
                              : " at " + without_password(handle.base_url);
    report.line("model without -m", model);
    return true;
  } catch (const ConfigError& error) {
    report.line("configuration", std::string("BROKEN: ") + error.what());
    return false;
  }
}

Coro<TimedAnswer> ask_simulator(std::string base_url) {
  OpenAIOptions options("sim-small");
  options.with_base_url(std::move(base_url));
  const std::shared_ptr<ChatModel> model = make_openai_model(std::move(options));
  Messages question = messages(HumanMessage("Are you there?"));
  Coro<TimedAnswer> asking = ask_streamed(model, std::move(question), ChatOptions());
  co_return co_await std::move(asking);
}

/// One question through all of the program: encoder, curl, loop, decoder.
bool report_self_check(Report& report) {
  try {
    Simulator simulator(SimulatorOptions().instant());
    const TimedAnswer answer = run(ask_simulator(simulator.base_url()));
    if (answer.message.text().empty()) throw Error("the answer was empty");
    report.line("self check", "ok: the simulator answered in " + format_latency(answer.duration));
    return true;
  } catch (const std::exception& error) {
    report.line("self check", std::string("FAILED: ") + error.what());
    return false;
  }
}

}  // namespace

ExitCode run_doctor(const DoctorArguments&) {
  Report report;
  report_build(report);
  report_network(report);
  const bool configured = report_model(report);
  const bool works = report_self_check(report);
  FdWriter out(UniqueFd(STDOUT_FILENO), "stdout");
  out.add(report.text());
  (void)out.flush_now();
  if (!configured) return ExitCode::kConfig;
  return works ? ExitCode::kOk : ExitCode::kFailed;
}

}  // namespace cochain::cli
