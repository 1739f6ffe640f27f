// The only file that knows CLI11, which takes its time to compile.

#include "arguments.hpp"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <stdexcept>
#include <system_error>

#include <CLI/CLI.hpp>

#include "exit_code.hpp"

namespace cochain::cli {
namespace {

constexpr const char* kAbout =
    "cochain - asks language models, one question or a file of them.\n"
    "Answers go to stdout or to the output file; everything else goes to stderr.";

constexpr const char* kFooter = R"(
Examples:
  cochain chat "Why is the sky blue?"
  git diff | cochain chat -m openai:gpt-5-mini "Write a commit message"
  cochain batch questions.txt -o answers.jsonl
  cochain batch rows.jsonl -o out.jsonl --template "Translate to French: {text}"
  cochain sim --faults --port 8080
  cochain tokens README.md
  cochain doctor

Environment:
  COCHAIN_MODEL      the model where -m is not given, such as openai:gpt-5-mini
  OPENAI_API_KEY     the key; without it (and without the next) a simulator answers
  OPENAI_BASE_URL    another server of the same dialect, such as http://127.0.0.1:8080/v1
  OPENAI_ORG_ID, OPENAI_PROJECT_ID
  NO_COLOR, CLICOLOR_FORCE, TERM=dumb

Exit codes:
  0 ok   1 failed   2 wrong usage   3 some rows of a batch have no answer   4 configuration
  5 key refused   6 rate limit or quota   7 network or timeout   130 Ctrl-C   141 broken pipe
)";

constexpr const char* kChatFooter = R"(
What comes on stdin is put before the words:
  cochain chat Tell me a joke
  cat error.log | cochain chat -u "What went wrong?"
With tools the model may act before it answers; what it runs is told on stderr:
  cochain chat --tool calculator "What is 2 ^ 0.5 times 3?"
  cochain chat --tool read_file "What does README.md say?"
read_file is asked about on the terminal each time, and denied where there is none. It reads
text below the current folder, at most 64 KiB.
)";

constexpr const char* kBatchFooter = R"(
Rows of the input, one per line; blank lines are skipped:
  {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": {"messages": [...]}}
  {"id": "a", "prompt": "..."}     {"id": "a", "messages": [...]}
  {"id": "a", "text": "..."}       with --template "Summarize: {text}"
  any text                         a prompt; {prompt} in a --template
If the first row begins with '{' all rows are JSON, else all are text; --format overrules this.
Each row gets one line of output: {"id", "custom_id", "response", "error"}. A bad row gets one, too,
and does not stop the others. Ctrl-C keeps what is done.
)";

constexpr const char* kSimFooter = R"(
Use it from another terminal:
  export OPENAI_BASE_URL=http://127.0.0.1:8080/v1
  cochain chat hello
A request that offers tools is answered with calls of them where the user's text says
so: call NAME {json}, several for calls at once, then between them for one after the
other. Without such words, the tools are called whose words the text uses.
)";

constexpr const char* kTasksFooter = R"(
The program takes no part in it and is not stopped; it may be stuck. It takes its
user's rights, and root's where the kernel restricts ptrace. The exit code is 1 if
tasks await each other in a circle, or the program cannot be looked into.
ps fits the terminal, or 120 columns where its output is none; what has no room is
left out. The field await_cycle of --json names a circle by the id of its first task.
)";

