// cochain tokens fetch: vocabularies, from where they are published into tiktoken's cache.

#include <string>
#include <utility>

#include "cochain/core/executor.hpp"
#include "cochain/core/runners.hpp"
#include "cochain/providers/curl_transport.hpp"
#include "cochain/providers/tokenizers/vocabulary_fetch.hpp"
#include "commands.hpp"
#include "fd_io.hpp"
#include "progress.hpp"
#include "terminal.hpp"

namespace cochain::cli {
namespace {

/// How far one file is: a line that is redrawn on a terminal, and nothing elsewhere.
class FetchDisplay {
 public:
  explicit FetchDisplay(std::string name)
      : name_(std::move(name)), redraws_(TerminalFacts::of(2).can_redraw()) {}

  void show(std::size_t bytes, std::optional<std::size_t> total) {
    if (!redraws_) return;
    const std::string of =
        total ? " of " + format_count(static_cast<double>(*total)) : std::string();
    write_stderr("\r" + name_ + ": " + format_count(static_cast<double>(bytes)) + of + " bytes ");
    shown_ = true;
  }
  ~FetchDisplay() {
    if (shown_) write_stderr("\n");
  }
  FetchDisplay(const FetchDisplay&) = delete;
  FetchDisplay& operator=(const FetchDisplay&) = delete;

 private:
  std::string name_;
  bool redraws_;
  bool shown_ = false;
};

Coro<> fetch_all(const FetchArguments* arguments, FdWriter* out) {
  const std::shared_ptr<HttpTransport> transport = make_curl_transport();
  const VocabularyCache cache = VocabularyCache::from_environment();
  for (const std::string& name : arguments->encodings) {
    FetchDisplay display(name);
    FetchOptions options;
    options.from(arguments->from).on_progress([&display](std::size_t bytes, auto total) {
      display.show(bytes, total);
    });
    const std::filesystem::path path = co_await fetch_vocabulary(transport, cache, name, options);
    std::string problem;
    try {
      co_await to_thread(
          [](const VocabularyCache& kept, const std::string& of) { kept.compile(of); }, cache,
          name);
    } catch (const VocabularyError& error) {
      problem = error.what();
    }
    if (!problem.empty()) write_stderr(name + " is not compiled: " + problem + "\n");
    out->add(name + "  " + path.string() + '\n');
    while (!out->flush_now()) {
    }
  }
}

}  // namespace

ExitCode run_fetch(const FetchArguments& arguments) {
  FdWriter out(UniqueFd(STDOUT_FILENO), "stdout");
  run(fetch_all(&arguments, &out));
  return ExitCode::kOk;
}

}  // namespace cochain::cli
