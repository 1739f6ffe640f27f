// Values of C++ types out of answers: asked for, read, repaired, and streamed member by member.
#include "cochain/chains/parsers/structured_output.hpp"

#include <gmock/gmock.h>

#include <deque>

#include "cochain/chains/prompts/chat_prompt.hpp"
#include "described.hpp"
#include "scripted_model.hpp"
#include "steps.hpp"

namespace cochain::testing {
namespace {

using namespace sample;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Reason = StructuredOutputError::Reason;

AIMessage said(std::string text, FinishReason reason = FinishReason::kStop) {
  AIMessage message(std::move(text));
  message.finish_reason = reason;
  message.usage = Usage(10, 5);
  return message;
}

AIMessage called(std::string name, std::string arguments) {
  AIMessage message;
  message.parts.emplace_back(ToolCall("call-1", std::move(name), std::move(arguments)));
  message.finish_reason = FinishReason::kToolCalls;
  message.usage = Usage(10, 5);
  return message;
}

const StructuredOutputError& as_error(const std::exception_ptr& error) {
  static std::optional<StructuredOutputError> kept;
  kept.reset();
  try {
    if (error) std::rethrow_exception(error);
  } catch (const StructuredOutputError& caught) {
    kept = caught;
  } catch (...) {
  }
  if (!kept) throw std::runtime_error("another error: " + cochain::describe(error));
  return *kept;
}

constexpr std::string_view kGood = R"({"city": "Paris", "days": 3, "unit": "fahrenheit"})";
const Weather kWeather{"Paris", 3, Scale::kFahrenheit};

ASYNC_TEST(StructuredOutput, AsksForTheStrictSchemaAndReadsTheAnswer) {
  const auto model = scripted(said(std::string(kGood)));
  const auto structured = with_structured_output<Weather>(model);
  const Weather weather = co_await structured.invoke(messages("How is Paris?"));
  EXPECT_EQ(weather, kWeather);
  const Json format = parse_json(model->asked.at(0).options.response_format());
  EXPECT_EQ(format.at_pointer("/type"), Json("json_schema"));
  EXPECT_EQ(format.at_pointer("/json_schema/name"), Json("Weather"));
  EXPECT_EQ(format.at_pointer("/json_schema/strict"), Json(true));
  EXPECT_EQ(format.at_pointer("/json_schema/schema"), strict_schema(json_schema<Weather>()));
  EXPECT_EQ(model->asked.at(0).messages, messages("How is Paris?"));
}

ASYNC_TEST(StructuredOutput, KeepsTheOptionsOfTheModelOrTakesItsOwn) {
  const auto model = scripted(said(std::string(kGood)), said(std::string(kGood)));
  model->set_options(ChatOptions().temperature(0.5));
  const auto usual = with_structured_output<Weather>(model);
  (void)co_await usual.invoke(messages("?"));
  const StructuredOptions options = StructuredOptions().chat(ChatOptions().max_tokens(9));
  const auto special = with_structured_output<Weather>(model, options);
  (void)co_await special.invoke(messages("?"));
  EXPECT_EQ(model->asked.at(0).options.temperature(), 0.5);
  EXPECT_EQ(model->asked.at(1).options.temperature(), std::nullopt);
  EXPECT_EQ(model->asked.at(1).options.max_tokens(), 9);
}

ASYNC_TEST(StructuredOutput, CallsOneForcedTool) {
  const auto model = scripted(called("Weather", std::string(kGood)));
  const auto options = StructuredOptions().method(StructuredMethod::kFunctionCalling);
  const auto structured = with_structured_output<Weather>(model, options);
  const Weather weather = co_await structured.invoke(messages("How is Paris?"));
  EXPECT_EQ(weather, kWeather);
  const ChatOptions& asked = model->asked.at(0).options;
  EXPECT_EQ(asked.tools().size(), 1U);
  EXPECT_EQ(asked.tools().at(0).name, "Weather");
  EXPECT_EQ(asked.tools().at(0).description, "The weather of a place.");
  EXPECT_EQ(asked.tools().at(0).strict, true);
  EXPECT_EQ(parse_json(asked.tools().at(0).parameters), strict_schema(json_schema<Weather>()));
  EXPECT_EQ(asked.tool_choice(), ToolChoice::tool("Weather"));
  EXPECT_EQ(asked.response_format(), "");
}

ASYNC_TEST(StructuredOutput, TellsTheSchemaInJsonMode) {
  const auto model = scripted(said("Here you are:\n```json\n" + std::string(kGood) + "\n```\n"));
  const auto options = StructuredOptions().method(StructuredMethod::kJsonMode);
  const auto structured = with_structured_output<Weather>(model, options);
  const Weather weather =
      co_await structured.invoke(messages(SystemMessage("Be brief."), HumanMessage("?")));
  EXPECT_EQ(weather, kWeather);
  EXPECT_EQ(model->asked.at(0).options.response_format(), R"({"type":"json_object"})");
  const std::string system = model->asked.at(0).messages.at(0).text();
  EXPECT_THAT(system, HasSubstr("Be brief.\n\nAnswer with one JSON object"));
  EXPECT_THAT(system, HasSubstr(json_text(json_schema<Weather>())));
}

ASYNC_TEST(StructuredOutput, WrapsWhatIsNoObject) {
  const auto model =
      scripted(said(R"({"value": [{"name": "a", "price": 1}]})"), said(R"({"value": "celsius"})"),
               said(R"({"value": [3]})"), said("{}"));
  const auto options = StructuredOptions().repair_max(0);
  const auto items = with_structured_output<std::vector<Item>>(model, options);
  const std::vector<Item> list = co_await items.invoke(messages("?"));
  EXPECT_THAT(list, ElementsAre(Item{"a", 1}));
  const auto scales = with_structured_output<Scale>(model, options);
  const Scale scale = co_await scales.invoke(messages("?"));
  EXPECT_EQ(scale, Scale::kCelsius);
  const std::exception_ptr wrong = co_await error_of(items.invoke(messages("?")));
  EXPECT_EQ(cochain::describe(wrong), "JSON: $.value[0]: wanted an object (Item), found 3");
  const std::exception_ptr missing = co_await error_of(items.invoke(messages("?")));
  EXPECT_THAT(cochain::describe(missing), HasSubstr("$.value: wanted the value"));
}

TEST(StructuredOutput, RefusesATypeThatCannotBeStrict) {
  const auto model = scripted(said("{}"));
  EXPECT_THROW((void)with_structured_output<Order>(model), InvalidStateError);
  const auto loose = StructuredOptions().strictness(SchemaStrictness::kLoose);
  EXPECT_NO_THROW((void)with_structured_output<Order>(model, loose));
  EXPECT_THROW((void)with_structured_output<Weather>(nullptr), InvalidStateError);
}

ASYNC_TEST(StructuredOutput, AsksAgainWithAllThatWasWrong) {
  const auto model = scripted(said(R"({"city": 7, "days": 15})"), said(std::string(kGood)));
  const auto structured = with_structured_output<Weather>(model).include_raw();
  const StructuredAnswer<Weather> answer = co_await structured.invoke(messages("How is Paris?"));
  EXPECT_EQ(answer.parsed, kWeather);
  EXPECT_EQ(answer.attempts, 2);
  EXPECT_EQ(answer.raw.usage, Usage(20, 10));
  EXPECT_EQ(answer.raw.text(), kGood);
  const Messages& again = model->asked.at(1).messages;
  EXPECT_EQ(again.size(), 3U);
  EXPECT_EQ(again.at(1).text(), R"({"city": 7, "days": 15})");
  EXPECT_EQ(again.at(2).role(), Role::kHuman);
  EXPECT_EQ(again.at(2).text(),
            "The answer does not have the form that was asked for:\n"
            "- $.city: wanted a string, found 7\n"
            "- $.days: wanted at most 14, found 15\n"
            "Give the whole answer again, as JSON only, corrected.");
}

ASYNC_TEST(StructuredOutput, AnswersAWrongCallAsATool) {
  AIMessage wrong = called("Weather", R"({"city": 7})");
  wrong.parts.emplace_back(ToolCall("call-2", "other", "{}"));
  const auto model = scripted(wrong, called("Weather", std::string(kGood)));
  const auto options = StructuredOptions().method(StructuredMethod::kFunctionCalling);
  const auto structured = with_structured_output<Weather>(model, options);
  const Weather weather = co_await structured.invoke(messages("How is Paris?"));
  EXPECT_EQ(weather, kWeather);
  const Messages& again = model->asked.at(1).messages;
  EXPECT_EQ(again.size(), 4U);
  const ToolMessage* first = again.at(2).get_if<ToolMessage>();
  const ToolMessage* second = again.at(3).get_if<ToolMessage>();
  EXPECT_EQ(first->tool_call_id, "call-1");
  EXPECT_EQ(first->name, "Weather");
  EXPECT_EQ(first->status, ToolStatus::kError);
  EXPECT_THAT(first->content, HasSubstr("- $.city: wanted a string, found 7\n"));
  EXPECT_EQ(second->tool_call_id, "call-2");
  EXPECT_THAT(second->content, HasSubstr("not run"));
}

ASYNC_TEST(StructuredOutput, AsksForTheCallThatDidNotCome) {
  const auto model = scripted(said("It rains."), called("Weather", std::string(kGood)));
  const auto options = StructuredOptions().method(StructuredMethod::kFunctionCalling);
  const auto structured = with_structured_output<Weather>(model, options);
  const Weather weather = co_await structured.invoke(messages("?"));
  EXPECT_EQ(weather, kWeather);
  EXPECT_THAT(model->asked.at(1).messages.back().text(), HasSubstr("Call the tool 'Weather'"));
}

ASYNC_TEST(StructuredOutput, GivesUpAfterTheRepairsThatWereAllowed) {
  const auto model = scripted(said("no"), said("{}"), said("{"), said(std::string(kGood)));
  const auto options = StructuredOptions().repair_max(2);
  const auto structured = with_structured_output<Weather>(model, options);
  const std::exception_ptr error = co_await error_of(structured.invoke(messages("?")));
  EXPECT_EQ(as_error(error).reason(), Reason::kWrongForm);
  EXPECT_EQ(as_error(error).text(), "{");
  EXPECT_EQ(as_error(error).raw().usage, Usage(30, 15));
  EXPECT_EQ(model->asked.size(), 3U);
}

ASYNC_TEST(StructuredOutput, IsNotRepairedWhereThatCannotHelp) {
  AIMessage refusal;
  refusal.parts.emplace_back(RefusalPart("I will not."));
  const auto model = scripted(refusal, said(R"({"city": "Pa)", FinishReason::kLength),
                              said(R"({"ci)", FinishReason::kContentFilter),
                              said(std::string(kGood), FinishReason::kLength));
  const auto structured = with_structured_output<Weather>(model);
  const std::exception_ptr refused = co_await error_of(structured.invoke(messages("?")));
  EXPECT_EQ(as_error(refused).reason(), Reason::kRefused);
  EXPECT_THAT(cochain::describe(refused), HasSubstr("I will not."));
  const std::exception_ptr cut = co_await error_of(structured.invoke(messages("?")));
  EXPECT_EQ(as_error(cut).reason(), Reason::kTruncated);
  EXPECT_EQ(as_error(cut).text(), R"({"city": "Pa)");
  const std::exception_ptr filtered = co_await error_of(structured.invoke(messages("?")));
  EXPECT_EQ(as_error(filtered).reason(), Reason::kFiltered);
  EXPECT_EQ(as_error(filtered).text(), R"({"ci)");
  EXPECT_EQ(model->asked.size(), 3U);
}

ASYNC_TEST(StructuredOutput, TellsOfAWrongAnswerBesideTheRawOne) {
  const auto model = scripted(said("no"), said("no"));
  const auto structured = with_structured_output<Weather>(model).include_raw();
  const StructuredAnswer<Weather> answer = co_await structured.invoke(messages("?"));
  EXPECT_FALSE(answer.parsed.has_value());
  EXPECT_EQ(as_error(answer.error).reason(), Reason::kWrongForm);
  EXPECT_EQ(answer.raw.text(), "no");
  EXPECT_EQ(answer.attempts, 2);
}

ASYNC_TEST(StructuredOutput, StartsARepairFromTheStructsOwnValues) {
  // The first answer sets a unit, and is wrong; the second one leaves the unit out.
  const auto model =
      scripted(said(R"({"city": 7, "unit": "fahrenheit"})"), said(R"({"city": "Rome"})"));
  const auto structured = with_structured_output<Weather>(model);
  const Weather weather = co_await structured.invoke(messages("?"));
  EXPECT_EQ(weather, (Weather{"Rome", std::nullopt, Scale::kCelsius}));
}

ASYNC_TEST(StructuredOutput, PassesOnTheErrorsOfTheModel) {
  const auto model = scripted();
  const auto structured = with_structured_output<Weather>(model).include_raw();
  const std::exception_ptr error = co_await error_of(structured.invoke(messages("?")));
  EXPECT_TRUE(is<ModelError>(error));
}

ASYNC_TEST(StructuredOutput, IsAStepOfAChain) {
  const auto model = scripted(said(std::string(kGood)), said(std::string(kGood)));
  const auto chain =
      ChatPromptTemplate().human("How is {city}?") | with_structured_output<Weather>(model);
  const Weather weather = co_await chain.invoke(variables("city", "Paris"));
  EXPECT_EQ(weather, kWeather);
  Stream<Weather> stream = chain.stream(variables("city", "Paris"));
  const std::vector<Weather> pieces = co_await std::move(stream).collect();
  EXPECT_THAT(pieces, ElementsAre(kWeather));
}

constexpr std::string_view kOrder =
    R"({"items": [{"name": "a \u00e4", "price": 1}, {"name": "b", "price": 2.5}], )"
    R"("counts": {"x": 1}, "gift": {"name": "g", "price": 0}})";

const StructuredOptions kLoose = StructuredOptions().strictness(SchemaStrictness::kLoose);

ASYNC_TEST(StructuredStream, GivesEachElementAsSoonAsItIsWhole) {
  const auto model = scripted(said(std::string(kOrder)));
  model->cut_every(1, 1ms);
  const auto structured = with_structured_output<Order>(model, kLoose);
  const std::vector<Timed<Item>> items =
      co_await timed(structured.stream_field<&Order::items>(messages("?")));
  EXPECT_EQ(items.size(), 2U);
  EXPECT_EQ(items.at(0).item, (Item{"a \u00e4", 1}));
  EXPECT_EQ(items.at(1).item, (Item{"b", 2.5}));
  const auto when = [](std::string_view end) {
    return 1ms * static_cast<int>(kOrder.find(end) + end.size());
  };
  EXPECT_EQ(items.at(0).time, when(R"("price": 1})"));
  EXPECT_EQ(items.at(1).time, when("2.5}"));
}

ASYNC_TEST(StructuredStream, GivesTheSameHoweverTheAnswerIsCut) {
  for (std::size_t size = 1; size < kOrder.size() + 1; ++size) {
    const auto model = scripted(said("```json\n" + std::string(kOrder) + "\n```"));
    model->cut_every(size);
    Stream<Item> stream = stream_field<&Order::items>(model, messages("?"), kLoose);
    const std::vector<Item> items = co_await std::move(stream).collect();
    EXPECT_THAT(items, ElementsAre(Item{"a \u00e4", 1}, Item{"b", 2.5})) << size;
  }
}

ASYNC_TEST(StructuredStream, GivesAMemberThatIsNoListOnce) {
  const auto model = scripted(said(std::string(kOrder)));
  model->cut_every(3);
  Stream<std::optional<Item>> stream = stream_field<&Order::gift>(model, messages("?"), kLoose);
  const std::vector<std::optional<Item>> gifts = co_await std::move(stream).collect();
  EXPECT_THAT(gifts, ElementsAre(Item{"g", 0}));
}

ASYNC_TEST(StructuredStream, GivesTextInPieces) {
  const auto model = scripted(said(R"({"name": "one \"two\" thr\u00e4e", "price": 1})"));
  model->cut_every(4);
  const auto structured = with_structured_output<Item>(model);
  Stream<std::string> stream = structured.stream_text<&Item::name>(messages("?"));
  const std::vector<std::string> pieces = co_await std::move(stream).collect();
  std::string whole;
  for (const std::string& piece : pieces) whole += piece;
  EXPECT_EQ(whole, "one \"two\" thr\u00e4e");
  EXPECT_GT(pieces.size(), 3U);
}

ASYNC_TEST(StructuredStream, GivesTextOfAnAnswerInAFence) {
  for (const std::size_t size : {1U, 7U, 1000U}) {
    const auto model = scripted(said("Here:\n```json\n{\"name\": \"one\", \"price\": 1}\n```\n."));
    model->cut_every(size);
    const auto structured = with_structured_output<Item>(model);
    Stream<std::string> stream = structured.stream_text<&Item::name>(messages("?"));
    const std::string whole = co_await joined(std::move(stream));
    EXPECT_EQ(whole, "one") << size;
  }
}

ASYNC_TEST(StructuredStream, ReadsTheArgumentsOfTheTool) {
  AIMessage answer = called("other", R"({"items": [{"name": "x", "price": 0}]})");
  answer.parts.emplace_back(ToolCall("call-2", "Order", std::string(kOrder)));
  const auto model = scripted(answer);
  model->cut_every(5);
  StructuredOptions options = kLoose;
  options.method(StructuredMethod::kFunctionCalling);
  Stream<Item> stream = stream_field<&Order::items>(model, messages("?"), options);
  const std::vector<Item> items = co_await std::move(stream).collect();
  EXPECT_THAT(items, ElementsAre(Item{"a \u00e4", 1}, Item{"b", 2.5}));
}

ASYNC_TEST(StructuredStream, TellsOfAWrongElementAfterTheGoodOnes) {
  const auto model =
      scripted(said(R"({"items": [{"name": "a", "price": 1}, {"name": "b"}], "counts": {}})"));
  Stream<Item> stream = stream_field<&Order::items>(model, messages("?"), kLoose);
  const std::optional<Item> first = co_await stream.next();
  EXPECT_EQ(first, (Item{"a", 1}));
  const std::exception_ptr error = co_await error_of(stream.next());
  EXPECT_EQ(cochain::describe(error),
            "Item: $.items[1].price: wanted a number, found nothing: it is missing");
  EXPECT_EQ(as_error(error).issues().size(), 1U);
}

ASYNC_TEST(StructuredStream, TellsOfAnAnswerThatIsNotWhole) {
  const std::string begin = R"({"items": [{"name": "a", "price": 1}, {"na)";
  const auto model = scripted(said(begin, FinishReason::kLength), said(begin), said("No."),
                              said(R"({"items": [{"name": "a", "price": 1}, !]})"));
  const auto structured = with_structured_output<Order>(model, kLoose);
  const char* wanted[] = {"cut off at the limit", "ended too early", "no JSON", "no JSON: at byte"};
  for (const char* words : wanted) {
    Stream<Item> stream = structured.stream_field<&Order::items>(messages("?"));
    std::exception_ptr error = nullptr;
    for (int i = 0; i < 2 && !error; ++i) error = co_await error_of(stream.next());
    EXPECT_THAT(cochain::describe(error), HasSubstr(words));
  }
}

Coro<> ask_twice() {
  const auto model = scripted(said("{}"), said(std::string(kGood)));
  model->cut_every(5, 1ms);
  const auto structured = with_structured_output<Weather>(model);
  const Weather weather = co_await structured.invoke(messages("?"));
  if (!(weather == kWeather)) throw std::runtime_error("another weather");
}

Coro<> stream_items() {
  const auto model = scripted(said(std::string(kOrder)));
  model->cut_every(9, 1ms);
  Stream<Item> items = stream_field<&Order::items>(model, messages("?"), kLoose);
  while (auto item = co_await items.next()) {
  }
}

TEST(StructuredOutput, CanBeCancelledAtEverySuspension) {
  EXPECT_GT(cancel_at_every_suspension(ask_twice), 1);
  EXPECT_GT(cancel_at_every_suspension(stream_items), 1);
}

}  // namespace
}  // namespace cochain::testing
