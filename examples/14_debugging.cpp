// What you learn: debug mode, which tells mistakes while they happen; and seeing who awaits whom.
// How to run:     build/release/bin/example_14_debugging
// What it prints: three mistakes by their kind, then where a waiting task stands.
#include <iostream>
#include <thread>

#include <cochain/core.hpp>

using namespace cochain;
using namespace std::chrono_literals;

const char* name_of(DiagnosticKind kind) {
  switch (kind) {
    case DiagnosticKind::kSlowCallback: return "a step held the loop";
    case DiagnosticKind::kNeverAwaited: return "a coroutine was never awaited";
    case DiagnosticKind::kSwallowedCancellation: return "a cancellation was swallowed";
    default: return "something else";
  }
}

Coro<> blocks() {
  std::this_thread::sleep_for(300ms);  // wrong: nobody else runs; right: co_await sleep(..)
  co_return;
}

Coro<> stubborn() {
  try {
    co_await sleep(1h);
  } catch (const CancelledError&) {  // wrong: clean up, then throw it on
  }
}

Coro<> wait_at(Event& gate) { co_await gate.wait(); }
Coro<> visit(Event& gate) { co_await wait_at(gate); }

Coro<> make_mistakes() {
  co_await create_task(blocks());
  {
    const Coro<> forgotten = stubborn();
  }
  const Task<> task = create_task(stubborn());
  co_await sleep(1ms);
  task.cancel();
  co_await task;

  Event gate;
  const Task<> visitor = create_task(visit(gate), "visitor");
  co_await sleep(1ms);
  for (const StackFrame& frame : visitor.get_stack())
    std::cout << frame.function << ", line " << frame.line << '\n';
  gate.set();
  co_await visitor;
}

int main() {
  set_diagnostic_handler([](const Diagnostic& found) { std::cout << name_of(found.kind) << '\n'; });
  RunOptions options;
  options.with_debug(DebugOptions().slow_callback_duration(250ms));
  options.with_clock(std::make_shared<VirtualClock>());  // no age, no waiting
  run(make_mistakes(), options);
}
