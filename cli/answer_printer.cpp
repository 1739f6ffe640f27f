// The line of --usage.

#include "answer_printer.hpp"

#include "progress.hpp"
#include "terminal.hpp"

namespace cochain::cli {

void Timings::tell() const {
  const Duration total = now() - start_;
  std::string line = "tokens: ";
  if (usage_.known) {
    line += std::to_string(usage_.input_tokens) + " in, " + std::to_string(usage_.output_tokens) +
            " out";
  } else {
    line += "not told by the provider";
  }
  if (first_token_) line += "; first token " + format_latency(*first_token_);
  line += "; total " + format_latency(total);
  const Duration writing = total - first_token_.value_or(Duration(0));
  const double seconds = std::chrono::duration<double>(writing).count();
  if (usage_.known && seconds > 0) {
    line += "; " + format_decimal(double(usage_.output_tokens) / seconds, 1) + " tokens/s";
  }
  say(line);
}

}  // namespace cochain::cli
