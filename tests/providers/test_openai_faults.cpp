// The chat dialect's streams when something is wrong: errors inside, ends that do not come, bytes
// that are no UTF-8 and documents that are no JSON.

#include <gtest/gtest.h>

#include <string>

#include "cochain/chains/model/error.hpp"
#include "cochain/providers/openai_wire.hpp"
#include "openai_samples.hpp"

namespace cochain {
namespace {

using namespace std::string_literals;
using test::chunk;
using test::Chunks;
using test::read_chunks;
using test::read_stream;
using test::sample;

TEST(OpenAIFaults, TellsOfAnErrorAfterContentAndKeepsTheText) {
  AIMessage message;
  try {
    read_stream(sample("error_after_content.sse"), 0, {}, &message);
    FAIL() << "no error";
  } catch (const StreamError& error) {
    EXPECT_EQ(error.partial_text(), "Half an answer");
    EXPECT_EQ(error.info().type, "overloaded_error");
    EXPECT_EQ(error.info().code, "529");
    EXPECT_TRUE(error.retryable());
    EXPECT_EQ(std::string(error.what()).find("abcdefghijklmnop"), std::string::npos);
  }
  EXPECT_EQ(message.text(), "Half an answer");
}

TEST(OpenAIFaults, KnowsEveryShapeOfAnErrorInside) {
  for (const std::string error :
       {R"({"error":{"message":"bad","type":"t","code":null}})", R"({"error":"bad"})",
        R"({"message":"bad","object":"error","code":400})", R"({"detail":"bad"})",
        R"({"type":"error","error":{"type":"overloaded_error","message":"bad"}})",
        R"({"code":"x","error":"bad"})", R"({"x_groq":{"error":"bad"},"choices":[]})"}) {
    OpenAIStreamDecoder decoder;
    try {
      test::give(decoder, error);
      ADD_FAILURE() << error;
    } catch (const StreamError& wrong) {
      EXPECT_EQ(wrong.message(), "bad") << error;
    }
  }
}

TEST(OpenAIFaults, TakesANullOrEmptyErrorForNone) {
  for (const std::string error : {"null", "{}", "\"\""}) {
    const std::string data = R"({"error":)" + error +
                             R"(,"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]})";
    EXPECT_EQ(read_chunks({data}).text(), "a");
  }
}

TEST(OpenAIFaults, IsIncompleteWithoutEndMarkAndReason) {
  OpenAIStreamDecoder decoder;
  test::give(decoder, chunk(R"({"content":"half"})"));
  try {
    decoder.finish();
    FAIL() << "no error";
  } catch (const IncompleteStreamError& error) {
    EXPECT_EQ(error.partial_text(), "half");
    EXPECT_TRUE(error.retryable());
  }
  EXPECT_FALSE(decoder.done());
  EXPECT_THROW(OpenAIStreamDecoder().finish(), IncompleteStreamError);
  OpenAIStreamDecoder empty;
  EXPECT_THROW(test::give(empty, "[DONE]"), IncompleteStreamError);
}

