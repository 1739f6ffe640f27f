// Texts encoded as a thread does that has never encoded before: the cache of pieces belongs to the
// thread, so each sample has one of its own.

#include "rows.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>

#include "cochain/chains/retrieval/text_splitters.hpp"
#include "cochain/providers/tokenizers/encoding.hpp"
#include "cochain/providers/tokenizers/vocabulary_cache.hpp"
#include "meter.hpp"

namespace cochain::bench {
namespace {

constexpr std::size_t kSamples = 3;
constexpr double kSampleSeconds = 0.030;
constexpr double kOneSampleSeconds = 1;  // what takes longer is measured once
constexpr std::array<std::string_view, 2> kEncodings = {"cl100k", "o200k"};
constexpr std::array<int, 3> kChunkTokens = {64, 512, 4096};
const std::string kSplit = "split_tokens_";

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path.string() + " is not there");
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

/// The FNV-1a hash of the ids as numbers of 32 bits, low byte first, which every peer computes.
std::uint32_t hash_of(const std::vector<TokenId>& ids) {
  std::uint32_t hash = 2166136261U;
  for (const TokenId id : ids) {
    for (unsigned shift = 0; shift < 32; shift += 8) {
      hash = (hash ^ ((static_cast<std::uint32_t>(id) >> shift) & 0xFFU)) * 16777619U;
    }
  }
  return hash;
}

class Sample {
 public:
  double seconds = 0;
  std::vector<TokenId> ids;
};

/// The mean of as many as fill a sample: the clock of CPU time may stand still for a millisecond.
Sample cold_sample(const Encoding& encoding, const std::string& text) {
  Sample sample;
  int times = 0;
  for (; sample.seconds < kSampleSeconds; ++times) {
    std::thread([&] {
      Meter meter;
      meter.start();
      sample.ids = encoding.encode_ordinary(text);
      meter.stop();
      sample.seconds += meter.seconds();
    }).join();
  }
  sample.seconds /= times;
  return sample;
}

std::string line(const std::string& row, const std::string& rest) {
  return "{\"row\": \"" + row + "\", \"peer\": \"cochain\", " + rest + "}";
}

std::string measure_text(const Encoding& encoding, const std::string& row,
                         const std::string& text) {
  // The first pages in code and tables; it counts only where there is no time for another.
  Sample median = cold_sample(encoding, text);
  if (median.seconds <= kOneSampleSeconds) {
    std::array<Sample, kSamples> samples;
    for (Sample& sample : samples) sample = cold_sample(encoding, text);
    std::sort(samples.begin(), samples.end(),
              [](const Sample& a, const Sample& b) { return a.seconds < b.seconds; });
    median = samples[kSamples / 2];
  }
  const double kilobytes = static_cast<double>(text.size()) / 1000;
  return line(row, "\"ns\": " + std::to_string(median.seconds * 1e9 / kilobytes) +
                       ", \"result\": \"" + std::to_string(median.ids.size()) + " tokens, " +
                       std::to_string(hash_of(median.ids)) + "\"");
}

/// A compiled vocabulary opened, once its pages are in the memory of the system.
std::string measure_open(const Encoding& encoding, const std::string& row) {
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("bench_tokens_" + row + ".cochain");
  encoding.vocabulary().save_compiled(path);
  std::array<double, kSamples> seconds{};
  for (double& each : seconds) {
    Meter meter;
    meter.start();
    const Vocabulary vocabulary = Vocabulary::open_compiled(path);
    meter.stop();
    each = meter.seconds();
  }
  std::filesystem::remove(path);
  std::sort(seconds.begin(), seconds.end());
  return line(row, "\"ns\": " + std::to_string(seconds[kSamples / 2] * 1e9));
}

/// The chunks of a text by a splitter that counts the tokens of each; each repeats up to an
/// eighth of the one before.
std::string measure_splitter(const Encoding& encoding, const std::string& row,
                             std::size_t chunk_tokens, const std::string& text) {
  const RecursiveCharacterTextSplitter splitter(
      ChunkOptions(chunk_tokens, chunk_tokens / 8).tokens(std::make_shared<Encoding>(encoding)));
  std::array<double, kSamples> seconds{};
  std::size_t chunks = 0;
  for (double& each : seconds) {
    std::thread([&] {
      Meter meter;
      meter.start();
      chunks = splitter.split_text(text).size();
      meter.stop();
      each = meter.seconds();
    }).join();
  }
  std::sort(seconds.begin(), seconds.end());
  const double kilobytes = static_cast<double>(text.size()) / 1000;
  return line(row, "\"ns\": " + std::to_string(seconds[kSamples / 2] * 1e9 / kilobytes) +
                       ", \"result\": \"" + std::to_string(chunks) + " chunks\"");
}

}  // namespace

std::vector<std::string> token_rows(const TokenData& data) {
  std::vector<std::string> rows;
  for (const std::string_view encoding : kEncodings) {
    const std::string tail = "_" + std::string(encoding);
    rows.push_back("load" + tail);
    rows.push_back("open" + tail);
    rows.push_back("memory" + tail);
    if (!std::filesystem::is_directory(data.texts())) continue;
    for (const auto& entry : std::filesystem::directory_iterator(data.texts())) {
      rows.push_back(entry.path().stem().string() + tail);
    }
  }
  for (const int tokens : kChunkTokens) rows.push_back(kSplit + std::to_string(tokens));
  return rows;
}

std::string measure_tokens(const TokenData& data, const std::string& row) {
  if (row.starts_with(kSplit)) {
    return measure_splitter(VocabularyCache(data.vocabularies()).load("cl100k_base"), row,
                            std::stoul(row.substr(kSplit.size())),
                            text_of(data.texts() / "english.txt"));
  }
  const std::size_t cut = row.rfind('_');
  if (cut == std::string::npos) throw std::runtime_error("there is no row " + row);
  const std::string what = row.substr(0, cut);
  Meter meter;
  meter.start();
  const Encoding encoding =
      VocabularyCache(data.vocabularies()).load(row.substr(cut + 1) + "_base");
  meter.stop();
  if (what == "load") return line(row, "\"ns\": " + std::to_string(meter.seconds() * 1e9));
  if (what == "open") return measure_open(encoding, row);
  if (what == "memory") {
    return line(row, "\"bytes\": " + std::to_string(encoding.vocabulary().memory_bytes()));
  }
  return measure_text(encoding, row, text_of(data.texts() / (what + ".txt")));
}

}  // namespace cochain::bench
