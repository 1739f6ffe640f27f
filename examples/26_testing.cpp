// What you learn: testing what stands above a model, with no network and in no time.
// How to run:     build/release/bin/example_26_testing
// What it prints: a slow answer by the virtual clock, a call of a tool, a recorded answer.
#include <iostream>

#include <cochain/cochain.hpp>
#include <cochain/testing/async_test.hpp>
#include <cochain/testing/fake_chat_model.hpp>
#include <cochain/testing/forbid_network.hpp>
#include <cochain/testing/replay_transport.hpp>

using namespace cochain;
using namespace cochain::testing;

Coro<> slow_answer() {
  const auto model = make_fake(FakeScript::words("It rains.", 20s, 1s));
  const auto chain = ChatPromptTemplate().human("{question}") | model | StrOutputParser();
  const TimePoint start = EventLoop::current().time();
  Stream<std::string> pieces = chain.stream(variables("question", "The weather?"));
  while (auto piece = co_await pieces.next()) {
    std::cout << (EventLoop::current().time() - start) / 1s << " s: \"" << *piece << "\"\n";
  }
  std::cout << "it was asked: " << model->calls().asked.at(0).at(0).text() << '\n';
}

Coro<> one_script_per_call() {
  const auto model =
      make_fake(FakeScript::calling(ToolCall("1", "weather", R"({"city":"Oslo"})")),
                FakeScript::saying({"Rain"}).fail_at(2, RateLimitError("slow down")));
  const AIMessage answer = co_await model->invoke(messages("The weather in Oslo?"));
  const ToolCall call = answer.tool_calls().at(0);
  std::cout << "it calls " << call.name << ' ' << call.arguments << '\n';
  try {
    co_await model->invoke(messages("And now?"));
  } catch (const ModelError& error) {
    std::cout << "then it fails: " << error.what() << '\n';
  }
}

constexpr const char* kRecording =
    R"({"path": "/v1/chat/completions", "status": 200, "body": "{\"choices\": [{\"message\":)"
    R"( {\"content\": \"Sun.\"}, \"finish_reason\": \"stop\"}]}"})";

Coro<> recorded_answer() {
  const auto replay = std::make_shared<ReplayTransport>(parse_exchanges(kRecording));
  const auto model = make_openai_model(OpenAIOptions("gpt-5-mini").with_transport(replay));
  const AIMessage answer = co_await model->invoke(messages("The weather?"));
  std::cout << "recorded: " << answer.text() << '\n';
}

int main() {
  const auto offline = forbid_network();
  run_test(slow_answer());
  run_test(one_script_per_call());
  run_test(recorded_answer());
  std::cout << "attempts to reach the network: " << offline.attempts() << '\n';
}
