// Messages as JSON in our own form: nothing is lost, and a complaint names the place.

#include "cochain/chains/model/message_json.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "cochain/chains/model/error.hpp"

namespace cochain {
namespace {

// Any message at all: every field filled or empty by chance.
class AnyMessage {
 public:
  explicit AnyMessage(unsigned seed) : random_(seed) {}

  Message message() {
    switch (below(4)) {
      case 0: return filled(SystemMessage(text()));
      case 1: return filled(HumanMessage(parts()));
      case 2: return ai();
      default: return tool();
    }
  }

 private:
  unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }

  std::string text() {
    static const std::string kAscii = "ab \"\\\n\x01{}[]:,";
    const auto kinds = static_cast<unsigned>(kAscii.size()) + 2;
    std::string made;
    for (unsigned n = below(12); n > 0; --n) {
      const unsigned at = below(kinds);
      if (at < kAscii.size()) {
        made += kAscii[at];
      } else {
        made += at + 1 == kinds ? "é" : "😀";
      }
    }
    return made;
  }

  template <class M>
  M filled(M message) {
    message.name = text();
    message.id = text();
    message.provider_data = text();
    return message;
  }

  ContentPart part() {
    switch (below(7)) {
      case 0: return with_data(TextPart(text()));
      case 1: return with_data(RefusalPart(text()));
      case 2: return with_data(ReasoningPart(text(), text(), text()));
      case 3: return with_data(ToolCall(text(), text(), text()));
      case 4: {
        ImagePart image = ImagePart::from_url(text(), text());
        image.data = text();
        image.mime_type = text();
        return with_data(image);
      }
      case 5: {
        FilePart file = FilePart::from_base64(text(), text(), text());
        file.url = text();
        file.file_id = text();
        return with_data(file);
      }
      default: {
        AudioPart audio = AudioPart::from_base64(text(), text());
        audio.url = text();
        return with_data(audio);
      }
    }
  }

  template <class Part>
  Part with_data(Part part) {
    if (below(2) == 0) part.provider_data = text();
    return part;
  }

  std::vector<ContentPart> parts() {
    std::vector<ContentPart> made;
    for (unsigned n = below(4); n > 0; --n) made.push_back(part());
    return made;
  }

  AIMessage ai() {
    AIMessage message = filled(AIMessage(parts()));
    message.finish_reason = static_cast<FinishReason>(below(7));
    message.finish_raw = text();
    message.request_id = text();
    message.model = text();
    message.service_tier = text();
    if (below(2) == 0) message.usage = Usage(below(100), below(100));
    if (below(2) == 0) {
      message.usage.known = below(2) == 0;
      message.usage.total_tokens = below(3);
      message.usage.cache_read_tokens = below(3);
      message.usage.cache_write_tokens = below(3);
      message.usage.reasoning_tokens = below(3);
    }
    return message;
  }

  ToolMessage tool() {
    ToolMessage message = filled(ToolMessage(text(), text()));
    if (below(2) == 0) message.status = ToolStatus::kError;
    if (below(2) == 0) {
      message.artifact = json_object("n", below(9), "list", json_array(1.5, nullptr, text()));
    }
    return message;
  }

  std::mt19937 random_;
};

std::string complaint(std::string_view text) {
  try {
    const Messages read = messages_from_json(parse_json(text));
    ADD_FAILURE() << read.size() << " messages were read of " << text;
    return {};
  } catch (const ParseError& error) {
    return error.what();
  }
}

TEST(MessageJson, EveryMessageComesBackAsItWas) {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    const Message message = AnyMessage(seed).message();
    const Json json = message_to_json(message);
    ASSERT_EQ(message_from_json(json), message) << "seed " << seed << ": " << json_text(json);
    // And through its text, as a store keeps it.
    ASSERT_EQ(message_from_json(parse_json(json_text(json))), message) << "seed " << seed;
  }
}

