// The three kinds of reply: a test's script, a streamed answer, a whole answer.
// simulator_session.cpp asks them for one step at a time.
#include "simulator_reply.hpp"

#include <utility>

namespace cochain {
namespace {

using std::chrono::microseconds;

class ScriptedReply final : public ReplySource {
 public:
  ScriptedReply(SimulatedReply script, ConnectionUse use) : script_(std::move(script)), use_(use) {}

  ReplyStep next(std::string& out) override {
    if (at_ == script_.steps().size()) {
      return ReplyStep(ReplyAction::kFinish);
    }
    const SimulatedReply::Step& step = script_.steps()[at_++];
    switch (step.kind) {
      case SimulatedReply::Step::Kind::kWrite:
        out += step.bytes;
        return ReplyStep(ReplyAction::kWrite);
      case SimulatedReply::Step::Kind::kDelay: return ReplyStep(ReplyAction::kWait, step.time);
      case SimulatedReply::Step::Kind::kClose: return ReplyStep(ReplyAction::kClose);
      case SimulatedReply::Step::Kind::kReset: return ReplyStep(ReplyAction::kReset);
      case SimulatedReply::Step::Kind::kHalfClose: return ReplyStep(ReplyAction::kHalfClose);
      case SimulatedReply::Step::Kind::kHang: return ReplyStep(ReplyAction::kHang);
      case SimulatedReply::Step::Kind::kAwaitClientClose:
        return ReplyStep(ReplyAction::kAwaitClientClose);
    }
    return ReplyStep(ReplyAction::kClose);
  }

  ConnectionUse use() const override { return use_; }

 private:
  SimulatedReply script_;
  ConnectionUse use_;
  std::size_t at_ = 0;
};

ReplyAction ending_of(SimulatedFault fault) {
  switch (fault) {
    case SimulatedFault::kStall: return ReplyAction::kHang;
    case SimulatedFault::kReset: return ReplyAction::kReset;
    case SimulatedFault::kTruncate: return ReplyAction::kClose;
    default: return ReplyAction::kFinish;
  }
}

/// Head and role event at the first token's time, then each token at its own.
class StreamedReply final : public ReplySource {
 public:
  StreamedReply(AnswerPlan plan, std::string request_id, ConnectionUse use)
      : plan_(std::move(plan)),
        frame_(plan_),
        request_id_(std::move(request_id)),
        use_(use),
        fault_due_(plan_.fault == SimulatedFault::kNone ? SIZE_MAX : plan_.fault_after_chunks) {}

  ReplyStep next(std::string& out) override {
    switch (phase_) {
      case Phase::kHead: return next_head(out);
      case Phase::kTokens: return next_token(out);
      case Phase::kUsage:
        phase_ = Phase::kDone;
        frame_.append_usage(out, plan_);
        return ReplyStep(ReplyAction::kWrite);
      case Phase::kDone:
        phase_ = Phase::kOver;
        frame_.append_done(out);
        out += kLastHttpChunk;
        return ReplyStep(ReplyAction::kWrite);
      case Phase::kOver: break;
    }
    return ReplyStep(ending_of(plan_.fault));
  }

  ConnectionUse use() const override { return use_; }

 private:
  enum class Phase { kHead, kTokens, kUsage, kDone, kOver };

  const std::vector<PlannedChunk>& chunks() const {
    return plan_.tool_calls.empty() ? plan_.chunks : plan_.tool_calls[call_].chunks;
  }

  /// True, once per token, if the token has to be waited for.
  bool must_wait(microseconds& delay) {
    if (waited_ || at_ >= chunks().size() || chunks()[at_].delay_us == 0) {
      return false;
    }
    delay = microseconds(chunks()[at_].delay_us);
    waited_ = true;
    return true;
  }

  ReplyStep next_head(std::string& out) {
    microseconds delay{};
    if (must_wait(delay)) {
      return ReplyStep(ReplyAction::kWait, delay);
    }
    phase_ = Phase::kTokens;
    out += stream_head(request_id_, use_);
    frame_.append_role(out);
    return ReplyStep(ReplyAction::kWrite);
  }

