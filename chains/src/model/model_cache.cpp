// What of a conversation decides about its answer, the store in memory, and the model that asks it.

#include "cochain/chains/model/model_cache.hpp"

#include <exception>
#include <list>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <boost/json.hpp>

#include "cochain/chains/model/json.hpp"
#include "cochain/chains/model/message_json.hpp"
#include "cochain/core/error.hpp"
#include "cochain/core/event_loop.hpp"

namespace cochain {
namespace {

namespace json = boost::json;

/// Answers by their keys, the last used first.
class InMemoryCache final : public ModelCache {
 public:
  explicit InMemoryCache(std::size_t answers_max) : answers_max_(answers_max) {}

  [[nodiscard]] Coro<std::optional<AIMessage>> lookup(std::string key) override {
    return ready(find(key));
  }
  [[nodiscard]] Coro<> update(std::string key, AIMessage answer) override {
    keep(std::move(key), std::move(answer));
    return done();
  }
  [[nodiscard]] Coro<> clear() override {
    const std::lock_guard lock(mutex_);
    by_key_.clear();
    answers_.clear();
    return done();
  }

 private:
  using Answers = std::list<std::pair<std::string, AIMessage>>;
  static Coro<std::optional<AIMessage>> ready(std::optional<AIMessage> found) { co_return found; }
  static Coro<> done() { co_return; }

  std::optional<AIMessage> find(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return std::nullopt;
    answers_.splice(answers_.begin(), answers_, found->second);
    return found->second->second;
  }
  void keep(std::string key, AIMessage answer) {
    const std::lock_guard lock(mutex_);
    if (const auto found = by_key_.find(key); found != by_key_.end()) {
      answers_.erase(found->second);
      by_key_.erase(found);
    } else if (answers_.size() == answers_max_) {
      by_key_.erase(answers_.back().first);
      answers_.pop_back();
    }
    answers_.emplace_front(std::move(key), std::move(answer));
    by_key_.emplace(answers_.front().first, answers_.begin());
  }

  std::mutex mutex_;
  std::size_t answers_max_;
  Answers answers_;
  std::unordered_map<std::string_view, Answers::iterator> by_key_;  // views of the keys in there
};

/// A cache whose failures are told, and are no one's but its own.
class PatientCache {
 public:
  explicit PatientCache(std::shared_ptr<ModelCache> cache) : cache_(std::move(cache)) {}

  [[nodiscard]] Coro<std::optional<AIMessage>> lookup(std::string key) const {
    return lookup_in(cache_, std::move(key));
  }
  [[nodiscard]] Coro<> update(std::string key, AIMessage answer) const {
    return update_in(cache_, std::move(key), std::move(answer));
  }

 private:
  static void tell(const char* what, std::exception_ptr error) {
    ExceptionContext context;
    context.message = what;
    context.exception = std::move(error);
    EventLoop::current().call_exception_handler(context);
  }
  static Coro<std::optional<AIMessage>> lookup_in(std::shared_ptr<ModelCache> cache,
                                                  std::string key) {
    std::optional<AIMessage> found;
    try {
      found = co_await cache->lookup(std::move(key));
    } catch (const std::exception&) {
      tell("a cache of answers could not be asked", std::current_exception());
    }
    co_return found;
  }
  static Coro<> update_in(std::shared_ptr<ModelCache> cache, std::string key, AIMessage answer) {
    try {
      co_await cache->update(std::move(key), std::move(answer));
    } catch (const std::exception&) {
      tell("a cache of answers could not keep one", std::current_exception());
    }
  }
  std::shared_ptr<ModelCache> cache_;
};

bool is_worth_keeping(const AIMessage& answer) noexcept {
  return answer.finish_reason != FinishReason::kError;
}

AIMessage as_kept(AIMessage answer) {
  if (answer.usage.known) answer.usage = Usage(0, 0);
  answer.request_id.clear();
  return answer;
}

class CachedModel final : public ChatModel {
 public:
  CachedModel(std::shared_ptr<const ChatModel> model, std::shared_ptr<ModelCache> cache)
      : model_(std::move(model)), cache_(std::move(cache)) {}
  [[nodiscard]] std::string name() const override { return model_->name(); }
  [[nodiscard]] const ChatOptions& options() const noexcept override { return model_->options(); }
  [[nodiscard]] Coro<AIMessage> generate(Messages messages, ChatOptions options) const override {
    return answer(model_, cache_, std::move(messages), std::move(options));
  }
  [[nodiscard]] Stream<ContentEvent> generate_events(Messages messages,
                                                     ChatOptions options) const override {
    return events(model_, cache_, std::move(messages), std::move(options));
  }

