// The encodings of the process, by the file that each came from: a program that changes the
// environment gets what is there then.

#include "cochain/providers/tokenizers/model_tokenizer.hpp"

#include <map>
#include <mutex>
#include <utility>

#include "cochain/core/executor.hpp"

namespace cochain {
namespace {

/// Loading happens with the lock held: of two that want the same, the second gets the first's.
class LoadedEncodings {
 public:
  static LoadedEncodings& of_process() {
    static LoadedEncodings encodings;
    return encodings;
  }
  std::shared_ptr<const Encoding> get(std::string_view name) {
    const VocabularyCache cache = VocabularyCache::from_environment();
    auto key = std::make_pair(std::string(name), cache.path_of(name));
    const std::lock_guard lock(mutex_);
    std::shared_ptr<const Encoding>& kept = encodings_[key];
    if (!kept) kept = std::make_shared<const Encoding>(cache.load(name));
    return kept;
  }

 private:
  std::mutex mutex_;
  std::map<std::pair<std::string, std::filesystem::path>, std::shared_ptr<const Encoding>>
      encodings_;
};

}  // namespace

std::shared_ptr<const Encoding> get_encoding(std::string_view name) {
  return LoadedEncodings::of_process().get(name);
}

std::shared_ptr<const Encoding> encoding_for_model(std::string_view model) {
  return get_encoding(encoding_name_for_model(model));
}

TokenCounting token_counting_for_model(std::string_view model) {
  const std::string_view name = model.substr(model.find(':') + 1);
  if (name == "gpt-3.5-turbo-0301") return TokenCounting::gpt35_0301();
  const bool is_gpt4 = name == "gpt-4" || name.starts_with("gpt-4-") ||
                       name.starts_with("gpt-3.5-turbo") || name.starts_with("gpt-35-turbo");
  return is_gpt4 ? TokenCounting::gpt4() : TokenCounting();
}

Coro<std::shared_ptr<const Encoding>> load_encoding_for_model(std::string model) {
  return run_in_executor(
      tokenizer_executor(), [](const std::string& name) { return encoding_for_model(name); },
      std::move(model));
}

Coro<std::int64_t> count_tokens(Messages messages, std::string model, TokenizeOptions options) {
  TokenCounting how = token_counting_for_model(model);
  std::shared_ptr<const Encoding> encoding = co_await load_encoding_for_model(std::move(model));
  const std::int64_t count =
      co_await count_tokens(std::move(encoding), std::move(messages), std::move(how), options);
  co_return count;
}

}  // namespace cochain