  ReplyStep next_token(std::string& out) {
    if (sent_ >= fault_due_) {
      return strike(out);
    }
    microseconds delay{};
    if (must_wait(delay)) {
      return ReplyStep(ReplyAction::kWait, delay);
    }
    if (at_ >= chunks().size()) {
      phase_ = plan_.include_usage ? Phase::kUsage : Phase::kDone;
      frame_.append_finish(out, plan_.finish_reason);
      return ReplyStep(ReplyAction::kWrite);
    }
    append_token(out);
    ++sent_;
    waited_ = false;
    if (++at_ == chunks().size() && call_ + 1 < plan_.tool_calls.size()) {
      ++call_;
      at_ = 0;
    }
    return ReplyStep(ReplyAction::kWrite, microseconds(0), 1);
  }

  void append_token(std::string& out) const {
    if (plan_.tool_calls.empty()) {
      frame_.append_text(out, plan_.chunk_text(at_));
      return;
    }
    const PlannedToolCall& call = plan_.tool_calls[call_];
    const std::size_t begin = at_ == 0 ? 0 : call.chunks[at_ - 1].end;
    if (at_ == 0) {
      frame_.append_tool_call(out, call_, call);
    }
    frame_.append_arguments(
        out, call_, std::string_view(call.arguments).substr(begin, call.chunks[at_].end - begin));
  }

  /// The planned fault's last bytes; what follows is its way of ending.
  ReplyStep strike(std::string& out) {
    phase_ = Phase::kOver;
    if (plan_.fault == SimulatedFault::kTruncate && at_ < chunks().size()) {
      // Cut inside an event and inside an HTTP chunk, where it hurts a careless reader most.
      std::string event;
      append_token(event);
      out.append(event, 0, event.size() / 2);
    } else if (plan_.fault == SimulatedFault::kErrorInStream) {
      frame_.append_error(out);
      out += kLastHttpChunk;
    } else if (plan_.fault == SimulatedFault::kMissingDone) {
      out += kLastHttpChunk;
    }
    return ReplyStep(ReplyAction::kWrite);
  }

  AnswerPlan plan_;
  StreamFrame frame_;
  std::string request_id_;
  ConnectionUse use_;
  std::size_t fault_due_;
  Phase phase_ = Phase::kHead;
  std::size_t call_ = 0;
  std::size_t at_ = 0;    // the next chunk of the text, or of the current call
  std::size_t sent_ = 0;  // chunks written in all
  bool waited_ = false;   // the wait before chunk at_ is over
};

/// One JSON body after as long as its stream would have taken.
class WholeReply final : public ReplySource {
 public:
  WholeReply(AnswerPlan plan, std::string request_id, ConnectionUse use)
      : delay_(plan.whole_delay()), fault_(plan.fault), use_(use) {
    const bool error = fault_ == SimulatedFault::kErrorInStream;
    const std::string body =
        error ? error_body("The server had an error while processing your request.", "server_error",
                           "", "server_error")
              : completion_body(plan);
    bytes_ = whole_response(200, "application/json", body,
                            {{"x-request-id", std::move(request_id)}}, use);
    if (fault_ != SimulatedFault::kNone && !error) {
      bytes_.resize(bytes_.size() - body.size() / 2);
    }
    // A body with a stated length has no end marker to leave out: it is cut instead.
    if (fault_ == SimulatedFault::kMissingDone) {
      fault_ = SimulatedFault::kTruncate;
    }
  }

  ReplyStep next(std::string& out) override {
    if (std::exchange(step_, step_ + 1) == 0 && delay_.count() > 0) {
      return ReplyStep(ReplyAction::kWait, delay_);
    }
    if (!bytes_.empty()) {
      out += bytes_;
      bytes_.clear();
      return ReplyStep(ReplyAction::kWrite);
    }
    return ReplyStep(ending_of(fault_));
  }

  ConnectionUse use() const override { return use_; }

 private:
  microseconds delay_;
  SimulatedFault fault_;
  ConnectionUse use_;
  std::string bytes_;
  int step_ = 0;
};

}  // namespace

std::unique_ptr<ReplySource> play_script(SimulatedReply script, ConnectionUse use) {
  return std::make_unique<ScriptedReply>(std::move(script), use);
}

std::unique_ptr<ReplySource> play_answer(AnswerPlan plan, std::string request_id,
                                         ConnectionUse use) {
  if (plan.stream) {
    return std::make_unique<StreamedReply>(std::move(plan), std::move(request_id), use);
  }
  return std::make_unique<WholeReply>(std::move(plan), std::move(request_id), use);
}

}  // namespace cochain
