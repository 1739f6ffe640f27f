// What a line of a batch's input is taken for, and what is said about one that is wrong.

#include "batch_input.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace cochain::cli {
namespace {

/// Parses lines one after another, as a file gives them.
class Rows {
 public:
  explicit Rows(RowSettings settings = RowSettings()) : parser_(std::move(settings)) {}
  std::optional<BatchRow> try_add(std::string text) {
    return parser_.parse(TextLine(++line_, std::move(text)));
  }
  BatchRow add(std::string text) { return try_add(std::move(text)).value(); }
  [[nodiscard]] InputFormat format() const { return parser_.format(); }

 private:
  BatchRowParser parser_;
  std::uint64_t line_ = 0;
};

RowSettings with_template(std::string_view text) {
  RowSettings settings;
  settings.prompt_template = TextTemplate(text);
  return settings;
}

std::string extra(const BatchRow& row, std::string_view name) {
  std::string value;
  for (const auto& [key, json] : row.options.extra()) {
    if (key == name) value = json;
  }
  return value;
}

/// The one message of a row, as its text; empty if there is another number of them.
std::string prompt_of(const BatchRow& row) {
  return row.messages.size() == 1 ? row.messages.front().text() : std::string();
}

std::string openai_row(const std::string& body, const std::string& id = "a") {
  return R"({"custom_id":")" + id + R"(","method":"POST","url":"/v1/chat/completions","body":)" +
         body + "}";
}

TEST(BatchInput, TakesLinesOfTextForPrompts) {
  Rows rows;
  EXPECT_FALSE(rows.try_add("  "));
  const BatchRow first = rows.add("What is {this}?");
  EXPECT_EQ(rows.format(), InputFormat::kText);
  EXPECT_EQ(prompt_of(first), "What is {this}?");
  EXPECT_EQ(first.id, "row-2");
  EXPECT_EQ(first.line, 2U);
  EXPECT_EQ(first.sequence, 0U);
  const BatchRow second = rows.add(R"({"looks":"like JSON"})");
  EXPECT_EQ(prompt_of(second), R"({"looks":"like JSON"})");
  EXPECT_EQ(second.sequence, 1U);
}

TEST(BatchInput, DecidesByTheFirstRowAndHoldsToIt) {
  Rows rows;
  EXPECT_FALSE(rows.try_add(""));
  EXPECT_FALSE(rows.add(R"( {"prompt":"x"})").bad());
  EXPECT_EQ(rows.format(), InputFormat::kJsonLines);
  EXPECT_EQ(rows.add("plain text").error_code, "invalid_json");
}

TEST(BatchInput, DoesNotDecideWhereItWasTold) {
  RowSettings text;
  text.format = InputFormat::kText;
  EXPECT_EQ(prompt_of(Rows(text).add("{")), "{");
  RowSettings json;
  json.format = InputFormat::kJsonLines;
  EXPECT_EQ(Rows(json).add("hello").error_code, "invalid_json");
}

TEST(BatchInput, TakesABrokenFirstObjectForJsonAndNotForAPrompt) {
  Rows rows;
  EXPECT_EQ(rows.add(R"({"prompt": )").error_code, "invalid_json");
  EXPECT_FALSE(rows.add(R"({"prompt":"x"})").bad());
}

TEST(BatchInput, ReadsAPromptWithAnId) {
  Rows rows;
  const BatchRow row = rows.add(R"({"id":"first","prompt":"Hello","note":[1,2]})");
  EXPECT_EQ(row.id, "first");
  EXPECT_EQ(prompt_of(row), "Hello");
  EXPECT_EQ(rows.add(R"({"id":17,"prompt":"x"})").id, "17");
  EXPECT_EQ(rows.add(R"({"custom_id":"c","prompt":"x"})").id, "c");
  EXPECT_EQ(rows.add(R"({"prompt":"x"})").id, "row-4");
}

TEST(BatchInput, PutsTheSystemPromptBeforeAPrompt) {
  RowSettings settings;
  settings.system = "Be brief.";
  const BatchRow row = Rows(settings).add("Hello");
  ASSERT_EQ(row.messages.size(), 2U);
  EXPECT_EQ(row.messages[0].role(), Role::kSystem);
  EXPECT_EQ(row.messages[0].text(), "Be brief.");
  EXPECT_EQ(row.messages[1].text(), "Hello");
}

TEST(BatchInput, SendsMessagesAsTheyAreWritten) {
  const std::string messages = R"([{"role":"user","content":[{"type":"input_audio"}],"x":null}])";
  EXPECT_EQ(extra(Rows().add(R"({"messages":)" + messages + "}"), "messages"), messages);
  EXPECT_EQ(extra(Rows().add(openai_row(R"({"messages":)" + messages + "}")), "messages"),
            messages);
}

TEST(BatchInput, AddsASystemPromptOnlyWhereThereIsNone) {
  RowSettings settings;
  settings.system = "Be brief.";
  Rows rows(settings);
  EXPECT_EQ(extra(rows.add(R"({"messages":[{"role":"user","content":"x"}]})"), "messages"),
            R"([{"role":"system","content":"Be brief."},{"role":"user","content":"x"}])");
  const std::string developer = R"([{"role":"developer","content":"y"}])";
  EXPECT_EQ(extra(rows.add(R"({"messages":)" + developer + "}"), "messages"), developer);
}

TEST(BatchInput, PassesOnTheOtherMembersOfABody) {
  const BatchRow row = Rows().add(openai_row(
      R"({"model":"m","messages":[{"role":"user"}],"temperature":0.5,"logit_bias":{"1":2},)"
      R"("stream":false,"n":1,"stream_options":{}})",
      "id-1"));
  ASSERT_FALSE(row.bad()) << row.error;
  EXPECT_EQ(row.id, "id-1");
  EXPECT_EQ(extra(row, "model"), R"("m")");
  EXPECT_EQ(extra(row, "temperature"), "5E-1");
  EXPECT_EQ(extra(row, "logit_bias"), R"({"1":2})");
  for (const char* name : {"stream", "n", "stream_options"}) EXPECT_EQ(extra(row, name), "");
}

TEST(BatchInput, LetsARowOverruleTheLimitOfTheJobUnderEitherName) {
  RowSettings settings;
  settings.options.max_tokens(10).temperature(0.25);
  Rows rows(settings);
  const std::string body = R"({"messages":[{"role":"user"}])";
  EXPECT_EQ(rows.add(openai_row(body + "}", "a")).options.max_tokens(), 10);
  for (const std::string name : {"max_tokens", "max_completion_tokens"}) {
    const BatchRow row = rows.add(openai_row(body + ",\"" + name + "\":5}", name));
    EXPECT_FALSE(row.options.max_tokens());
    EXPECT_EQ(row.options.temperature(), 0.25);
    EXPECT_EQ(extra(row, name), "5");
  }
}

TEST(BatchInput, RefusesBodiesThatCannotBeAnswered) {
  const std::string fine = R"("messages":[{"role":"user"}])";
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"[]", "\"body\" must be an object"},
      {"{}", "\"body\" has no \"messages\""},
      {R"({"messages":"hi"})", "must be an array"},
      {R"({"messages":[]})", "at least one message"},
      {R"({"messages":["hi"]})", "an object with a \"role\""},
      {R"({"messages":[{"role":7}]})", "an object with a \"role\""},
      {"{" + fine + R"(,"stream":true})", "\"stream\""},
      {"{" + fine + R"(,"n":2})", "\"n\" must be 1"},
      {"{" + fine + R"(,"model":5})", "\"model\" must be a string"},
  };
  for (const auto& [body, message] : cases) {
    const BatchRow row = Rows().add(openai_row(body));
    EXPECT_EQ(row.error_code, "invalid_row") << body;
    EXPECT_NE(row.error.find(message), std::string::npos) << row.error;
    EXPECT_EQ(row.id, "a") << "the answer to a bad row bears its id";
  }
}