constexpr const char* kTokensFooter = R"(
  cochain tokens README.md docs/*.md          a count for each file, and their sum
  git diff | cochain tokens -m gpt-5-mini
  cochain tokens -e cl100k_base --ids < text
  cochain tokens -e o200k_base --jsonl < rows.jsonl   {"text": "..."} to {"ids": [...]}
Without -e and -m it is o200k_base. The vocabulary is looked for where tiktoken keeps it:
in TIKTOKEN_CACHE_DIR, or data-gym-cache in the folder for temporary files; `cochain tokens
fetch NAME` puts one there. A tokenizer.json of Hugging Face (--vocab) takes no -e. The texts
of special tokens, such as <|endoftext|>, are text.
)";

constexpr const char* kFetchFooter = R"(
  cochain tokens fetch o200k_base cl100k_base
The files come from OpenAI, or from a mirror, are checked by their SHA-256, and are kept where
tiktoken keeps them. What is there already is not fetched again.
)";

double number(const std::string& text, const std::string& what) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !std::isfinite(value)) {
    throw UsageError(what + ": '" + text + "' is no number");
  }
  return value;
}

void add_model_options(CLI::App& command, ModelArguments& arguments, bool& no_stream) {
  command
      .add_option("-m,--model", arguments.model,
                  "provider:model, provider, or model of openai; sim is the simulator")
      ->option_text("MODEL");
  command.add_option("-s,--system", arguments.system, "the system prompt")->option_text("TEXT");
  command.add_flag("--no-stream", no_stream, "ask for the whole answer at once");
  command.add_option("--temperature", arguments.temperature, "how freely the model chooses")
      ->option_text("T")
      ->check(CLI::Range(0.0, 10.0));
  command.add_option("--max-tokens", arguments.max_tokens, "the longest answer, in tokens")
      ->option_text("N")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 40));
  command
      .add_option("--idle-timeout", arguments.idle_timeout_seconds,
                  "how long an answer may be silent before it counts as broken (60)")
      ->option_text("SECONDS")
      ->check(CLI::Range(0.001, 86400.0));
  command
      .add_option("--retries", arguments.retries,
                  "how often a failed call is made again (2);\nchat: only before its first token")
      ->option_text("N")
      ->check(CLI::Range(0, 100));
}

/// The options of sim, as they are typed.
class SimText {
 public:
  SimText() = default;
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;
  std::optional<std::uint64_t> seed;
  std::optional<double> ttft;
  std::optional<double> ttft_sigma;
  std::optional<double> itl;
  double itl_jitter = 0;
  std::optional<std::size_t> answer_tokens;
  std::vector<std::string> faults;
  bool usual_faults = false;
  std::optional<double> retry_after;
  bool allow_remote = false;
};

constexpr double kMillisecondsMax = 3'600'000;

void add_sim_latency(CLI::App& command, SimText& text) {
  const CLI::Range milliseconds(0.0, kMillisecondsMax);
  CLI::Option* ttft =
      command.add_option("--ttft", text.ttft, "time to the first token, in the median")
          ->option_text("MS")
          ->check(milliseconds);
  command.add_option("--ttft-sigma", text.ttft_sigma, "how far that spreads: 0.3 mild, 1 wild")
      ->option_text("X")
      ->check(CLI::Range(0.0, 5.0))
      ->needs(ttft);
  CLI::Option* itl = command.add_option("--itl", text.itl, "time from token to token")
                         ->option_text("MS")
                         ->check(milliseconds);
  command.add_option("--itl-jitter", text.itl_jitter, "how far that strays to both sides")
      ->option_text("MS")
      ->check(milliseconds)
      ->needs(itl);
}

void add_sim_options(CLI::App& command, SimText& text, SimArguments& arguments) {
  command.add_option("--host", text.host, "the address to listen on (127.0.0.1)")->option_text("H");
  command.add_option("--port", text.port, "the port (8080); 0 takes any free one")
      ->option_text("P");
  command.add_flag("--allow-remote", text.allow_remote,
                   "permit a --host that other machines can reach");
  command.add_option("--seed", text.seed, "the seed of all that looks like chance")
      ->option_text("N");
  add_sim_latency(command, text);
  command.add_option("--answer-tokens", text.answer_tokens, "the exact length of each answer")
      ->option_text("N");
  command
      .add_option("--fault", text.faults,
                  "how often one goes wrong, from 0 to 1; may be repeated. KIND is\n"
                  "rate_limit, server_error, stall, reset, truncate, missing_done\n"
                  "or error_in_stream")
      ->option_text("KIND=RATE")
      ->allow_extra_args(false);
  command.add_flag("--faults", text.usual_faults,
                   "the usual mix: rate_limit 3 %, server_error 2 %, stall 0.5 %,\n"
                   "reset 1 %, truncate 1 %, error_in_stream 1 %");
  command.add_option("--retry-after", text.retry_after, "what a rate limit asks to wait")
      ->option_text("MS")
      ->check(CLI::Range(1.0, kMillisecondsMax));
  command
      .add_option("--api-key-env", arguments.api_key_env,
                  "the variable with the key that requests must bring")
      ->option_text("NAME");
}

std::chrono::microseconds microseconds(double milliseconds) {
  return std::chrono::microseconds(std::llround(milliseconds * 1000));
}

void set_fault(SimulatorOptions& options, const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string kind = text.substr(0, equals);
  for (std::size_t each = 1; each < kSimulatedFaultKinds; ++each) {
    const auto fault = static_cast<SimulatedFault>(each);
    if (kind != to_string(fault)) continue;
    if (equals == std::string::npos) break;
    options.fault_rate(fault, number(text.substr(equals + 1), "--fault " + kind));
    return;
  }
  throw UsageError("--fault wants KIND=RATE, such as rate_limit=0.05, and not '" + text + "'");
}

void apply(const SimText& text, SimArguments& arguments) {
  SimulatorOptions& options = arguments.options;
  options.host(text.host).port(text.port);
  if (text.allow_remote) options.allow_remote();
  if (text.seed) options.seed(*text.seed);
  if (text.ttft) {
    const auto median = microseconds(*text.ttft);
    options.first_token(text.ttft_sigma ? SimulatedLatency::lognormal(median, *text.ttft_sigma)
                                        : SimulatedLatency::fixed(median));
  }
  if (text.itl) {
    options.between_tokens(
        SimulatedLatency::around(microseconds(*text.itl), microseconds(text.itl_jitter)));
  }
  if (text.answer_tokens) options.answer_tokens(*text.answer_tokens);
  if (text.retry_after) {
    options.retry_after(std::chrono::milliseconds(std::llround(*text.retry_after)));
  }
  if (text.usual_faults) {
    for (const char* usual : {"rate_limit=0.03", "server_error=0.02", "stall=0.005", "reset=0.01",
                              "truncate=0.01", "error_in_stream=0.01"}) {
      set_fault(options, usual);
    }
  }
  for (const std::string& fault : text.faults) set_fault(options, fault);
}

InputFormat format_of(const std::string& word) {
  if (word == "jsonl") return InputFormat::kJsonLines;
  return word == "text" ? InputFormat::kText : InputFormat::kDetect;
}

void add_batch_options(CLI::App& command, BatchArguments& arguments, std::string& format) {
  command.add_option("INPUT", arguments.input, "the file with the rows, or - for stdin")
      ->option_text(" ")
      ->required();
  command.add_option("-o,--output", arguments.output, "where the answers go, or - for stdout")
      ->option_text("OUTPUT (required)")
      ->required();
  command.add_flag("--force", arguments.force, "replace an OUTPUT that has something in it");
  command.add_option("--format", format, "what the lines are: auto, jsonl or text (auto)")
      ->option_text("FORMAT")
      ->check(CLI::IsMember({"auto", "jsonl", "text"}));
  command
      .add_option("--template", arguments.prompt_template,
                  "a prompt with holes: {name} is the row's member of that name")
      ->option_text("TEXT");
  command
      .add_option("--max-concurrency", arguments.max_concurrency,
                  "how many calls run at the same time (16)")
      ->option_text("N")
      ->check(CLI::Range(std::size_t{1}, std::size_t{100'000}));
  command.add_flag("--ordered", arguments.ordered, "write in the order of the input");
}

void add_tasks_options(CLI::App& command, TasksArguments& arguments, bool& json, bool& wide) {
  command.footer(kTasksFooter);
  command.require_subcommand(1);
  CLI::App* ps = command.add_subcommand("ps", "A table: where each task stands, who awaits it.");
  CLI::App* pstree = command.add_subcommand("pstree", "A tree: tasks under those that await them.");
  ps->add_flag("--json", json, "one JSON object a line for each task");
  ps->add_flag("-w,--wide", wide, "all of each row, and whole paths of files");
  for (CLI::App* each : {ps, pstree}) {
    each->add_option("PID", arguments.pid, "the process to look into")
        ->option_text(" ")
        ->required()
        ->check(
            [](const std::string& text) {
              int pid = 0;
              const char* end = text.data() + text.size();
              const auto read = std::from_chars(text.data(), end, pid);
              const bool good = read.ec == std::errc() && read.ptr == end && pid > 0;
              return good ? std::string() : "'" + text + "' is no number of a process";
            },
            "");
  }
}

void add_tokens_options(CLI::App& command, TokensArguments& arguments, bool& ids, bool& jsonl) {
  command.footer(kTokensFooter);
  CLI::Option* encoding =
      command.add_option("-e,--encoding", arguments.encoding, "such as o200k_base or cl100k_base")
          ->option_text("NAME");
  command.add_option("-m,--model", arguments.model, "the model whose encoding it is")
      ->option_text("MODEL")
      ->excludes(encoding);
  command
      .add_option("--vocab", arguments.vocabulary,
                  "a .tiktoken file, compiled or not, or a tokenizer.json")
      ->option_text("FILE");
  CLI::Option* ids_flag = command.add_flag("--ids", ids, "the tokens' numbers and not their count");
  command.add_flag("--jsonl", jsonl, "lines of JSON with a text each, answered by one line each")
      ->excludes(ids_flag);
  command.add_option("FILE", arguments.files, "the texts; without any, or for -, stdin")
      ->option_text("...");
}

CLI::App* add_fetch(CLI::App& tokens, FetchArguments& arguments) {
  CLI::App* fetch = tokens.add_subcommand("fetch", "Put vocabularies into tiktoken's cache.");
  fetch->footer(kFetchFooter);
  fetch->add_option("NAME", arguments.encodings, "such as o200k_base or cl100k_base")
      ->option_text("...")
      ->required();
  fetch->add_option("--from", arguments.from, "the folder of a mirror")->option_text("URL");
  return fetch;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text.push_back(' ');
    text += word;
  }
  return text;
}

Arguments parse(CLI::App& app, int argc, const char* const* argv) {
  app.footer(kFooter);
  app.set_version_flag("--version", "cochain " COCHAIN_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->column_width(30);

  bool no_stream = false;
  ChatArguments chat;
  std::vector<std::string> words;
  CLI::App* chat_app = app.add_subcommand("chat", "Ask one question and print the answer.");
  chat_app->footer(kChatFooter);
  add_model_options(*chat_app, chat.model, no_stream);
  chat_app->add_flag("-u,--usage", chat.show_usage, "tell tokens and timings on stderr");
  chat_app
      ->add_option("--tool", chat.tools,
                   "a tool that the model may call: clock, calculator or read_file;\n"
                   "may be repeated")
      ->option_text("NAME")
      ->allow_extra_args(false);
  chat_app->add_option("PROMPT", words, "the words of the question")->option_text("...");

  BatchArguments batch;
  CLI::App* batch_app = app.add_subcommand("batch", "Answer a file of questions.");
  batch_app->footer(kBatchFooter);
  std::string format;
  add_batch_options(*batch_app, batch, format);
  add_model_options(*batch_app, batch.model, no_stream);

  SimArguments sim;
  SimText sim_text;
  CLI::App* sim_app = app.add_subcommand("sim", "Serve a simulated model API until Ctrl-C.");
  sim_app->footer(kSimFooter);
  add_sim_options(*sim_app, sim_text, sim);

  TasksArguments tasks;
  bool json = false;
  bool wide = false;
  CLI::App* tasks_app = app.add_subcommand("tasks", "Show the tasks of a running program.");
  add_tasks_options(*tasks_app, tasks, json, wide);

  TokensArguments tokens;
  bool ids = false;
  bool jsonl = false;
  CLI::App* tokens_app = app.add_subcommand("tokens", "Count the tokens of texts.");
  add_tokens_options(*tokens_app, tokens, ids, jsonl);
  FetchArguments fetch;
  const CLI::App* fetch_app = add_fetch(*tokens_app, fetch);

  CLI::App* doctor_app = app.add_subcommand("doctor", "Show and check how all this is set up.");

  const std::string first = argc > 1 ? argv[1] : "-";
  const auto is_first = [&first](const CLI::App* each) { return each->get_name() == first; };
  if (!first.starts_with('-') && app.get_subcommands(is_first).empty()) {
    throw UsageError("there is no command '" + first +
                     "'; there are chat, batch, sim, tasks, tokens and doctor");
  }
  app.parse(argc, argv);
  chat.model.stream = batch.model.stream = !no_stream;
  if (*doctor_app) return DoctorArguments();
  if (*tasks_app) {
    if (wide) tasks.view = TasksView::kWideTable;
    if (json) tasks.view = TasksView::kJson;
    if (tasks_app->got_subcommand("pstree")) tasks.view = TasksView::kTree;
    return tasks;
  }
  if (*fetch_app) return fetch;
  if (*tokens_app) {
    if (ids) tokens.output = TokensOutput::kIds;
    if (jsonl) tokens.output = TokensOutput::kJsonLines;
    return tokens;
  }
  if (*batch_app) {
    batch.format = format_of(format);
    return batch;
  }
  if (*sim_app) {
    apply(sim_text, sim);
    return sim;
  }
  chat.prompt = joined(words);
  return chat;
}

}  // namespace

ChatOptions ModelArguments::chat_options() const {
  ChatOptions options;
  if (temperature) options.temperature(*temperature);
  if (max_tokens) options.max_tokens(*max_tokens);
  return options;
}

std::chrono::milliseconds ModelArguments::idle_timeout() const {
  return std::chrono::milliseconds(std::llround(std::ceil(idle_timeout_seconds * 1000)));
}

Arguments parse_arguments(int argc, const char* const* argv) {
  CLI::App app(kAbout, "cochain");
  try {
    return parse(app, argc, argv);
  } catch (const CLI::CallForVersion& version) {
    return TextToPrint(std::string(version.what()) + "\n");
  } catch (const CLI::Success&) {  // --help, of the program or of a subcommand
    return TextToPrint(app.help());
  } catch (const CLI::ParseError& error) {
    throw UsageError(std::string(error.what()) + " (see cochain --help)");
  } catch (const std::invalid_argument& error) {  // of the simulator's options
    throw UsageError(error.what());
  }
}

}  // namespace cochain::cli
