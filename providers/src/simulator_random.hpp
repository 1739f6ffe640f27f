// Seeded choice for the simulator. The standard distributions differ between libraries, so the
// few that we need are written out: one seed gives one answer with every compiler.
#pragma once

#include <cstdint>
#include <string_view>

namespace cochain {

/// Mixes a number so that neighbours land far apart (the finaliser of SplitMix64).
constexpr std::uint64_t mix_bits(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31);
}

/// A 64-bit FNV-1a hash, continued from an earlier one.
constexpr std::uint64_t hash_bytes(std::string_view bytes,
                                   std::uint64_t hash = 0xcbf29ce484222325ULL) {
  for (const char byte : bytes) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3ULL;
  }
  return hash;
}

/// A small generator: SplitMix64.
class SeededRandom {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    return mix_bits(state_);
  }

  /// Uniform in [0, 1).
  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

  /// Uniform in [0, bound); the bias of the remainder is far below what a reader could see.
  std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : next() % bound; }

 private:
  std::uint64_t state_;
};

}  // namespace cochain
