// How a fake model cuts its answers into events, picks the script of a call and plays it.

#include "cochain/testing/fake_chat_model.hpp"

#include <algorithm>

#include "cochain/core/timeouts.hpp"

namespace cochain::testing {
namespace {

// Arguments arrive in pieces of this many bytes: small, so that whoever adds them up is tested.
constexpr std::size_t kArgumentPiece = 5;

bool is_blank(char byte) noexcept {
  return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r' || byte == '\f' ||
         byte == '\v';
}

/// Where the piece that begins at `at` ends; never inside a character.
std::size_t end_of_piece(std::string_view text, std::size_t at) noexcept {
  std::size_t end = std::min(at + kArgumentPiece, text.size());
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) ++end;
  return end;
}

/// Counts one call, however it ends.
class Call {
 public:
  explicit Call(std::shared_ptr<FakeCalls> calls) : calls_(std::move(calls)) {
    ++calls_->started;
    calls_->live_max = std::max(calls_->live_max, ++calls_->live);
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call() {
    --calls_->live;
    ++(calls_.get()->*end_);
  }
  void ends_as(std::size_t FakeCalls::* end) noexcept { end_ = end; }

 private:
  std::shared_ptr<FakeCalls> calls_;
  std::size_t FakeCalls::* end_ = &FakeCalls::dropped;
};

Stream<ContentEvent> play(std::shared_ptr<const FakeChatModel::Answer> answer,
                          std::shared_ptr<FakeCalls> calls, Messages messages,
                          ChatOptions options) {
  Call call(calls);
  call.ends_as(&FakeCalls::failed);
  calls->asked.push_back(messages);
  calls->asked_with.push_back(options);
  const FakeScript script = (*answer)(messages, options);
  call.ends_as(&FakeCalls::dropped);
  try {
    for (const FakeScript::Step& step : script.steps) {
      if (step.pause > Duration::zero()) co_await sleep(step.pause);
      if (step.error) {
        call.ends_as(&FakeCalls::failed);
        std::rethrow_exception(step.error);
      }
      ContentEvent event = step.event;
      co_yield std::move(event);
    }
  } catch (const CancelledError&) {
    call.ends_as(&FakeCalls::cancelled);
    throw;
  }
  call.ends_as(&FakeCalls::finished);
}

Coro<AIMessage> sum(Stream<ContentEvent> events) {
  AIMessage message;
  while (auto event = co_await events.next()) apply(message, std::move(*event));
  co_return message;
}

/// Gives each call the next script.
class InTurn {
 public:
  InTurn(std::vector<FakeScript> scripts, AfterLastScript after_last)
      : scripts_(std::make_shared<const std::vector<FakeScript>>(std::move(scripts))),
        after_last_(after_last) {}

  FakeScript operator()(const Messages&, const ChatOptions&) {
    const std::size_t count = scripts_->size();
    const std::size_t call = next_++;
    if (call < count) return (*scripts_)[call];
    if (count == 0 || after_last_ == AfterLastScript::kFail) {
      throw InvalidStateError("the fake model has " + std::to_string(count) +
                              " scripts and was called for the " + std::to_string(call + 1) +
                              ". time");
    }
    return after_last_ == AfterLastScript::kRepeat ? scripts_->back() : (*scripts_)[call % count];
  }

 private:
  std::shared_ptr<const std::vector<FakeScript>> scripts_;
  std::size_t next_ = 0;
  AfterLastScript after_last_;
};

std::vector<FakeScript> only(FakeScript script) {
  std::vector<FakeScript> scripts;
  scripts.push_back(std::move(script));
  return scripts;
}

}  // namespace

FakeScript FakeScript::saying(std::vector<std::string> tokens, Duration first, Duration gap) {
  FakeScript script;
  script.then(first, ContentEvent::message_start("answer-1", "fake"));
  Duration pause = Duration::zero();
  for (const std::string& token : tokens) {
    script.then(std::exchange(pause, gap), ContentEvent::text_delta(0, token));
  }
  const Usage usage(3, static_cast<std::int64_t>(tokens.size()));
  script.then(Duration::zero(), ContentEvent::message_finish(FinishReason::kStop, "stop", usage));
  return script;
}

FakeScript FakeScript::words(std::string_view text, Duration first, Duration gap) {
  std::vector<std::string> tokens;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at + 1;
    if (!is_blank(text[at])) {
      while (end < text.size() && !is_blank(text[end])) ++end;
    }
    tokens.emplace_back(text.substr(at, end - at));
    at = end;
  }
  return saying(std::move(tokens), first, gap);
}

