// How a failed call is told in one line. Nothing here is on a hot path.

#include "cochain/chains/model/error.hpp"

#include "cochain/chains/model/redact.hpp"

namespace cochain {
namespace {

constexpr std::size_t kMessageBytesMax = 600;

std::string clean(std::string_view text) { return one_line(redact_keys(text), kMessageBytesMax); }

}  // namespace

ModelError::ModelError(std::string_view message, ErrorInfo info)
    : Error(std::string()), message_(clean(message)), info_(std::move(info)) {
  compose();
}

void ModelError::add_context(std::string_view model, std::string_view request_id,
                             std::string_view partial_text) {
  if (info_.model_name.empty()) info_.model_name = model;
  if (info_.request.empty()) info_.request = request_id;
  if (info_.partial_text.empty()) info_.partial_text = partial_text;
  compose();
}

void ModelError::compose() {
  what_ = message_;
  std::string facts;
  const auto add = [&facts](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    facts.append(facts.empty() ? "" : ", ").append(name).append(" ").append(value);
  };
  add("model", clean(info_.model_name));
  if (info_.http_status != 0) add("status", std::to_string(info_.http_status));
  add("type", clean(info_.type));
  add("code", clean(info_.code));
  add("request", clean(info_.request));
  if (!facts.empty()) what_.append(" [").append(facts).append("]");
}

bool HttpError::retryable_by_kind() const noexcept {
  switch (status()) {
    case 408:
    case 409:
    case 425:
    case 429:
    case 500:
    case 502:
    case 503:
    case 504:
    case 529: return true;
    default: return status() >= 520 && status() <= 524;
  }
}

}  // namespace cochain