TEST(BatchInput, RefusesOtherEndpoints) {
  const std::string body = R"("body":{"messages":[{"role":"user"}]})";
  const std::string url = R"("url":"/v1/chat/completions",)";
  Rows rows;
  EXPECT_EQ(rows.add(R"({"method":"GET",)" + url + body + "}").error, "\"method\" must be POST");
  EXPECT_EQ(rows.add(R"({"method":"POST","url":"/v1/embeddings",)" + body + "}").error,
            "\"url\" must be /v1/chat/completions");
  EXPECT_EQ(rows.add(R"({"method":"POST",)" + body + "}").error, "\"url\" must be a string");
}

TEST(BatchInput, RefusesRowsOfAnotherShape) {
  Rows rows;
  EXPECT_FALSE(rows.add(R"({"prompt":"x"})").bad());
  for (const char* text : {"[1]", "7", "\"text\"", "null", R"({"promt":"typo"})", R"({"prompt":5})",
                           R"({"id":"","prompt":"x"})", R"({"id":[],"prompt":"x"})",
                           R"({"custom_id":1.5,"prompt":"x"})"}) {
    EXPECT_EQ(rows.add(text).error_code, "invalid_row") << text;
  }
}

TEST(BatchInput, RefusesWhatIsNoJsonOrNoUtf8OrTooLong) {
  Rows rows;
  EXPECT_FALSE(rows.add(R"({"prompt":"x"})").bad());
  EXPECT_EQ(rows.add(R"({"prompt":"x"} y)").error_code, "invalid_json");
  EXPECT_EQ(rows.add("{\"prompt\":\"a\xFFz\"}").error_code, "invalid_utf8");
  EXPECT_EQ(rows.add("{\"prompt\":\"a\xFFz\"}").error, "not valid UTF-8 at byte 13");
  BatchRowParser parser((RowSettings()));
  TextLine line(3, "");
  line.too_long = true;
  const BatchRow row = parser.parse(line).value();
  EXPECT_EQ(row.error_code, "too_long");
  EXPECT_EQ(row.id, "row-3");
}

