// What a step says of itself: for explain(), for drawings of chains, and for the names of runs.
#pragma once

#include <cstdint>
#include <string>
#include <typeinfo>
#include <utility>
#include <vector>

#include "cochain/chains/runnable/run.hpp"

namespace cochain {

/// How the parts of a step hang together.
enum class StepShape : std::uint8_t {
  kLeaf,      ///< has no parts
  kSequence,  ///< one part after the other
  kParallel,  ///< all parts at once, on the same input
  kChoice,    ///< one of its parts
  kWrapper,   ///< one part, and something around it
};

/// A step, seen from outside.
/// Shape:    `streams` is true if pieces of output come before the input is whole; a step that does
///           not is where a chain waits. `labels` names the parts, if they have names.
class StepInfo {
 public:
  StepInfo() = default;
  StepInfo(std::string the_name, std::string the_input, std::string the_output)
      : name(std::move(the_name)), input(std::move(the_input)), output(std::move(the_output)) {}

  std::string name;
  std::string input;   ///< a type, as a person would write it
  std::string output;  ///< the same
  RunKind kind = RunKind::kChain;
  StepShape shape = StepShape::kLeaf;
  bool streams = false;
  std::string note;  ///< limits, executors, policies: what else is worth knowing
  std::vector<StepInfo> parts;
  std::vector<std::string> labels;

  StepInfo& with_note(std::string value) {
    note = std::move(value);
    return *this;
  }
  StepInfo& with_shape(StepShape value) {
    shape = value;
    return *this;
  }
  StepInfo& add(StepInfo part, std::string label = {}) {
    parts.push_back(std::move(part));
    labels.push_back(std::move(label));
    return *this;
  }
};

/// A type as a person would write it: "string", "vector<Message>".
[[nodiscard]] std::string type_name(const std::type_info& type);
template <class T>
[[nodiscard]] std::string type_name() {
  return type_name(typeid(T));
}

/// What all steps have, whatever goes in and out.
class RunnableBase {
 public:
  virtual ~RunnableBase() = default;

  /// What it is called in events and drawings; the name of its class unless it says otherwise.
  [[nodiscard]] virtual std::string name() const;
  [[nodiscard]] virtual RunKind kind() const noexcept { return RunKind::kChain; }
  [[nodiscard]] virtual StepInfo info() const = 0;
  /// True if do_transform() gives pieces before its input is over.
  [[nodiscard]] virtual bool streams() const noexcept { return false; }
  /// True if it only stands before another step: its runs are those of that step.
  [[nodiscard]] virtual bool transparent() const noexcept { return false; }

 protected:
  RunnableBase() = default;
  RunnableBase(const RunnableBase&) = default;
  RunnableBase(RunnableBase&&) noexcept = default;
  RunnableBase& operator=(const RunnableBase&) = default;
  RunnableBase& operator=(RunnableBase&&) noexcept = default;
};

}  // namespace cochain
