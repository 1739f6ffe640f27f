// A tool: what a model may ask a program to do, and the care with which it is done.
// The port that functions, agents and servers of tools implement; called by the tool runner.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include "cochain/chains/model/chat_options.hpp"
#include "cochain/chains/model/json.hpp"
#include "cochain/chains/model/message.hpp"
#include "cochain/chains/runnable/config.hpp"
#include "cochain/core/clock.hpp"
#include "cochain/core/coro.hpp"

namespace cochain {

class ThreadPoolExecutor;
class ToolCallRun;

namespace detail {
class ConcurrencyCap;
}

/// What a tool does to the world outside of it. Who runs tools asks before some of these.
enum class ToolEffect : std::uint8_t {
  kNone,     ///< computes
  kRead,     ///< reads what is the program's own: files, a database
  kWrite,    ///< changes something
  kNetwork,  ///< speaks to others
  kExec,     ///< runs programs
};

/// "none", "read", "write", "network" or "exec".
[[nodiscard]] std::string_view to_string(ToolEffect effect) noexcept;

/// What a tool throws to tell the model, in words that are meant for it, why there is no result.
class ToolError : public Error {
 public:
  using Error::Error;
};

/// What becomes of an exception that leaves a tool.
enum class ToolErrors : std::uint8_t {
  kTell,   ///< the result is an error, whose text tells the model what went wrong
  kThrow,  ///< all but ToolError leaves the run
};

/// What a tool gives back.
/// Shape:    `content` is for the model; `artifact` is for the program alone and never sent.
class ToolResult {
 public:
  ToolResult() = default;
  explicit ToolResult(std::string the_content, Json the_artifact = Json())
      : content(std::move(the_content)), artifact(std::move(the_artifact)) {}
  /// A result that says what went wrong.
  [[nodiscard]] static ToolResult error(std::string content) {
    ToolResult result(std::move(content));
    result.status = ToolStatus::kError;
    return result;
  }

  std::string content;
  Json artifact;
  ToolStatus status = ToolStatus::kSuccess;
};

/// How a tool is run: `ToolOptions().effect(ToolEffect::kRead).timeout(5s)`.
/// Shape:    each word sets when given a value and reads when given none.
class ToolOptions {
 public:
  ToolOptions() = default;

  ToolOptions& effect(ToolEffect value) { return set(effect_, value); }
  /// How long one call may run once it has a place. A call that is late is cancelled, and the
  /// model is told. A blocking tool cannot be stopped: its thread goes on, unheard, until the
  /// function returns; let the function look at ToolContext::stop_requested().
  ToolOptions& timeout(Duration value) { return set(timeout_, value); }
  /// What of the content is kept, in bytes; a longer one is cut between two characters, with a
  /// mark that says so. 256 KiB if nothing is said.
  ToolOptions& output_bytes_max(std::size_t value) { return set(output_bytes_max_, value); }
  /// At most this many calls at once on one loop, whoever makes them; the others wait, FIFO.
  /// Tools that are made with copies of these options share the places.
  ToolOptions& concurrency_max(std::size_t value);
  /// The function blocks, or computes for long: it runs on a thread of `executor`, or of the
  /// loop's default one.
  ToolOptions& blocking(std::shared_ptr<ThreadPoolExecutor> executor = nullptr);
  /// A turn in which only such tools are called, with success, ends the run of an agent: the
  /// content is the answer.
  ToolOptions& return_direct() { return set(return_direct_, true); }
  ToolOptions& errors(ToolErrors value) { return set(errors_, value); }
  /// Makes the text that the model is told of an exception other than ToolError. Without it, it is
  /// what() in one line, at most 500 bytes, with all that looks like a key blotted out.
  ToolOptions& error_text(std::function<std::string(const std::exception_ptr&)> value) {
    return set(error_text_, std::move(value));
  }

  [[nodiscard]] ToolEffect effect() const noexcept { return effect_; }
  [[nodiscard]] std::optional<Duration> timeout() const noexcept { return timeout_; }
  [[nodiscard]] std::size_t output_bytes_max() const noexcept { return output_bytes_max_; }
  [[nodiscard]] const std::shared_ptr<detail::ConcurrencyCap>& concurrency_cap() const noexcept {
    return concurrency_cap_;
  }
  [[nodiscard]] bool is_blocking() const noexcept { return blocking_; }
  [[nodiscard]] const std::shared_ptr<ThreadPoolExecutor>& executor() const noexcept {
    return executor_;
  }
  [[nodiscard]] bool returns_direct() const noexcept { return return_direct_; }
  [[nodiscard]] ToolErrors errors() const noexcept { return errors_; }
  [[nodiscard]] const std::function<std::string(const std::exception_ptr&)>& error_text()
      const noexcept {
    return error_text_;
  }

 private:
  template <class Member, class Value>
  ToolOptions& set(Member& member, Value value) {
    member = std::move(value);
    return *this;
  }

  ToolEffect effect_ = ToolEffect::kNone;
  ToolErrors errors_ = ToolErrors::kTell;
  bool blocking_ = false;
  bool return_direct_ = false;
  std::size_t output_bytes_max_ = std::size_t{256} * 1024;
  std::optional<Duration> timeout_;
  std::shared_ptr<detail::ConcurrencyCap> concurrency_cap_;
  std::shared_ptr<ThreadPoolExecutor> executor_;
  std::function<std::string(const std::exception_ptr&)> error_text_;
};

/// What a tool is told beside its arguments. The model sees none of it.
/// Shape:    a copy costs a few references.
/// Threads:  may be taken to another thread. What it points to is the program's own care.
class ToolContext {
 public:
  using Progress = std::function<void(Json)>;