TEST(BatchInput, RefusesAnIdThatWasUsedBeforeAndKeepsItsName) {
  Rows rows;
  EXPECT_FALSE(rows.add(R"({"id":"a","prompt":"x"})").bad());
  const BatchRow again = rows.add(R"({"id":"a","prompt":"y"})");
  EXPECT_EQ(again.error_code, "duplicate_id");
  EXPECT_EQ(again.error, "the id \"a\" was used in line 1");
  EXPECT_EQ(again.id, "row-2") << "not the id of the row that has an answer";
  EXPECT_FALSE(rows.add(R"({"id":"row-4","prompt":"z"})").bad());
  EXPECT_EQ(rows.add(R"({"prompt":"its own name is taken"})").error_code, "duplicate_id");
}

TEST(BatchInput, FillsATemplateFromMembersOfAnyType) {
  Rows rows(with_template("{a}|{b}|{c}|{d}"));
  const BatchRow row = rows.add(R"({"id":"x","a":"text","b":7,"c":true,"d":["x",{"y":1}]})");
  EXPECT_EQ(prompt_of(row), R"(text|7|true|["x",{"y":1}])");
  EXPECT_EQ(row.id, "x");
}

TEST(BatchInput, NamesAVariableThatIsMissing) {
  Rows rows(with_template("Translate {text} to {language}"));
  for (const char* text : {R"({"text":"hi"})", R"({"text":"hi","language":null})"}) {
    const BatchRow row = rows.add(text);
    EXPECT_EQ(row.error_code, "missing_variable");
    EXPECT_NE(row.error.find("language"), std::string::npos) << row.error;
  }
}

TEST(BatchInput, GivesALineOfTextToATemplateAsThePrompt) {
  EXPECT_EQ(prompt_of(Rows(with_template("Sum up: {prompt}")).add("a story")), "Sum up: a story");
  EXPECT_EQ(Rows(with_template("{text}")).add("a story").error_code, "missing_variable");
}

TEST(BatchInput, RefusesMessagesInATemplate) {
  Rows rows(with_template("{x}"));
  EXPECT_EQ(rows.add(R"({"x":"1","messages":[{"role":"user"}]})").error_code, "invalid_row");
}

}  // namespace
}  // namespace cochain::cli