TEST(MessageJson, IsReadableAndSaysNothingThatIsEmpty) {
  EXPECT_EQ(json_text(message_to_json(SystemMessage("Be brief."))),
            R"({"type":"system","content":"Be brief."})");
  EXPECT_EQ(json_text(message_to_json(HumanMessage("Hi"))), R"({"type":"human","content":"Hi"})");
  AIMessage answer;
  answer.parts.emplace_back(ReasoningPart("hm", "sig"));
  answer.parts.emplace_back(ToolCall("c1", "weather", R"({"city":"Oslo"})"));
  answer.finish_reason = FinishReason::kToolCalls;
  answer.usage = Usage(3, 4);
  EXPECT_EQ(json_text(message_to_json(answer)),
            R"({"type":"ai","content":[{"type":"reasoning","text":"hm","signature":"sig"},)"
            R"({"type":"tool_call","id":"c1","name":"weather","arguments":"{\"city\":\"Oslo\"}"}],)"
            R"("usage":{"input_tokens":3,"output_tokens":4,"total_tokens":7},)"
            R"("finish_reason":"tool_calls"})");
  EXPECT_EQ(json_text(message_to_json(ToolMessage("4", "c1"))),
            R"({"type":"tool","content":"4","tool_call_id":"c1","status":"success"})");
}

TEST(MessageJson, APartsProviderDataKeepsItsBytes) {
  AIMessage answer;
  answer.parts.emplace_back(TextPart("x"));
  std::get<TextPart>(answer.parts[0]).provider_data = R"({ "openai" : {"a":1.50} })";
  EXPECT_EQ(message_from_json(parse_json(json_text(message_to_json(answer)))), Message(answer));
}

TEST(MessageJson, HandWrittenFormsAreRead) {
  const Messages read = messages_from_json(parse_json(
      R"([{"type":"human","content":["a",{"type":"text","text":"b"}],"name":null,"new":1},)"
      R"({"type":"ai","content":[{"type":"tool_call","name":"f","args":{"x":1}}]},)"
      R"({"type":"tool"}])"));
  ASSERT_EQ(read.size(), 3U);
  EXPECT_EQ(read[0].text(), "ab");
  EXPECT_EQ(read[1].get_if<AIMessage>()->tool_calls()[0], ToolCall("", "f", R"({"x":1})"));
  EXPECT_EQ(read[2], Message(ToolMessage()));
  EXPECT_TRUE(messages_from_json(JsonArray()).empty());
}

TEST(MessageJson, AComplaintNamesThePlace) {
  EXPECT_EQ(complaint("{}"), "$: wanted an array, found an object");
  EXPECT_EQ(complaint("[1]"), "$[0]: wanted an object, found a number");
  EXPECT_EQ(complaint("[{}]"), "$[0]: member \"type\" is missing");
  EXPECT_EQ(complaint(R"([{"type":"human"},{"type":"robot"}])"),
            "$[1].type: no message is called \"robot\"");
  EXPECT_EQ(complaint(R"([{"type":"system","content":["x"]}])"),
            "$[0].content: wanted a string, found an array");
  EXPECT_EQ(complaint(R"([{"type":"ai","content":3}])"),
            "$[0].content: wanted a string or an array of blocks, found a number");
  EXPECT_EQ(complaint(R"([{"type":"ai","content":["x",{"type":"smell"}]}])"),
            "$[0].content[1].type: no block is called \"smell\"");
  EXPECT_EQ(complaint(R"([{"type":"ai","content":[{"type":"text"}]}])"),
            "$[0].content[0]: member \"text\" is missing");
  EXPECT_EQ(complaint(R"([{"type":"ai","content":[{"type":"tool_call","args":"x"}]}])"),
            "$[0].content[0].args: wanted an object, found a string");
  EXPECT_EQ(complaint(R"([{"type":"ai","usage":{"input_tokens":1.5}}])"),
            "$[0].usage.input_tokens: wanted a whole number, found a number");
  EXPECT_EQ(complaint(R"([{"type":"ai","finish_reason":"tired"}])"),
            "$[0].finish_reason: no finish reason is called \"tired\"");
  EXPECT_EQ(complaint(R"([{"type":"tool","status":"odd"}])"),
            "$[0].status: no status is called \"odd\"");
}

}  // namespace
}  // namespace cochain
