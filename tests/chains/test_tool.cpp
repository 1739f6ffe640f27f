// One tool: what the model is told of it, and all ways in which a call of it ends.
#include "cochain/chains/tools/tool.hpp"

#include <thread>

#include "cochain/core/executor.hpp"
#include "tool_test.hpp"

namespace cochain::testing {
namespace {

using namespace toolbox;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

Json args(std::string_view text) { return parse_json(text); }

TEST(MakeTool, TellsTheModelWhatTheStructSays) {
  const ToolPtr tool = make_tool<Place>("weather", "The weather of a place.",
                                        [](Place place) { return place.city; });
  EXPECT_EQ(tool->name(), "weather");
  EXPECT_EQ(tool->spec().description, "The weather of a place.");
  const Json schema = parse_json(tool->spec().parameters);
  EXPECT_EQ(schema.at("type"), "object");
  EXPECT_EQ(schema.at("properties").at("city").at("description"), "its name");
  EXPECT_EQ(schema.at("properties").at("unit").at("enum"), json_array("celsius", "fahrenheit"));
  EXPECT_EQ(schema.at("required"), json_array("city"));
}

TEST(MakeTool, HidesTheContextFromTheModel) {
  const ToolPtr tool = make_tool<Pair>("add", "Adds.", [](Pair pair, ToolContext context) {
    return context.call_id() + std::to_string(pair.a);
  });
  const Json schema = parse_json(tool->spec().parameters);
  EXPECT_EQ(schema.at("properties").as_object().size(), 2U);
}

TEST(MakeTool, RefusesAWrongName) {
  const auto error =
      error_of_call([] { (void)make_tool("get weather", "No.", [] { return "x"; }); });
  EXPECT_TRUE(is<InvalidStateError>(error));
  EXPECT_THAT(cochain::describe(error), HasSubstr("'get weather' is no name for a tool"));
}

TEST(MakeTool, RefusesParametersThatAreNoSchema) {
  const auto f = [](Json) { return "x"; };
  const auto broken = error_of_call([&] { (void)make_json_tool(ToolSpec("a", "", "{"), f); });
  EXPECT_THAT(cochain::describe(broken), HasSubstr("the parameters of tool 'a'"));
  const auto list = error_of_call([&] { (void)make_json_tool(ToolSpec("a", "", "[]"), f); });
  EXPECT_THAT(cochain::describe(list), HasSubstr("are no JSON object"));
}

TEST(MakeTool, RefusesACoroutineThatIsSaidToBlock) {
  const auto error = error_of_call([] { (void)wait_tool(ToolOptions().blocking()); });
  EXPECT_TRUE(is<InvalidStateError>(error));
}

TEST(MakeTool, RefusesNoPlaceAtAll) {
  EXPECT_TRUE(is<InvalidStateError>(error_of_call([] { (void)ToolOptions().concurrency_max(0); })));
}

ASYNC_TEST(Tool, GivesWhatAFunctionReturns) {
  const ToolPtr tool = add_tool();
  const ToolResult result = co_await tool->call(args(R"({"a": 2, "b": 3})"));
  EXPECT_EQ(result.content, "5");
  EXPECT_EQ(result.status, ToolStatus::kSuccess);
  EXPECT_TRUE(result.artifact.is_null());
}

ASYNC_TEST(Tool, GivesWhatACoroutineReturns) {
  const ToolPtr tool = wait_tool();
  const ToolResult result = co_await tool->call(args(R"({"ms": 5, "say": "hello"})"));
  EXPECT_EQ(result.content, "hello");
}

ASYNC_TEST(Tool, TakesEveryKindOfResult) {
  const ToolPtr text = make_tool("t", "", [] { return "text"; });
  const ToolPtr json = make_tool("j", "", [] { return json_object("a", 1); });
  const ToolPtr described = make_tool("d", "", [] { return Pair{1, 2}; });
  const ToolPtr list = make_tool("l", "", [] { return std::vector<int>{1, 2}; });
  const ToolPtr nothing = make_tool("n", "", [] {});
  const ToolPtr later = make_tool("c", "", []() -> Coro<> { co_return; });
  const ToolPtr both = make_tool("b", "", [] { return ToolResult("short", json_array(1, 2)); });
  std::vector<std::string> contents;
  const std::vector<ToolPtr> all = {text, json, described, list, nothing, later, both};
  for (const ToolPtr& tool : all) {
    const ToolResult result = co_await tool->call(Json(JsonObject()));
    contents.push_back(result.content);
  }
  EXPECT_THAT(contents, ElementsAre("text", R"({"a":1})", R"({"a":1,"b":2})", "[1,2]", "done",
                                    "done", "short"));
  const ToolResult result = co_await both->call(Json(JsonObject()));
  EXPECT_EQ(result.artifact, json_array(1, 2));
}

ASYNC_TEST(Tool, DoesNotRunWithWrongArguments) {
  bool ran = false;
  const ToolPtr tool = make_tool<Place>("weather", "", [&ran](Place) {
    ran = true;
    return "sun";
  });
  const ToolResult result = co_await tool->call(args(R"({"days": 0, "unit": "kelvin"})"));
  EXPECT_EQ(result.status, ToolStatus::kError);
  EXPECT_THAT(result.content,
              AllOf(HasSubstr("$.city"), HasSubstr("$.days"), HasSubstr("$.unit: wanted one of")));
  const ToolResult no_object = co_await tool->call(Json("Paris"));
  EXPECT_THAT(no_object.content, HasSubstr("wanted an object"));
  EXPECT_FALSE(ran);
}

ASYNC_TEST(Tool, ChecksJsonArgumentsAgainstTheSchema) {
  const ToolPtr tool =
      make_json_tool(ToolSpec("f", "", R"({"type":"object","properties":{"n":{"type":"integer"}},
                            "required":["n"]})"),
                     [](Json given) { return given; });
  const ToolResult good = co_await tool->call(args(R"({"n": 1})"));
  EXPECT_EQ(good.content, R"({"n":1})");
  const ToolResult bad = co_await tool->call(args(R"({"n": "1"})"));
  EXPECT_THAT(bad.content, HasSubstr("$.n"));
}

ASYNC_TEST(Tool, WhoseSchemaLeadsNowhereSaysSo) {
  const auto f = [](Json) { return std::string("ran"); };
  const ToolPtr tool = make_json_tool(
      ToolSpec("f", "", R"({"type":"object","properties":{"n":{"$ref":"#/nowhere"}}})"), f);
  const ToolResult result = co_await tool->call(json_object("n", 1), ToolContext());
  EXPECT_EQ(result.status, ToolStatus::kError);
  EXPECT_THAT(result.content, ::testing::HasSubstr("the schema of the tool is wrong"));
}

ASYNC_TEST(Tool, ThatThrowsGivesAnErrorInWords) {
  const ToolPtr tool = wait_tool();
  const ToolResult told = co_await tool->call(args(R"({"ms": 0, "say": "fail"})"));
  EXPECT_EQ(told.content, "no luck today");
  EXPECT_EQ(told.status, ToolStatus::kError);
  const ToolResult thrown = co_await tool->call(args(R"({"ms": 0, "say": "throw"})"));
  EXPECT_EQ(thrown.content, "The tool failed: broken pipe sk-***");
  EXPECT_EQ(thrown.status, ToolStatus::kError);
}

ASYNC_TEST(Tool, SaysOnlySoMuchOfAnError) {
  const ToolPtr tool = make_tool("f", "", []() -> std::string {
    throw std::runtime_error(std::string(100'000, 'x') + "\x1b[2J");
  });
  const ToolResult result = co_await tool->call(Json(JsonObject()));
  EXPECT_LT(result.content.size(), 600U);
}

ASYNC_TEST(Tool, SaysOfAnErrorWhatTheProgramWantsSaid) {
  const auto text = [](const std::exception_ptr& error) {
    return "Sorry: " + cochain::describe(error);
  };
  const ToolPtr tool = wait_tool(ToolOptions().error_text(text));
  const ToolResult result = co_await tool->call(args(R"({"ms": 0, "say": "throw"})"));
  EXPECT_THAT(result.content, StartsWith("Sorry: broken pipe"));
}

ASYNC_TEST(Tool, ThrowsIfItIsToldTo) {
  const ToolPtr tool = wait_tool(ToolOptions().errors(ToolErrors::kThrow));
  const auto thrown = co_await error_of(tool->call(args(R"({"ms": 0, "say": "throw"})")));
  EXPECT_TRUE(is<std::runtime_error>(thrown));
  const ToolResult told = co_await tool->call(args(R"({"ms": 0, "say": "fail"})"));
  EXPECT_EQ(told.content, "no luck today");
}

ASYNC_TEST(Tool, ThatHangsIsStoppedInTime) {
  const TimePoint start = EventLoop::current().time();
  const ToolPtr tool = wait_tool(ToolOptions().timeout(2s));
  const ToolResult result = co_await tool->call(args(R"({"ms": 3600000, "say": "late"})"));
  EXPECT_EQ(result.content, "The tool was stopped: it was not done after 2 s.");
  EXPECT_EQ(result.status, ToolStatus::kError);
  EXPECT_EQ(EventLoop::current().time() - start, 2s);
}

ASYNC_TEST(Tool, TellsItsOwnTimeoutsFromOurs) {
  const ToolPtr tool = make_tool(
      "f", "",
      []() -> Coro<std::string> {
        co_await wait_for(sleep(1h), 1s);
        co_return "never";
      },
      ToolOptions().timeout(5s));
  const ToolResult result = co_await tool->call(Json(JsonObject()));
  EXPECT_EQ(result.content, "The tool failed: the operation timed out");
}

ASYNC_TEST(Tool, ThatFloodsIsCutWithAMark) {
  const ToolPtr tool = make_tool(
      "f", "",
      [] {
        std::string text = "a";  // so that the cut falls into the second character
        for (int i = 0; i < 1000; ++i) text += "é";
        return text;
      },
      ToolOptions().output_bytes_max(10));
  const ToolResult result = co_await tool->call(Json(JsonObject()));
  EXPECT_EQ(result.content, "aéééé\n[cut: these are the first 9 of 2001 bytes]");
  EXPECT_EQ(result.status, ToolStatus::kSuccess);
}

ASYNC_TEST(Tool, ThatIsCancelledLetsTheRequestPass) {
  const ToolPtr tool = wait_tool();
  Task<ToolResult> task = create_task(tool->call(args(R"({"ms": 1000, "say": "x"})")));
  co_await sleep(10ms);
  task.cancel();
  const auto error = co_await error_of(task);
  EXPECT_TRUE(is<CancelledError>(error));
}

ASYNC_TEST(Tool, HasOnlySoManyPlacesWhoeverCalls) {
  const ToolPtr tool = wait_tool(ToolOptions().concurrency_max(2));
  const TimePoint start = EventLoop::current().time();
  std::vector<Coro<ToolResult>> calls;
  for (int i = 0; i < 5; ++i) calls.push_back(tool->call(args(R"({"ms": 100, "say": "x"})")));
  const std::vector<ToolResult> results = co_await gather(std::move(calls));
  EXPECT_EQ(results.size(), 5U);
  EXPECT_EQ(EventLoop::current().time() - start, 300ms);
}

ASYNC_TEST(Tool, SharesItsPlacesWithToolsOfTheSameOptions) {
  const ToolOptions options = ToolOptions().concurrency_max(1);
  const ToolPtr one = wait_tool(options);
  const ToolPtr two = wait_tool(options);
  const TimePoint start = EventLoop::current().time();
  (void)co_await gather(one->call(args(R"({"ms": 100, "say": "x"})")),
                        two->call(args(R"({"ms": 100, "say": "x"})")));
  EXPECT_EQ(EventLoop::current().time() - start, 200ms);
}

ASYNC_TEST(Tool, DoesNotCountTheWaitForAPlaceAsItsTime) {
  const ToolPtr tool = wait_tool(ToolOptions().concurrency_max(1).timeout(150ms));
  const auto both = co_await gather(tool->call(args(R"({"ms": 100, "say": "x"})")),
                                    tool->call(args(R"({"ms": 100, "say": "y"})")));
  EXPECT_EQ(std::get<1>(both).content, "y");
}

TEST(Tool, KeepsItsPlacesWhereverACallIsCancelled) {
  (void)cancel_at_every_suspension([]() -> Coro<> {
    const ToolPtr tool = wait_tool(ToolOptions().concurrency_max(1).timeout(1s));
    std::exception_ptr error;
    try {
      (void)co_await gather(tool->call(args(R"({"ms": 10, "say": "x"})")),
                            tool->call(args(R"({"ms": 10, "say": "y"})")));
    } catch (...) {
      error = std::current_exception();
    }
    if (error) {
      Task<ToolResult> after = create_task(tool->call(args(R"({"ms": 10, "say": "z"})")));
      const ToolResult result = co_await after;
      EXPECT_EQ(result.content, "z");
      std::rethrow_exception(error);
    }
  });
}

ASYNC_TEST(Tool, IsGivenWhatTheModelDoesNotSee) {
  const ToolPtr tool = make_tool("f", "", [](ToolContext context) {
    return context.call_id() + "/" + context.context<std::string>() + "/" +
           std::to_string(context.messages().size()) + "/" +
           std::to_string(context.config().max_concurrency());
  });
  ToolContext context;
  context.with_call_id("c7")
      .with_context(std::make_shared<std::string>("Ann"))
      .with_messages(std::make_shared<const Messages>(messages("hello")))
      .with_config(RunConfig().with_max_concurrency(3));
  const ToolResult result = co_await tool->call(Json(JsonObject()), context);
  EXPECT_EQ(result.content, "c7/Ann/1/3");
}

ASYNC_TEST(Tool, SaysIfTheContextIsNotWhatItAskedFor) {
  const ToolPtr tool =
      make_tool("f", "", [](ToolContext context) { return context.context<std::string>(); });
  const ToolResult none = co_await tool->call(Json(JsonObject()));
  EXPECT_THAT(none.content, HasSubstr("no context"));
  ToolContext number;
  number.with_context(std::make_shared<int>(3));
  const ToolResult other = co_await tool->call(Json(JsonObject()), number);
  EXPECT_THAT(other.content, HasSubstr("another type"));
  ToolContext fixed;
  fixed.with_context(std::make_shared<const std::string>("Ann"));
  const ToolResult constant = co_await tool->call(Json(JsonObject()), fixed);
  EXPECT_THAT(constant.content, HasSubstr("is const"));
}

ASYNC_TEST(Tool, ThatBlocksRunsOnAThreadOfTheExecutor) {
  const auto here = std::this_thread::get_id();
  const ToolPtr on_loop = make_tool("f", "", [here] { return std::this_thread::get_id() == here; });
  const ToolPtr on_thread = make_tool(
      "f", "", [here] { return std::this_thread::get_id() == here; }, ToolOptions().blocking());
  const ToolResult loop = co_await on_loop->call(Json(JsonObject()));
  const ToolResult thread = co_await on_thread->call(Json(JsonObject()));
  EXPECT_EQ(loop.content, "true");
  EXPECT_EQ(thread.content, "false");
}

ASYNC_TEST(Tool, ThatBlocksTellsItsErrorsFromTheThread) {
  const ToolPtr tool = make_tool(
      "f", "", []() -> std::string { throw ToolError("no disk"); }, ToolOptions().blocking());
  const ToolResult result = co_await tool->call(Json(JsonObject()));
  EXPECT_EQ(result.content, "no disk");
}

ASYNC_TEST_REAL_TIME(Tool, ThatBlocksForTooLongOnAThreadIsToldToStop) {
  const ToolPtr tool = make_tool(
      "f", "",
      [](ToolContext context) {
        while (!context.stop_requested()) std::this_thread::yield();
        return "stopped";
      },
      ToolOptions().blocking().timeout(20ms));
  const ToolResult result = co_await tool->call(Json(JsonObject()));
  EXPECT_EQ(result.content, "The tool was stopped: it was not done after 20 ms.");
}

ASYNC_TEST(Tool, ThatBlocksRunsOnTheExecutorThatWasNamedForThread) {
  const auto pool = std::make_shared<ThreadPoolExecutor>(1);
  const ToolPtr tool =
      make_tool("f", "", [] { return "done there"; }, ToolOptions().blocking(pool));
  const ToolResult result = co_await tool->call(Json(JsonObject()));
  EXPECT_EQ(result.content, "done there");
  EXPECT_THAT(result.content, Not(HasSubstr("error")));
}

}  // namespace
}  // namespace cochain::testing