 private:
  using Model = std::shared_ptr<const ChatModel>;

  static Coro<AIMessage> answer(Model model, PatientCache cache, Messages messages,
                                ChatOptions options) {
    std::string key = model_cache_key(model->name(), messages, options);
    std::optional<AIMessage> found = co_await cache.lookup(key);
    if (found) co_return as_kept(std::move(*found));
    AIMessage message = co_await model->generate(std::move(messages), std::move(options));
    if (is_worth_keeping(message)) co_await cache.update(std::move(key), message);
    co_return message;
  }
  static Stream<ContentEvent> events(Model model, PatientCache cache, Messages messages,
                                     ChatOptions options) {
    std::string key = model_cache_key(model->name(), messages, options);
    std::optional<AIMessage> found = co_await cache.lookup(key);
    if (found) {
      std::vector<ContentEvent> kept = to_events(as_kept(std::move(*found)));
      for (ContentEvent& event : kept) co_yield std::move(event);
      co_return;
    }
    AIMessage message;
    bool finished = false;
    auto events = model->generate_events(std::move(messages), std::move(options));
    while (auto event = co_await events.next()) {
      apply(message, ContentEvent(*event));
      finished = event->kind == EventKind::kMessageFinish;
      co_yield std::move(*event);
    }
    if (finished && is_worth_keeping(message)) co_await cache.update(std::move(key), message);
  }

  Model model_;
  PatientCache cache_;
};

/// The message without what its answer does not depend on.
Json asked(const Message& message) {
  Json value = message_to_json(message);
  for (const char* name : {"id", "usage", "request_id", "model", "service_tier", "finish_reason",
                           "finish_raw", "artifact"}) {
    value.as_object().erase(name);
  }
  return value;
}

template <class T>
void add_if(json::object& object, const char* name, const std::optional<T>& value) {
  if (value) object[name] = *value;
}

json::object asked(const ChatOptions& options) {
  json::object object;
  add_if(object, "temperature", options.temperature());
  add_if(object, "top_p", options.top_p());
  add_if(object, "max_tokens", options.max_tokens());
  add_if(object, "seed", options.seed());
  object["stop"] = json::array(options.stop().begin(), options.stop().end());
  json::array& tools = object["tools"].emplace_array();
  for (const ToolSpec& tool : options.tools()) {
    tools.push_back({tool.name, tool.description, tool.parameters,
                     tool.strict ? json::value(*tool.strict) : json::value()});
  }
  if (const std::optional<ToolChoice>& choice = options.tool_choice()) {
    object["tool_choice"] = {static_cast<int>(choice->kind()), choice->name()};
  }
  if (options.parallel_tool_calls()) {
    object["parallel_tool_calls"] = static_cast<int>(*options.parallel_tool_calls());
  }
  object["response_format"] = options.response_format();
  object["reasoning_effort"] = options.reasoning_effort();
  json::array& extra = object["extra"].emplace_array();
  for (const auto& [name, value] : options.extra()) extra.push_back({name, value});
  return object;
}

}  // namespace

std::string model_cache_key(const std::string& model, const Messages& messages,
                            const ChatOptions& options) {
  json::array key{json::value(model), json::value(asked(options))};
  for (const Message& message : messages) key.push_back(asked(message));
  return json_text(Json(std::move(key)));
}

std::shared_ptr<ModelCache> make_in_memory_cache(std::size_t answers_max) {
  if (answers_max == 0) throw InvalidStateError("a cache with room for no answer keeps none");
  return std::make_shared<InMemoryCache>(answers_max);
}

std::shared_ptr<ChatModel> make_cached_model(std::shared_ptr<const ChatModel> model,
                                             std::shared_ptr<ModelCache> cache) {
  if (!model) throw InvalidStateError("make_cached_model() was given no model");
  if (!cache) throw InvalidStateError("make_cached_model() was given no cache");
  return std::make_shared<CachedModel>(std::move(model), std::move(cache));
}

}  // namespace cochain
