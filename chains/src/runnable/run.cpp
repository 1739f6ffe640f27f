// Runs and their values.

#include "cochain/chains/runnable/run.hpp"

#include <cxxabi.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <random>

#include "config_state.hpp"

namespace cochain {
namespace {

std::uint64_t random_bits() {
  thread_local std::mt19937_64 generator{(std::uint64_t{std::random_device{}()} << 32) |
                                         std::random_device{}()};
  return generator();
}

/// A random UUID (RFC 9562, version 4).
std::string make_id() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const std::array<std::uint64_t, 2> bits = {random_bits(), random_bits()};
  std::string id(36, '-');
  std::size_t at = 0;
  for (std::size_t digit = 0; digit < 32; ++digit) {
    if (digit == 8 || digit == 12 || digit == 16 || digit == 20) ++at;
    std::uint64_t four = (bits.at(digit / 16) >> (digit % 16 * 4)) & 15;
    if (digit == 12) four = 4;
    if (digit == 16) four = 8 | (four & 3);
    id[at++] = kDigits[four];
  }
  return id;
}

}  // namespace

std::string_view to_string(RunKind kind) noexcept {
  switch (kind) {
    case RunKind::kChain: return "chain";
    case RunKind::kPrompt: return "prompt";
    case RunKind::kChatModel: return "chat_model";
    case RunKind::kParser: return "parser";
    case RunKind::kTool: return "tool";
    case RunKind::kRetriever: return "retriever";
  }
  return "chain";
}

Run::Run(std::shared_ptr<const Run> parent, RunKind kind, std::string name, std::string id)
    : id_(id.empty() ? make_id() : std::move(id)),
      name_(std::move(name)),
      kind_(kind),
      parent_(std::move(parent)),
      metadata_(detail::no_metadata()) {}

std::vector<std::string> Run::parent_ids() const {
  std::vector<std::string> ids;
  for (const Run* run = parent_.get(); run != nullptr; run = run->parent_.get()) {
    ids.push_back(run->id_);
  }
  std::reverse(ids.begin(), ids.end());
  return ids;
}

bool Run::has_tag(std::string_view tag) const noexcept {
  return std::find(tags_.begin(), tags_.end(), tag) != tags_.end();
}

RunValue RunValue::keep() const {
  if (empty() || owned_) return *this;
  RunValue kept;
  if (type_->copy == nullptr) return kept;
  kept.owned_ = type_->copy(value_);
  kept.value_ = kept.owned_.get();
  kept.type_ = type_;
  return kept;
}

std::string detail::readable_type_name(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), &std::free);
  return status == 0 ? std::string(text.get()) : std::string(type.name());
}

}  // namespace cochain
