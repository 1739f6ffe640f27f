// What you learn: conversations as values: read, shown, stored, sent elsewhere, cut to a budget.
// How to run:     build/release/bin/example_20_messages
// What it prints: which tool calls can be run, a message for people, two forms of JSON, what is
// kept.
#include <iostream>

#include <cochain/chains.hpp>

using namespace cochain;

Messages conversation() {
  AIMessage asks("Let me look.");
  asks.parts.emplace_back(ToolCall("call_1", "weather", R"({"city": "Oslo"})"));
  asks.parts.emplace_back(ToolCall("call_2", "weather", R"({"city": "Ber)"));
  asks.finish_reason = FinishReason::kLength;

  ToolMessage rain("Rain, 8 degrees.", "call_1");
  rain.artifact = json_object("degrees", 8);  // for the program; no model sees it

  HumanMessage picture("And what is this?");
  picture.add(ImagePart::from_url("https://example.org/cloud.png"));
  return messages(SystemMessage("Be brief."), "Do I need a coat?", asks, rain,
                  AIMessage("Yes, a raincoat."), picture);
}

void show_calls(const AIMessage& answer) {
  const ParsedToolCalls calls = parsed_tool_calls(answer);
  for (const ParsedToolCall& call : calls.valid) {
    std::cout << "run " << call.name << " for " << call.args.at("city") << '\n';
  }
  for (const InvalidToolCall& call : calls.invalid) {
    std::cout << "do not run " << call.id << ": " << call.error << '\n';
  }
}

int main() {
  const Messages talk = conversation();
  show_calls(*talk[2].get_if<AIMessage>());
  std::cout << '\n' << pretty_text(talk[3]) << '\n';

  const Json stored = messages_to_json(talk);
  std::cout << json_text(stored.at(3)) << '\n';
  std::cout << (messages_from_json(stored) == talk ? "nothing is lost\n" : "it changed\n");
  std::cout << json_text(to_openai_json(messages(talk.back())).at(0)) << "\n\n";

  const Messages tail = trim_messages(talk, TrimOptions(120).keep_system().start_on(Role::kHuman));
  std::cout << get_buffer_string(tail) << '\n';
  const std::int64_t tokens = count_tokens_approximately(talk);
  std::cout << "about " << tokens << " tokens before, " << count_tokens_approximately(tail)
            << " after\n";

  const Messages by_hand = convert_to_messages({{"system", "Be brief."}, {"user", "Is 1 < 2?"}});
  std::cout << get_buffer_string(by_hand, BufferOptions().format(BufferFormat::kXml)) << '\n';
}
