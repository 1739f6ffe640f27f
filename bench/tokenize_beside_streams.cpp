// What do hundreds of streams notice of a large text that is tokenized beside them?
// Each stream gives a token every 20 ms. First they are alone, then 100 MB are tokenized meanwhile.
// usage: bench_tokenize_beside_streams [streams] [megabytes] [encoding]

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "cochain/core.hpp"
#include "cochain/providers/tokenizers/model_tokenizer.hpp"

namespace {

using namespace cochain;
using namespace std::chrono_literals;

Stream<int> paced() {
  for (int n = 0;; ++n) {
    co_await sleep(20ms);
    co_yield n;
  }
}

Coro<> read_until(const Event* done, std::vector<double>* gaps_ms) {
  const EventLoop& loop = EventLoop::current();
  Stream<int> stream = paced();
  TimePoint last = loop.time();
  while (auto token = co_await stream.next()) {
    const TimePoint now = loop.time();
    gaps_ms->push_back(std::chrono::duration<double, std::milli>(now - last).count());
    last = now;
    if (done->is_set()) co_return;
  }
}

Coro<> read_during(Coro<> work, std::size_t streams, std::vector<double>* gaps_ms) {
  Event done;
  std::vector<Task<>> readers;
  for (std::size_t n = 0; n < streams; ++n) {
    readers.push_back(create_task(read_until(&done, gaps_ms)));
  }
  co_await std::move(work);
  done.set();
  co_await gather(std::move(readers));
}

Coro<> tokenize(std::shared_ptr<const Tokenizer> tokenizer, std::string text) {
  const std::size_t count = co_await count_tokens(std::move(tokenizer), std::move(text));
  std::printf("%zu tokens\n", count);
}

double show(const char* name, std::vector<double> gaps_ms) {
  std::sort(gaps_ms.begin(), gaps_ms.end());
  const auto at = [&](double share) {
    return gaps_ms[static_cast<std::size_t>(share * static_cast<double>(gaps_ms.size() - 1))];
  };
  std::printf("%-10s gaps %8zu  p50 %6.2f ms  p99 %6.2f ms  max %6.2f ms\n", name, gaps_ms.size(),
              at(0.5), at(0.99), gaps_ms.back());
  return at(0.99);
}

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int n, unsigned long otherwise) {
    return argc > n ? std::strtoul(argv[n], nullptr, 10) : otherwise;
  };
  const std::size_t streams = argument(1, 500);
  const std::size_t megabytes = argument(2, 100);
  try {
    const auto encoding = get_encoding(argc > 3 ? argv[3] : "o200k_base");
    std::string text;
    for (std::size_t n = 0; text.size() < megabytes * 1'000'000; ++n) {
      text += "The " + std::to_string(n) + "th sentence of a text that is long, and goes on.\n";
    }
    std::vector<double> quiet;
    std::vector<double> busy;
    run(read_during(sleep(3s), streams, &quiet));
    run(read_during(tokenize(encoding, std::move(text)), streams, &busy));
    const double before = show("alone", std::move(quiet));
    const double beside = show("tokenizing", std::move(busy));
    std::printf("p99 %.2f times that of streams alone\n", beside / before);
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
