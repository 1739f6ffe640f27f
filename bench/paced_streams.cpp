// What do a thousand slow streams cost in time to first token, memory and threads?
// The server waits 200 ms, then sends 64 chunks 20 ms apart, to 1,000 clients at once. Each client
// runs in a process of its own; memory is its peak, less what it had before its first request.
// usage: bench_paced_streams [rounds] [streams]

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "cochain_client.hpp"
#include "server_process.hpp"

namespace {

using namespace cochain::bench;

constexpr double kServerFirstTokenMs = 200;

double at_quantile(std::vector<double>& values, double quantile) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(quantile * static_cast<double>(values.size() - 1))];
}

long status_value(const std::string& key) {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with(key)) return std::strtol(line.c_str() + key.size(), nullptr, 10);
  }
  return 0;
}

std::string measure(const std::function<ClientReport()>& client, std::size_t streams) {
  const long before = status_value("VmRSS:");
  const double cpu_before = cpu_seconds();
  ClientReport report = client();
  const double per_stream =
      static_cast<double>(peak_rss_kib() - before) / static_cast<double>(streams);
  std::ostringstream line;
  line << at_quantile(report.first_token_ms, 0.5) - kServerFirstTokenMs << ' '
       << at_quantile(report.first_token_ms, 0.99) - kServerFirstTokenMs << ' ' << per_stream << ' '
       << status_value("Threads:") << ' ' << cpu_seconds() - cpu_before;
  return line.str();
}

void show(const char* name, std::vector<std::string>& lines) {
  std::vector<double> columns[5];
  for (const std::string& text : lines) {
    std::istringstream line(text);
    for (auto& column : columns) {
      double value = 0;
      line >> value;
      column.push_back(value);
    }
  }
  std::printf("  %-26s %8.1f ms %8.1f ms %9.1f KiB %8.0f %10.2f s\n", name,
              at_quantile(columns[0], 0.5), at_quantile(columns[1], 0.5),
              at_quantile(columns[2], 0.5), at_quantile(columns[3], 0.5),
              at_quantile(columns[4], 0.5));
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t rounds = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 3;
  const std::size_t streams = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 1000;
  using namespace std::chrono_literals;
  raise_descriptor_limit();
  const ServerProcess server(cochain::SimulatorOptions()
                                 .first_token(cochain::SimulatedLatency::fixed(200ms))
                                 .between_tokens(cochain::SimulatedLatency::fixed(20ms))
                                 .answer_tokens(64)
                                 .seed(1));
  const std::string url = server.base_url();
  std::vector<std::string> floor_lines, model_lines, chain_lines;
  for (std::size_t round = 0; round < rounds; ++round) {
    floor_lines.push_back(in_child([&] {
      return measure([&] { return run_floor_client(url, streams, streams, AnswerForm::kStream); },
                     streams);
    }));
    for (const Through through : {Through::kModel, Through::kChain}) {
      auto& lines = through == Through::kModel ? model_lines : chain_lines;
      lines.push_back(in_child([&] {
        return measure(
            [&] { return run_cochain_client(url, streams, streams, AnswerForm::kStream, through); },
            streams);
      }));
    }
  }
  std::printf("%zu paced streams at once, median of %zu interleaved rounds\n\n", streams, rounds);
  std::printf("  %-26s %11s %11s %13s %8s %12s\n", "", "TTFT p50", "TTFT p99", "RSS/stream",
              "threads", "CPU");
  std::printf("  %-26s %11s %11s\n", "", "(added)", "(added)");
  show("floor", floor_lines);
  show("model", model_lines);
  show("prompt | model | parser", chain_lines);
}