TEST(OpenAIFaults, MendsBrokenUtf8AndLoneSurrogates) {
  EXPECT_EQ(read_chunks({chunk("{\"content\":\"a\xFF\xC3"
                               "b\"}",
                               "stop")})
                .text(),
            "a\xEF\xBF\xBD\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(read_chunks({chunk(R"({"content":"a\ud83d b"})", "stop")}).text(), "a\xEF\xBF\xBD b");
  EXPECT_EQ(read_chunks({chunk(R"({"content":"a\ude00b"})", "stop")}).text(),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(read_chunks({chunk(R"({"content":"\ud83d\ude00 \\ud83d"})", "stop")}).text(),
            "\xF0\x9F\x98\x80 \\ud83d");
  EXPECT_EQ(read_chunks({chunk("{\"content\":\"\xFF\\ud83d\"}", "stop")}).text(),
            "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(read_chunks({chunk(R"({"content":"a\u0000b"})", "stop")}).text(), "a\0b"s);
}

TEST(OpenAIFaults, RefusesWhatIsNoJsonAnywhereInTheDocument) {
  for (const std::string data :
       {R"({"roledata: {)", R"({"choices":[{"delta":{"content":"a"}}],"x":tru})", "{", "<html>",
        R"({"choices":[]} trailing)", "{\"choices\":[{\"delta\":{\"content\":\"a\nb\"}}]}"}) {
    OpenAIStreamDecoder decoder;
    test::give(decoder, chunk(R"({"content":"so far"})"));
    try {
      test::give(decoder, data);
      ADD_FAILURE() << data;
    } catch (const ProtocolError& error) {
      EXPECT_EQ(error.partial_text(), "so far");
      EXPECT_FALSE(error.retryable());
    }
  }
}

TEST(OpenAIFaults, RefusesDepthAndTakesGiantsWithoutACrash) {
  OpenAIStreamDecoder decoder;
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_THROW(test::give(decoder, R"({"x":)" + deep + "}"), LimitError);
  EXPECT_THROW(test::give(decoder, std::string(100'000, '[')), ModelError);
  const std::string number(1'000'000, '9');
  EXPECT_THROW(test::give(decoder, R"({"x":)" + number + "}"), ProtocolError);
  const std::string big(5'000'000, 'x');
  EXPECT_EQ(read_chunks({chunk(R"({"content":")" + big + "\"}", "stop")}).text(), big);
}

TEST(OpenAIFaults, SplitsTwoDocumentsThatLostTheirBlankLine) {
  EXPECT_EQ(read_chunks({chunk(R"({"content":"a"})") + "\n" + chunk(R"({"content":"b"})", "stop") +
                         "\n[DONE]"})
                .text(),
            "ab");
  OpenAIStreamDecoder decoder;
  EXPECT_THROW(test::give(decoder, chunk(R"({"content":"a"})") + "\n{torn"), ProtocolError);
  EXPECT_FALSE(decoder.next_event());
}

TEST(OpenAIFaults, GivesUpOnTooManyBlocks) {
  OpenAIStreamDecoder decoder;
  EXPECT_THROW(
      for (int i = 0; i < 6000; ++i) {
        test::give(decoder, chunk(R"({"content":"a"})"));
        test::give(decoder, chunk(R"({"reasoning":"b"})"));
        while (decoder.next_event()) {
        }
      },
      LimitError);
}

TEST(OpenAIFaults, AcceptsATornLastEventOnlyIfItIsWhole) {
  const std::string body = "data: " + chunk(R"({"content":"a"})") + "\n\ndata: ";
  const std::string last = chunk("{}", "stop");
  for (std::size_t size = 0; size < last.size(); ++size) {
    EXPECT_THROW(read_stream(body + last.substr(0, size)), IncompleteStreamError) << size;
  }
  EXPECT_EQ(read_stream(body + last).text(), "a");
  EXPECT_EQ(read_stream(body + "[DONE]").text(), "a");
}

TEST(OpenAIFaults, SurvivesWhatMayBeMissing) {
  const Chunks chunks = {
      "{}",
      R"({"choices":null})",
      R"({"choices":[]})",
      R"({"choices":[{}]})",
      R"({"choices":[null,7]})",
      R"({"choices":[{"delta":null}]})",
      R"({"choices":[{"delta":{"content":null,"role":"assistant"}}]})",
      R"({"choices":[{"delta":{"role":"assistant"},"finish_reason":""}]})",
      R"({"choices":[{"delta":{"content":7,"tool_calls":null,"reasoning":[]}}]})",
      R"({"choices":[{"delta":{"tool_calls":[null,{},{"function":null}]}}],"usage":null})",
      "[]",
      "7",
      "\"text\"",
      "",
      "  ",
      R"({"choices":[{"delta":{"content":"a","new":{"x":[1]}},"also_new":1}],"obfuscation":"x"})",
      R"({"choices":[{"delta":{"content":""},"finish_reason":"stop"}],"usage":{}})",
  };
  const AIMessage message = read_chunks(chunks);
  EXPECT_EQ(message.text(), "a");
  EXPECT_FALSE(message.usage.known);
}

}  // namespace
}  // namespace cochain
