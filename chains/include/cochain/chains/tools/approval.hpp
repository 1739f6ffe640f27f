// Who decides whether a tool may run: rules by effect, and somebody who is asked.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "cochain/chains/tools/tool.hpp"

namespace cochain {

/// The word of whoever was asked about one call.
class Approval {
 public:
  enum class Kind : std::uint8_t { kApprove, kDeny, kEdit };

  [[nodiscard]] static Approval approve() { return Approval(Kind::kApprove, {}, Json()); }
  /// The tool does not run; the model is told so, and why.
  [[nodiscard]] static Approval deny(std::string reason = {}) {
    return Approval(Kind::kDeny, std::move(reason), Json());
  }
  /// The tool runs with these arguments, if they pass the check.
  [[nodiscard]] static Approval edit(Json arguments) {
    return Approval(Kind::kEdit, {}, std::move(arguments));
  }

  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }
  [[nodiscard]] const Json& arguments() const noexcept { return arguments_; }

 private:
  Approval(Kind kind, std::string reason, Json arguments)
      : kind_(kind), reason_(std::move(reason)), arguments_(std::move(arguments)) {}
  Kind kind_;
  std::string reason_;
  Json arguments_;
};

/// What happens when a tool of some effect is called.
enum class ApprovalRule : std::uint8_t {
  kAllow,
  kAsk,  ///< whoever is asked decides; if nobody can be asked, it is denied
  kDeny,
};

/// Which tools may run: `ApprovalPolicy().allow(ToolEffect::kNetwork).ask(function)`.
/// Shape:    by default tools of the effects kNone and kRead run, and the others are asked about,
///           which, as long as there is no function to ask, means denied.
class ApprovalPolicy {
 public:
  /// Decides about one call. Asked about one call of a turn after the other, in their order, while
  /// tools that are allowed run already. If it throws, the call is denied.
  using Ask = std::function<Coro<Approval>(ToolCall, ToolPtr)>;

  ApprovalPolicy() = default;
  ApprovalPolicy& rule(ToolEffect effect, ApprovalRule value) {
    rules_.at(static_cast<std::size_t>(effect)) = value;
    return *this;
  }
  ApprovalPolicy& allow(ToolEffect effect) { return rule(effect, ApprovalRule::kAllow); }
  ApprovalPolicy& deny(ToolEffect effect) { return rule(effect, ApprovalRule::kDeny); }
  /// Who is asked.
  ApprovalPolicy& ask(Ask function) {
    ask_ = std::move(function);
    return *this;
  }

  [[nodiscard]] ApprovalRule rule(ToolEffect effect) const {
    return rules_.at(static_cast<std::size_t>(effect));
  }
  [[nodiscard]] const Ask& asked() const noexcept { return ask_; }

 private:
  std::array<ApprovalRule, 5> rules_ = {ApprovalRule::kAllow, ApprovalRule::kAllow,
                                        ApprovalRule::kAsk, ApprovalRule::kAsk, ApprovalRule::kAsk};
  Ask ask_;
};

}  // namespace cochain