  ToolContext() = default;

  /// The id that the model's call has; empty if a program called.
  [[nodiscard]] const std::string& call_id() const noexcept { return call_id_; }
  /// The settings of the run, to be handed on to what the tool calls.
  [[nodiscard]] const RunConfig& config() const noexcept { return config_; }
  /// The conversation in which the tool was called, the call itself included; empty if there is
  /// none. (The state of an agent.)
  [[nodiscard]] const Messages& messages() const noexcept;
  /// What the run was given for its tools: a connection, who the user is.
  /// Errors: InvalidStateError if the run was given nothing, or something of another type.
  template <class T>
  [[nodiscard]] T& context() const {
    return *static_cast<T*>(find_context(typeid(T), std::is_const_v<T>));
  }
  /// Tells how far the tool is: to whoever reads the events of the run, never to the model. From
  /// any thread; nothing happens if nobody reads, or once the call is over.
  void write_progress(Json value) const {
    if (progress_) progress_(std::move(value));
  }
  /// True once nobody waits for the result any more. For blocking tools, which have to look by
  /// themselves; others are cancelled.
  [[nodiscard]] bool stop_requested() const { return stopped_ && stopped_(); }

  ToolContext& with_call_id(std::string value) { return set(call_id_, std::move(value)); }
  ToolContext& with_config(RunConfig value) { return set(config_, std::move(value)); }
  ToolContext& with_messages(std::shared_ptr<const Messages> value) {
    return set(messages_, std::move(value));
  }
  template <class T>
  ToolContext& with_context(std::shared_ptr<T> value) {
    context_type_ = &typeid(T);
    context_is_const_ = std::is_const_v<T>;
    context_ = std::const_pointer_cast<std::remove_const_t<T>>(std::move(value));
    return *this;
  }
  ToolContext& with_progress(Progress value) { return set(progress_, std::move(value)); }
  ToolContext& with_stopped(std::function<bool()> value) { return set(stopped_, std::move(value)); }
  [[nodiscard]] const Progress& progress() const noexcept { return progress_; }

 private:
  template <class Member, class Value>
  ToolContext& set(Member& member, Value value) {
    member = std::move(value);
    return *this;
  }
  [[nodiscard]] void* find_context(const std::type_info& type, bool as_const) const;

  std::string call_id_;
  RunConfig config_;
  std::shared_ptr<const Messages> messages_;
  std::shared_ptr<void> context_;
  const std::type_info* context_type_ = nullptr;
  bool context_is_const_ = false;
  Progress progress_;
  std::function<bool()> stopped_;
};

/// Something that a model may ask for by name.
/// Shape:    derive and write do_call(), or make one of a function: make_tool().
/// Lives:    handled by `ToolPtr`.
/// Threads:  has no state that a call changes, so many runs may share it, each on its own loop.
class Tool {
 public:
  virtual ~Tool() = default;
  Tool(const Tool&) = delete;
  Tool& operator=(const Tool&) = delete;

  /// What the model is told: name, description, and the JSON Schema of the arguments.
  [[nodiscard]] const ToolSpec& spec() const noexcept { return spec_; }
  [[nodiscard]] const std::string& name() const noexcept { return spec_.name; }
  [[nodiscard]] const ToolOptions& options() const noexcept { return options_; }
  [[nodiscard]] ToolEffect effect() const noexcept { return options_.effect(); }

  /// What is wrong with these arguments, with the paths of the wrong places; empty if nothing is.
  [[nodiscard]] std::string check(const Json& arguments) const;

  /// Checks the arguments and runs the tool with them, by its options. A run, of which the
  /// observers of the context's configuration hear.
  /// Suspends: until it has a place and then until it is done; cancellable.
  /// Lives:    the tool until the await is over.
  /// Errors:   what goes wrong is the result, with the status kError; thrown are only
  ///           CancelledError and, with ToolErrors::kThrow, what the tool threw.
  ///           The observers of the context's configuration are told of it as of any run.
  [[nodiscard]] Coro<ToolResult> call(Json arguments, ToolContext context = ToolContext()) const;

 protected:
  /// Errors: InvalidStateError if the name is not 1 to 64 letters, digits, `_` or `-`, or if the
  ///         parameters are not the text of a JSON object.
  Tool(ToolSpec spec, ToolOptions options);

  /// Runs the tool; the arguments passed the check.
  [[nodiscard]] virtual Coro<ToolResult> do_call(Json arguments, ToolContext context) const = 0;
  /// As check(); by default, against the schema.
  [[nodiscard]] virtual std::string do_check(const Json& arguments) const;

 private:
  friend class ToolCallRun;
  enum class Checked : std::uint8_t { kNo, kYes };

  Coro<ToolResult> call(Json arguments, ToolContext context, Checked checked) const;
  Coro<ToolResult> call_told(Json arguments, ToolContext context, Checked checked) const;
  Coro<ToolResult> call_in_place(Json arguments, ToolContext context, Checked checked) const;
  Coro<ToolResult> call_in_time(Json arguments, ToolContext context) const;
  [[nodiscard]] ToolResult result_of(const std::exception_ptr& error) const;

  ToolSpec spec_;
  ToolOptions options_;
  Json schema_;
};

/// As JSON, in the events of a run.
[[nodiscard]] Json json_value(const ToolResult& result);

/// How tools are handled: shared, and never changed.
using ToolPtr = std::shared_ptr<const Tool>;

}  // namespace cochain
