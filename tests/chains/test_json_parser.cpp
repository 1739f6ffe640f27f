// Answers as JSON: whole, growing and as patches. The counts of chunks are those of LangChain.
#include "cochain/chains/parsers/json_parser.hpp"

#include <gmock/gmock.h>

#include "cochain/chains/model/error.hpp"
#include "cochain/chains/parsers/output_parser.hpp"
#include "cochain/testing/fake_chat_model.hpp"
#include "steps.hpp"

namespace cochain::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> pieces_of(std::string_view text, std::size_t size) {
  std::vector<std::string> pieces;
  for (; !text.empty(); text.remove_prefix(std::min(size, text.size()))) {
    pieces.emplace_back(text.substr(0, size));
  }
  return pieces;
}

template <class Parser>
Stream<typename Parser::OutputChunk> streamed(const Parser& parser,
                                              std::vector<std::string> pieces) {
  std::vector<AIMessageChunk> chunks;
  for (const std::string& piece : pieces) {
    chunks.emplace_back(ContentEvent::text_delta(0, piece));
  }
  return parser.transform(stream_of(std::move(chunks)));
}

std::vector<std::string> texts_of(const std::vector<Json>& values) {
  std::vector<std::string> texts;
  for (const Json& value : values) texts.push_back(json_text(value));
  return texts;
}

ASYNC_TEST(JsonOutputParser, GivesTheJsonOfAWholeAnswer) {
  const JsonOutputParser parser;
  const Json value = co_await parser.invoke(AIMessage("Here: ```json\n{\"a\": [1, 2]}\n``` done"));
  EXPECT_EQ(json_text(value), R"({"a":[1,2]})");
  EXPECT_EQ(json_text(parser.parse("{\"open\": [1, 2")), R"({"open":[1,2]})");
}

ASYNC_TEST(JsonOutputParser, EmitsTheValueEachTimeItHasChanged) {
  const JsonOutputParser parser;
  const std::vector<std::string> pieces = {
      "",   "{",  "\n  ", "\"setup\"", ": ", "\"",    "Why", " not", "?",
      "\"", ", ", "\n",   "\"n\"",     ":",  " 1",    "2",   ",",    " \"who\": ",
      "[",  "\"", "a",    "\"",        ", ", "\"b\"", "]",   "\n}",  "\n",
  };
  Stream<Json> stream = streamed(parser, pieces);
  const std::vector<Json> values = co_await std::move(stream).collect();
  const std::vector<std::string> texts = texts_of(values);
  EXPECT_THAT(texts, ElementsAre("{}", R"({"setup":""})", R"({"setup":"Why"})",
                                 R"({"setup":"Why not"})", R"({"setup":"Why not?"})",
                                 R"({"setup":"Why not?","n":1})", R"({"setup":"Why not?","n":12})",
                                 R"({"setup":"Why not?","n":12,"who":[]})",
                                 R"({"setup":"Why not?","n":12,"who":[""]})",
                                 R"({"setup":"Why not?","n":12,"who":["a"]})",
                                 R"({"setup":"Why not?","n":12,"who":["a","b"]})"));
}

ASYNC_TEST(JsonOutputParser, EmitsWholeScalarsOnlyInTheCompleteProfile) {
  const JsonOutputParser parser(PartialProfile::kComplete);
  Stream<Json> stream = streamed(parser, pieces_of(R"({"a": "xyz", "b": [12, 3]})", 1));
  const std::vector<Json> values = co_await std::move(stream).collect();
  const std::vector<std::string> texts = texts_of(values);
  EXPECT_THAT(texts, ElementsAre("{}", R"({"a":"xyz"})", R"({"a":"xyz","b":[]})",
                                 R"({"a":"xyz","b":[12]})", R"({"a":"xyz","b":[12,3]})"));
}

ASYNC_TEST(JsonOutputParser, EmitsPatchesThatBuildTheValue) {
  const std::string text =
      "Well: ```json\n{\"a\": \"x\\u0041y\", \"b\": [1, {\"c\": null}], \"a\": 2}";
  const Json whole = JsonOutputParser().parse(text);
  for (const std::size_t size : {1U, 2U, 3U, 7U, 100U}) {
    Stream<JsonPatch> stream = streamed(JsonOutputParser().diff(), pieces_of(text, size));
    Json value;
    while (auto patch = co_await stream.next()) apply_json_patch(value, *patch);
    EXPECT_EQ(value, whole) << size;
  }
}