FakeScript FakeScript::calling(std::vector<ToolCall> calls) {
  FakeScript script;
  script.then(Duration::zero(), ContentEvent::message_start("answer-1", "fake"));
  std::uint32_t index = 0;
  for (ToolCall& call : calls) {
    if (call.id.empty()) call.id = "call-" + std::to_string(index + 1);
    script.then(Duration::zero(),
                ContentEvent::tool_call_start(index, std::move(call.id), std::move(call.name)));
    const std::string_view arguments = call.arguments;
    for (std::size_t at = 0; at < arguments.size();) {
      const std::size_t end = end_of_piece(arguments, at);
      script.then(Duration::zero(),
                  ContentEvent::tool_call_delta(index, arguments.substr(at, end - at)));
      at = end;
    }
    ContentEvent finish = ContentEvent::block_finish(index, BlockType::kToolCall);
    if (!call.provider_data.empty()) {
      finish.need_detail().provider_data = std::move(call.provider_data);
    }
    script.then(Duration::zero(), std::move(finish));
    ++index;
  }
  const Usage usage(3, static_cast<std::int64_t>(calls.size()));
  script.then(Duration::zero(),
              ContentEvent::message_finish(FinishReason::kToolCalls, "tool_calls", usage));
  return script;
}

FakeScript FakeScript::answer(AIMessage message) {
  FakeScript script;
  for (ContentEvent& event : to_events(std::move(message))) {
    script.then(Duration::zero(), std::move(event));
  }
  return script;
}

FakeScript& FakeScript::then(Duration pause, ContentEvent event) {
  steps.emplace_back(pause, std::move(event));
  return *this;
}

FakeScript& FakeScript::fail_with(std::size_t k, std::exception_ptr error) {
  const std::size_t kept = std::min(k, steps.size());
  steps.erase(steps.begin() + static_cast<std::ptrdiff_t>(kept), steps.end());
  steps.emplace_back(Duration::zero(), std::move(error));
  return *this;
}

FakeScript& FakeScript::paced(Duration first, Duration gap) {
  bool is_first_piece = true;
  for (Step& step : steps) {
    const bool is_piece = step.event.kind == EventKind::kDelta && !step.error;
    step.pause = Duration::zero();
    if (is_piece && !std::exchange(is_first_piece, false)) step.pause = gap;
  }
  if (!steps.empty()) steps.front().pause = first;
  return *this;
}

FakeChatModel::FakeChatModel(FakeScript script)
    : FakeChatModel(only(std::move(script)), AfterLastScript::kRepeat) {}

FakeChatModel::FakeChatModel(std::vector<FakeScript> scripts, AfterLastScript after_last)
    : FakeChatModel(Answer(InTurn(std::move(scripts), after_last))) {}

FakeChatModel::FakeChatModel(Answer answer)
    : answer_(std::make_shared<const Answer>(std::move(answer))) {}

FakeChatModel& FakeChatModel::named(std::string name) {
  name_ = std::move(name);
  return *this;
}

FakeChatModel& FakeChatModel::with_options(ChatOptions options) {
  options_ = std::move(options);
  return *this;
}

Coro<AIMessage> FakeChatModel::generate(Messages messages, ChatOptions options) const {
  return sum(play(answer_, calls_, std::move(messages), std::move(options)));
}

Stream<ContentEvent> FakeChatModel::generate_events(Messages messages, ChatOptions options) const {
  return play(answer_, calls_, std::move(messages), std::move(options));
}

std::shared_ptr<FakeChatModel> make_fake(FakeScript script) {
  return std::make_shared<FakeChatModel>(std::move(script));
}

std::shared_ptr<FakeChatModel> make_fake(std::vector<FakeScript> scripts,
                                         AfterLastScript after_last) {
  return std::make_shared<FakeChatModel>(std::move(scripts), after_last);
}

std::shared_ptr<FakeChatModel> make_fake_list(std::vector<std::string> texts) {
  std::vector<FakeScript> scripts;
  scripts.reserve(texts.size());
  for (const std::string& text : texts) scripts.push_back(FakeScript::words(text));
  return make_fake(std::move(scripts), AfterLastScript::kCycle);
}

std::shared_ptr<FakeChatModel> make_fake_answering(FakeChatModel::Answer answer) {
  return std::make_shared<FakeChatModel>(std::move(answer));
}

}  // namespace cochain::testing
