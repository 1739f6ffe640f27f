// What you learn: an agent, which calls tools until it can answer; its events, limits and answer.
// How to run:     build/release/bin/example_25_agent
// What it prints: what the agent does, step by step, and an answer that is a struct.
#include <iostream>
#include <string>

#include <cochain/cochain.hpp>
#include <cochain/testing/fake_chat_model.hpp>

using namespace cochain;
using namespace std::chrono_literals;

struct Numbers {
  double a = 0;
  double b = 0;
};
BOOST_DESCRIBE_STRUCT(Numbers, (), (a, b))

struct Price {
  double total = 0;
  std::string currency;
};
BOOST_DESCRIBE_STRUCT(Price, (), (total, currency))

// So that it runs without a network, the model follows a script: put `open_model(...)` here.
std::shared_ptr<ChatModel> scripted_model() {
  using testing::FakeScript;
  return testing::make_fake(
      {FakeScript::calling(ToolCall("1", "multiply", R"({"a":3,"b":4.5})"),
                           ToolCall("2", "multiply", R"({"a":2,"b":"ten"})")),
       FakeScript::calling(ToolCall("3", "multiply", R"({"a":2,"b":10})")),
       FakeScript::calling(ToolCall("4", "final_answer", R"({"total":33.5,"currency":"EUR"})"))});
}

Coro<> shop() {
  const ToolPtr multiply = make_tool<Numbers>("multiply", "Multiplies two numbers.",
                                              [](Numbers each) { return each.a * each.b; });
  const Agent agent = create_agent(scripted_model(), tools(multiply),
                                   AgentOptions()
                                       .system_prompt("You reckon what things cost.")
                                       .limits(AgentLimits().steps_max(10).wall_time(30s))
                                       .response_format<Price>());

  std::optional<AgentAnswer> answer;
  Stream<AgentEvent> events = agent.stream("3 pens at 4.50 and 2 books at 10?");
  while (auto event = co_await events.next()) {
    std::cout << event->text();
    if (event->kind == AgentEventKind::kToolResult) {
      const ToolEvent& tool = *event->tool();
      std::cout << event->step << ": " << tool.call.name << tool.call.arguments << " -> "
                << tool.result.content << '\n';
    }
    if (event->kind == AgentEventKind::kDone) answer = event->take_answer();
  }
  const Price price = answer->get<Price>();
  std::cout << price.total << ' ' << price.currency << " in " << answer->steps << " steps\n";
}

int main() { run(shop()); }
