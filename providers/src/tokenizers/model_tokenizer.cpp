// The encodings of the process, by the file that each came from: a program that changes the
// environment gets what is there then.

#include "cochain/providers/tokenizers/model_tokenizer.hpp"

#include <map>
#include <mutex>
#include <utility>

#include "cochain/core/executor.hpp"
#include "known_encodings.hpp"

namespace cochain {
namespace {

class LoadedEncodings {
 public:
  static LoadedEncodings& of_process() {
    // Never destroyed: the threads that load may still do so while the program ends.
    static LoadedEncodings& encodings = *new LoadedEncodings;
    return encodings;
  }
  /// Loading happens with the lock of that one held: of two that want it, the second gets the
  /// first's.
  std::shared_ptr<const Encoding> get(std::string_view name) {
    const VocabularyCache cache = VocabularyCache::from_environment();
    Slot& slot = slot_of(cache, name);
    const std::lock_guard lock(slot.mutex);
    if (!slot.encoding) slot.encoding = std::make_shared<const Encoding>(cache.load(name));
    return slot.encoding;
  }
  /// Nothing if it is not loaded.
  std::shared_ptr<const Encoding> find(std::string_view name) {
    Slot& slot = slot_of(VocabularyCache::from_environment(), name);
    const std::unique_lock lock(slot.mutex, std::try_to_lock);
    return lock.owns_lock() ? slot.encoding : nullptr;
  }

 private:
  struct Slot {
    std::mutex mutex;
    std::shared_ptr<const Encoding> encoding;
  };

  Slot& slot_of(const VocabularyCache& cache, std::string_view name) {
    auto key = std::make_pair(std::string(name), cache.path_of(name));
    const std::lock_guard lock(mutex_);
    return slots_[std::move(key)];
  }

  std::mutex mutex_;
  std::map<std::pair<std::string, std::filesystem::path>, Slot> slots_;
};

}  // namespace

std::shared_ptr<const Encoding> get_encoding(std::string_view name) {
  return LoadedEncodings::of_process().get(name);
}

std::shared_ptr<const Encoding> encoding_for_model(std::string_view model) {
  return get_encoding(encoding_name_for_model(model));
}

TokenCounting token_counting_for_model(std::string_view model) {
  std::string_view name = detail::without_provider(model);
  if (name.starts_with("ft:")) name.remove_prefix(3);
  if (name == "gpt-3.5-turbo-0301") return TokenCounting::gpt35_0301();
  const bool is_gpt4 = name == "gpt-4" || name.starts_with("gpt-4-") ||
                       name.starts_with("gpt-3.5-turbo") || name.starts_with("gpt-35-turbo");
  return is_gpt4 ? TokenCounting::gpt4() : TokenCounting();
}

Coro<std::shared_ptr<const Encoding>> load_encoding_for_model(std::string model) {
  const std::string name = encoding_name_for_model(model);
  std::shared_ptr<const Encoding> encoding = LoadedEncodings::of_process().find(name);
  if (!encoding) {
    encoding = co_await run_in_executor(
        tokenizer_executor(), [](const std::string& of) { return get_encoding(of); }, name);
  }
  co_return encoding;
}

Coro<std::int64_t> count_tokens(Messages messages, std::string model, TokenizeOptions options) {
  TokenCounting how = token_counting_for_model(model);
  std::shared_ptr<const Encoding> encoding = co_await load_encoding_for_model(std::move(model));
  const std::int64_t count =
      co_await count_tokens(std::move(encoding), std::move(messages), std::move(how), options);
  co_return count;
}

}  // namespace cochain
