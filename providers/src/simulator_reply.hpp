// A reply as a sequence of acts: write these bytes, wait, end in this way. Pure, so that the
// session that plays it knows nothing of the dialect and the dialect nothing of sockets.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include <cochain/providers/simulator_plan.hpp>
#include <cochain/providers/simulator_script.hpp>

#include "simulator_wire.hpp"

namespace cochain {

enum class ReplyAction {
  kWrite,             // bytes were appended; send them and ask again
  kWait,              // ask again after the delay
  kFinish,            // the answer is complete
  kClose,             // send what is pending, then end the connection in order
  kReset,             // send what is pending, then reset the connection
  kHalfClose,         // send what is pending, end our sending side, ask again
  kHang,              // never ask again
  kAwaitClientClose,  // ask again once the client has closed
};

class ReplyStep {
 public:
  explicit ReplyStep(ReplyAction what, std::chrono::microseconds how_long = {},
                     std::size_t token_events = 0)
      : action(what), delay(how_long), tokens(token_events) {}
  ReplyAction action;
  std::chrono::microseconds delay;
  std::size_t tokens;  // how many token events the written bytes hold
};

/// Something that can be played on a connection, one step at a time.
class ReplySource {
 public:
  virtual ~ReplySource() = default;
  /// The next step; the bytes of a kWrite step are appended to out.
  virtual ReplyStep next(std::string& out) = 0;
  /// Whether the connection may serve another request after kFinish.
  virtual ConnectionUse use() const = 0;
};

/// Plays a script of a test, or a single write of ready bytes.
std::unique_ptr<ReplySource> play_script(SimulatedReply script, ConnectionUse use);

/// Plays a plan: as a stream of events or as one JSON body, with its fault if it has one.
std::unique_ptr<ReplySource> play_answer(AnswerPlan plan, std::string request_id,
                                         ConnectionUse use);

}  // namespace cochain