ASYNC_TEST(JsonOutputParser, EmitsOnlyWhatIsNewInAPatch) {
  const std::vector<std::string> pieces = {"{", "\"a\": \"", "x", "\", \"b\": [", "1", ", 2]}"};
  Stream<JsonPatch> stream = streamed(JsonOutputParser().diff(), pieces);
  std::vector<std::string> texts;
  while (auto patch = co_await stream.next()) texts.push_back(json_text(patch->operations));
  EXPECT_THAT(texts, ElementsAre(R"([{"op":"replace","path":"","value":{}}])",
                                 R"([{"op":"add","path":"/a","value":""}])",
                                 R"([{"op":"replace","path":"/a","value":"x"}])",
                                 R"([{"op":"add","path":"/b","value":[]}])",
                                 R"([{"op":"add","path":"/b/0","value":1}])",
                                 R"([{"op":"add","path":"/b/1","value":2}])"));
}

ASYNC_TEST(JsonOutputParser, RefusesAnAnswerWithoutJson) {
  const JsonOutputParser parser;
  bool refused = false;
  try {
    static_cast<void>(parser.parse("We would rather not."));
  } catch (const ParseError& error) {
    refused = true;
    EXPECT_EQ(error.text(), "We would rather not.");
    EXPECT_THAT(error.what(), HasSubstr("no JSON in the answer: at byte 0"));
  }
  EXPECT_TRUE(refused);
  Stream<Json> stream = streamed(parser, pieces_of("We would rather not.", 4));
  const std::exception_ptr error = co_await error_of(stream.next());
  EXPECT_THAT(describe(error), HasSubstr("no JSON in the answer"));
}

ASYNC_TEST(JsonOutputParser, GivesNothingForNoAnswer) {
  const JsonOutputParser parser;
  Stream<Json> stream = parser.transform(Stream<AIMessageChunk>());
  const std::vector<Json> values = co_await std::move(stream).collect();
  EXPECT_THAT(values, IsEmpty());
}

ASYNC_TEST(JsonOutputParser, GivesTheSameAtTheEndForEveryCut) {
  const std::string text = "```json\n{\"k\": [\"\\ud83d\\ude00\", -1.5, true]}\n``` end";
  for (std::size_t size = 1; size <= text.size(); ++size) {
    Stream<Json> stream = streamed(JsonOutputParser(), pieces_of(text, size));
    Json last;
    while (auto value = co_await stream.next()) last = std::move(*value);
    EXPECT_EQ(last, JsonOutputParser().parse(text)) << size;
  }
}

ASYNC_TEST(JsonOutputParser, StandsInAChainBehindAModelOrAText) {
  const auto model = make_fake(FakeScript::saying({"{\"a\"", ": 1", "}"}));
  const auto chain = model | JsonOutputParser();
  Stream<Json> stream = chain.stream(messages("hi"));
  const std::vector<Json> values = co_await std::move(stream).collect();
  EXPECT_THAT(texts_of(values), ElementsAre("{}", R"({"a":1})"));

  const auto over_text = model | StrOutputParser() | from_text(JsonOutputParser());
  Stream<Json> second = over_text.stream(messages("hi"));
  const std::vector<Json> again = co_await std::move(second).collect();
  EXPECT_EQ(again, values);
  const Json whole = co_await over_text.invoke(messages("hi"));
  EXPECT_EQ(json_text(whole), R"({"a":1})");
}

Coro<> read_all(std::shared_ptr<FakeChatModel> model) {
  const auto chain = model | JsonOutputParser();
  Stream<Json> stream = chain.stream(messages("hi"));
  while (auto value = co_await stream.next()) {
  }
}

ASYNC_TEST(JsonOutputParser, StopsTheModelWhereverItIsCancelled) {
  const Duration gap = std::chrono::milliseconds(10);
  for (int stop = 0; stop < 4; ++stop) {
    const auto model = make_fake(FakeScript::saying({"{", "\"a\"", ": 1}"}, gap, gap));
    Task<> task = create_task(read_all(model));
    co_await sleep(gap * stop + gap / 2);
    task.cancel();
    const std::exception_ptr error = co_await error_of(std::move(task));
    EXPECT_EQ(model->calls().live, 0U);
  }
}

TEST(JsonOutputParserFormat, PutsTheSchemaIntoTheInstructions) {
  const std::string plain = JsonOutputParser().get_format_instructions();
  EXPECT_THAT(plain, HasSubstr("one JSON value"));
  const std::string text =
      JsonOutputParser().with_schema(json_object("type", "object")).get_format_instructions();
  EXPECT_THAT(text, HasSubstr(R"({"type":"object"})"));
}

}  // namespace
}  // namespace cochain::testing
