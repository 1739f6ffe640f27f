// What does cochain add to libcurl, epoll and simdjson?
// CPU time of one thread per text chunk of streamed answers, and per whole answer: the floor
// client, model.stream() / invoke(), and prompt | model | parser, in turn, against one server.
// usage: bench_model_cost [rounds] [streams per round] [whole answers per round]

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <vector>

#include "cochain_client.hpp"
#include "server_process.hpp"

namespace {

using namespace cochain::bench;

constexpr std::size_t kConcurrency = 64;
constexpr std::size_t kChunks = 512;

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// CPU microseconds per unit of work.
double measure(const std::function<ClientReport()>& client, AnswerForm form, std::size_t expected) {
  const double before = cpu_seconds();
  const ClientReport report = client();
  const double spent = cpu_seconds() - before;
  if (report.answers != expected) {
    std::fprintf(stderr, "only %zu of %zu answers\n", report.answers, expected);
    std::exit(1);
  }
  const std::size_t units = form == AnswerForm::kStream ? report.chunks : report.answers;
  return spent * 1e6 / static_cast<double>(units);
}

void compare(const char* title, const std::string& url, AnswerForm form, std::size_t rounds,
             std::size_t requests) {
  std::vector<double> floor_cost, model_cost, chain_cost, model_ratio, chain_ratio;
  const auto run_floor = [&] { return run_floor_client(url, requests, kConcurrency, form); };
  const auto run_model = [&] {
    return run_cochain_client(url, requests, kConcurrency, form, Through::kModel);
  };
  const auto run_chain = [&] {
    return run_cochain_client(url, requests, kConcurrency, form, Through::kChain);
  };
  for (std::size_t round = 0; round <= rounds; ++round) {
    const double floor = measure(run_floor, form, requests);
    const double model = measure(run_model, form, requests);
    const double chain = measure(run_chain, form, requests);
    if (round == 0) continue;  // warms the server and the allocator
    floor_cost.push_back(floor);
    model_cost.push_back(model);
    chain_cost.push_back(chain);
    model_ratio.push_back(model / floor);
    chain_ratio.push_back(chain / floor);
  }
  std::printf("%s\n", title);
  std::printf("  floor (curl, epoll, simdjson)  %8.3f us\n", median(floor_cost));
  std::printf("  model                          %8.3f us   %.2f x floor\n", median(model_cost),
              median(model_ratio));
  std::printf("  prompt | model | parser        %8.3f us   %.2f x floor\n", median(chain_cost),
              median(chain_ratio));
}

std::size_t argument(int argc, char** argv, int index, std::size_t otherwise) {
  return argc > index ? std::strtoul(argv[index], nullptr, 10) : otherwise;
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t rounds = argument(argc, argv, 1, 9);
  const std::size_t streams = argument(argc, argv, 2, 256);
  const std::size_t wholes = argument(argc, argv, 3, 4000);
  raise_descriptor_limit();
  const ServerProcess server(cochain::SimulatorOptions().instant().answer_tokens(kChunks).seed(1));
  const ServerProcess whole_server(cochain::SimulatorOptions().instant().answer_tokens(64).seed(1));
  std::printf("CPU time of the client, median of %zu interleaved rounds, concurrency %zu\n\n",
              rounds, kConcurrency);
  compare("per chunk, streams of 512 chunks", server.base_url(), AnswerForm::kStream, rounds,
          streams);
  compare("per request, whole answers of 64 tokens", whole_server.base_url(), AnswerForm::kWhole,
          rounds, wholes);
}
