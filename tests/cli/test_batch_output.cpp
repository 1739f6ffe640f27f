// The lines of a batch's output, as other tools will read them.

#include "batch_output.hpp"

#include <stdexcept>
#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <boost/json.hpp>

#include "cochain/chains/model/error.hpp"

namespace cochain::cli {
namespace {

namespace json = boost::json;

json::object parsed(const std::string& line) {
  EXPECT_TRUE(line.ends_with('\n'));
  EXPECT_EQ(line.find('\n'), line.size() - 1) << "a line has one end";
  return json::parse(line).as_object();
}

AIMessage sample_answer() {
  AIMessage answer("Hello\n\"you\" \xF0\x9F\x8E\x89");
  answer.id = "chatcmpl-1";
  answer.model = "m-1";
  answer.request_id = "req_1";
  answer.finish_reason = FinishReason::kStop;
  answer.finish_raw = "stop";
  answer.usage = Usage(3, 4);
  return answer;
}

TEST(BatchOutput, WritesAnAnswerAsAChatCompletion) {
  const json::object row = parsed(format_answer(7, "my id", sample_answer(), 1700000000));
  EXPECT_EQ(row.at("id"), "batch_req_7");
  EXPECT_EQ(row.at("custom_id"), "my id");
  EXPECT_TRUE(row.at("error").is_null());
  const json::object& response = row.at("response").as_object();
  EXPECT_EQ(response.at("status_code"), 200);
  EXPECT_EQ(response.at("request_id"), "req_1");
  const json::object& body = response.at("body").as_object();
  EXPECT_EQ(body.at("object"), "chat.completion");
  EXPECT_EQ(body.at("id"), "chatcmpl-1");
  EXPECT_EQ(body.at("model"), "m-1");
  EXPECT_EQ(body.at("created"), 1700000000);
  const json::object& choice = body.at("choices").at(0).as_object();
  EXPECT_EQ(choice.at("finish_reason"), "stop");
  EXPECT_EQ(choice.at("message").at("role"), "assistant");
  EXPECT_EQ(choice.at("message").at("content"), "Hello\n\"you\" \xF0\x9F\x8E\x89");
  EXPECT_TRUE(choice.at("message").at("refusal").is_null());
  EXPECT_FALSE(choice.at("message").as_object().contains("tool_calls"));
  EXPECT_EQ(body.at("usage").at("prompt_tokens"), 3);
  EXPECT_EQ(body.at("usage").at("completion_tokens"), 4);
  EXPECT_EQ(body.at("usage").at("total_tokens"), 7);
}

TEST(BatchOutput, WritesToolCallsRefusalsAndUnknownTokens) {
  AIMessage answer;
  answer.parts.emplace_back(ToolCall("call_1", "look_up", R"({"q":1})"));
  answer.finish_reason = FinishReason::kToolCalls;
  const json::object row = parsed(format_answer(1, "a", answer, 0));
  const json::value& body = row.at("response").at("body");
  const json::value& message = body.at("choices").at(0).at("message");
  EXPECT_TRUE(message.at("content").is_null());
  EXPECT_EQ(message.at("tool_calls").at(0).at("id"), "call_1");
  EXPECT_EQ(message.at("tool_calls").at(0).at("type"), "function");
  EXPECT_EQ(message.at("tool_calls").at(0).at("function").at("arguments"), R"({"q":1})");
  EXPECT_EQ(body.at("choices").at(0).at("finish_reason"), "tool_calls");
  EXPECT_TRUE(body.at("usage").is_null());

  AIMessage refused;
  refused.parts.emplace_back(RefusalPart("I cannot."));
  const json::object other = parsed(format_answer(1, "a", refused, 0));
  const json::value& words = other.at("response").at("body").at("choices").at(0).at("message");
  EXPECT_EQ(words.at("refusal"), "I cannot.");
  EXPECT_TRUE(words.at("content").is_null());
}

TEST(BatchOutput, TellsTheStatusAndBodyOfAFailedCall) {
  ErrorInfo info;
  info.http_status = 429;
  info.request = "req_9";
  info.body = R"({"error":{"message":"slow down"}})";
  const auto error = std::make_exception_ptr(RateLimitError("slow down", info));
  const json::object row = parsed(format_failure(3, "a", error));
  EXPECT_EQ(row.at("response").at("status_code"), 429);
  EXPECT_EQ(row.at("response").at("request_id"), "req_9");
  EXPECT_EQ(row.at("response").at("body").at("error").at("message"), "slow down");
  EXPECT_EQ(row.at("error").at("code"), "rate_limit");
  EXPECT_EQ(row.at("error").at("message"), "slow down");
}

TEST(BatchOutput, KeepsABodyThatIsNoJsonAsText) {
  ErrorInfo info;
  info.http_status = 502;
  info.body = "<html>bad\xFF gateway</html>";
  const auto error = std::make_exception_ptr(ServerError("bad gateway", info));
  const json::object row = parsed(format_failure(3, "a", error));
  EXPECT_EQ(row.at("response").at("body"), "<html>bad? gateway</html>");
}

TEST(BatchOutput, HasNoResponseWhereNoneCame) {
  const auto broken =
      std::make_exception_ptr(IncompleteStreamError("cut", ErrorInfo().status(200)));
  const json::object row = parsed(format_failure(3, "a", broken));
  EXPECT_TRUE(row.at("response").is_null());
  EXPECT_EQ(row.at("error").at("code"), "incomplete");
  const auto other = std::make_exception_ptr(std::runtime_error("strange"));
  EXPECT_EQ(parsed(format_failure(3, "a", other)).at("error").at("code"), "failed");
}

TEST(BatchOutput, WritesABadRow) {
  BatchRow bad;
  bad.line = 12;
  bad.id = "row-12";
  bad.error_code = "invalid_json";
  bad.error = "not valid JSON";
  const json::object row = parsed(format_bad_row(bad));
  EXPECT_EQ(row.at("id"), "batch_req_12");
  EXPECT_EQ(row.at("custom_id"), "row-12");
  EXPECT_TRUE(row.at("response").is_null());
  EXPECT_EQ(row.at("error").at("code"), "invalid_json");
}

TEST(ReorderBuffer, HoldsBackUntilTheGapIsFilled) {
  ReorderBuffer buffer;
  EXPECT_FALSE(buffer.next());
  buffer.add(2, "c");
  buffer.add(1, "b");
  EXPECT_FALSE(buffer.next());
  EXPECT_EQ(buffer.size(), 2U);
  buffer.add(0, "a");
  EXPECT_EQ(buffer.next(), "a");
  EXPECT_EQ(buffer.next(), "b");
  EXPECT_EQ(buffer.next(), "c");
  EXPECT_FALSE(buffer.next());
}

TEST(ReorderBuffer, GivesTheRestInOrderWhenGapsWillStay) {
  ReorderBuffer buffer;
  buffer.add(5, "f");
  buffer.add(3, "d");
  EXPECT_FALSE(buffer.next());
  buffer.skip_gaps();
  EXPECT_EQ(buffer.next(), "d");
  EXPECT_EQ(buffer.next(), "f");
  EXPECT_FALSE(buffer.next());
}

}  // namespace
}  // namespace cochain::cli
