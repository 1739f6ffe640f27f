// The simulated model's decisions, without a socket.
#include <cochain/providers/simulator_plan.hpp>

#include <array>
#include <cmath>
#include <stdexcept>
#include <string>
#include <variant>

#include <gtest/gtest.h>

namespace cochain {
namespace {

SimulatedChatRequest parsed(const std::string& body) {
  auto result = parse_chat_request(body);
  if (const auto* refusal = std::get_if<SimulatedRefusal>(&result)) {
    ADD_FAILURE() << refusal->message;
    return SimulatedChatRequest();
  }
  return std::get<SimulatedChatRequest>(result);
}

SimulatedChatRequest ask(const std::string& prompt, const std::string& members = "") {
  return parsed(R"({"model":"sim-1","messages":[{"role":"user","content":")" + prompt + "\"}]" +
                members + "}");
}

const char* const kTools =
    R"(,"tools":[{"type":"function","function":{"name":"get_weather",
        "description":"Tells the weather in a city","parameters":{"type":"object",
        "properties":{"city":{"type":"string"},"days":{"type":"integer","minimum":1},
        "unit":{"enum":["celsius","kelvin"]},"note":{"type":"string"}},
        "required":["city","days","unit"]}}},
      {"type":"function","function":{"name":"calculator","description":"Evaluates arithmetic",
        "parameters":{"type":"object","properties":{"expression":{"type":"string"}},
        "required":["expression"]}}}])";

TEST(SimulatorPlan, SameSeedPromptAndModelGiveTheSameAnswer) {
  const SimulatorOptions options = SimulatorOptions().seed(5);
  const AnswerPlan first = plan_answer(ask("Why do cats purr?"), options, 0);
  const AnswerPlan later = plan_answer(ask("Why do cats purr?"), options, 9);
  EXPECT_EQ(first.text, later.text);
  EXPECT_EQ(first.chunks.size(), later.chunks.size());
  EXPECT_NE(first.id, later.id);
  const AnswerPlan again = plan_answer(ask("Why do cats purr?"), options, 0);
  EXPECT_EQ(first.id, again.id);
  EXPECT_EQ(first.whole_delay(), again.whole_delay());
}

TEST(SimulatorPlan, AnotherSeedOrPromptGivesAnotherAnswer) {
  const SimulatorOptions five = SimulatorOptions().seed(5);
  const std::string text = plan_answer(ask("Why do cats purr?"), five, 0).text;
  EXPECT_NE(text, plan_answer(ask("Why do cats purr?"), SimulatorOptions().seed(6), 0).text);
  EXPECT_NE(text, plan_answer(ask("Why do dogs bark?"), five, 0).text);
}

TEST(SimulatorPlan, TheAnswerEchoesTheWordsOfThePrompt) {
  const AnswerPlan plan = plan_answer(ask("Tell me about glaciers"), SimulatorOptions(), 0);
  EXPECT_NE(plan.text.find("glaciers"), std::string::npos) << plan.text;
  EXPECT_EQ(plan.text.back(), '.');
  EXPECT_EQ(plan.finish_reason, "stop");
}

TEST(SimulatorPlan, ChunksAddUpToTheText) {
  const AnswerPlan plan =
      plan_answer(ask("Grüße aus Österreich und 東京 bitte"), SimulatorOptions(), 0);
  std::string joined;
  for (std::size_t i = 0; i < plan.chunks.size(); ++i) {
    const std::string chunk(plan.chunk_text(i));
    ASSERT_FALSE(chunk.empty());
    EXPECT_NE(static_cast<unsigned char>(chunk[0]) & 0xc0, 0x80) << "cut inside a character";
    joined += chunk;
  }
  EXPECT_EQ(joined, plan.text);
  EXPECT_EQ(plan.completion_tokens, plan.chunks.size());
}

TEST(SimulatorPlan, AFixedLengthIsExact) {
  for (const std::size_t tokens : {1U, 2U, 3U, 17U, 18U, 19U, 512U}) {
    const SimulatorOptions options = SimulatorOptions().answer_tokens(tokens);
    const AnswerPlan plan = plan_answer(ask("Count the clouds"), options, 0);
    EXPECT_EQ(plan.chunks.size(), tokens) << plan.text;
    EXPECT_EQ(plan.finish_reason, "stop");
  }
}

TEST(SimulatorPlan, ATokenLimitCutsAndSaysSo) {
  for (const char* name : {"max_tokens", "max_completion_tokens"}) {
    const AnswerPlan plan = plan_answer(ask("Count the clouds", std::string(",\"") + name + "\":5"),
                                        SimulatorOptions(), 0);
    EXPECT_EQ(plan.chunks.size(), 5U);
    EXPECT_EQ(plan.finish_reason, "length");
  }
}

TEST(SimulatorPlan, PromptTokensAreAQuarterOfTheCharacters) {
  EXPECT_EQ(plan_answer(ask("12345678"), SimulatorOptions(), 0).prompt_tokens, 2U);
  EXPECT_EQ(plan_answer(ask("123456789"), SimulatorOptions(), 0).prompt_tokens, 3U);
}

TEST(SimulatorPlan, DelaysFollowTheirDistributions) {
  const SimulatorOptions options =
      SimulatorOptions()
          .answer_tokens(2000)
          .first_token(SimulatedLatency::fixed(std::chrono::milliseconds(300)))
          .between_tokens(SimulatedLatency::around(std::chrono::milliseconds(20),
                                                   std::chrono::milliseconds(5)));
  const AnswerPlan plan = plan_answer(ask("Count the clouds"), options, 3);
  EXPECT_EQ(plan.chunks[0].delay_us, 300'000U);
  for (std::size_t i = 1; i < plan.chunks.size(); ++i) {
    EXPECT_GE(plan.chunks[i].delay_us, 15'000U);
    EXPECT_LE(plan.chunks[i].delay_us, 25'000U);
  }
  const double mean = static_cast<double>(plan.whole_delay().count() - 300'000) / 1999.0;
  EXPECT_NEAR(mean, 20'000.0, 500.0);
}

TEST(SimulatorPlan, LognormalHasItsMedianInTheMiddle) {
  const SimulatedLatency latency = SimulatedLatency::lognormal(std::chrono::milliseconds(100), 0.5);
  int below = 0;
  for (int i = 0; i < 1000; ++i) {
    below += latency.sample((i + 0.5) / 1000.0, std::fmod(i * 0.618034, 1.0)).count() < 100'000;
  }
  EXPECT_NEAR(below, 500, 40);
  EXPECT_TRUE(SimulatedLatency::none().is_none());
  EXPECT_FALSE(latency.is_none());
}

TEST(SimulatorPlan, FaultsComeAtTheirRatesAndByRequestNumber) {
  const SimulatorOptions options = SimulatorOptions()
                                       .fault_rate(SimulatedFault::kReset, 0.2)
                                       .fault_rate(SimulatedFault::kRateLimit, 0.3);
  std::array<int, kSimulatedFaultKinds> seen{};
  const SimulatedChatRequest request = ask("Count the clouds");
  for (std::uint64_t number = 0; number < 2000; ++number) {
    const AnswerPlan plan = plan_answer(request, options, number);
    seen.at(static_cast<std::size_t>(plan.fault))++;
    EXPECT_EQ(plan.fault, plan_answer(request, options, number).fault);
    if (plan.fault == SimulatedFault::kReset) {
      EXPECT_GE(plan.fault_after_chunks, 1U);
      EXPECT_LT(plan.fault_after_chunks, plan.completion_tokens);
    }
  }
  EXPECT_NEAR(seen[static_cast<std::size_t>(SimulatedFault::kReset)], 400, 80);
  EXPECT_NEAR(seen[static_cast<std::size_t>(SimulatedFault::kRateLimit)], 600, 80);
  EXPECT_NEAR(seen[static_cast<std::size_t>(SimulatedFault::kNone)], 1000, 100);
}

TEST(SimulatorPlan, ImpossibleOptionsAreRefused) {
  SimulatorOptions options;
  EXPECT_THROW(options.fault_rate(SimulatedFault::kReset, 1.5), std::invalid_argument);
  EXPECT_THROW(options.fault_rate(SimulatedFault::kNone, 0.5), std::invalid_argument);
  options.fault_rate(SimulatedFault::kReset, 0.6);
  EXPECT_THROW(options.fault_rate(SimulatedFault::kStall, 0.6), std::invalid_argument);
  EXPECT_EQ(options.fault_rate(SimulatedFault::kStall), 0.0);
  EXPECT_THROW(SimulatedLatency::fixed(std::chrono::microseconds(-1)), std::invalid_argument);
}

TEST(SimulatorPlan, AToolWhoseWordsArePresentIsCalledWithFittingArguments) {
  const AnswerPlan plan = plan_answer(
      ask("What is the weather in Paris for 3 days in kelvin?", kTools), SimulatorOptions(), 0);
  ASSERT_EQ(plan.tool_calls.size(), 1U);
  EXPECT_EQ(plan.tool_calls[0].name, "get_weather");
  EXPECT_EQ(plan.tool_calls[0].arguments, R"({"city":"Paris","days":3,"unit":"kelvin"})");
  EXPECT_EQ(plan.finish_reason, "tool_calls");
  EXPECT_EQ(plan.tool_calls[0].chunks.back().end, plan.tool_calls[0].arguments.size());
}

TEST(SimulatorPlan, ToolChoiceIsObeyed) {
  const SimulatorOptions options;
  const auto calls = [&options](const std::string& prompt, const std::string& members) {
    return plan_answer(ask(prompt, kTools + members), options, 0).tool_calls;
  };
  EXPECT_TRUE(calls("Sing a song", "").empty());
  EXPECT_EQ(calls("Sing a song", R"(,"tool_choice":"required")").size(), 1U);
  EXPECT_TRUE(calls("The weather in Rome", R"(,"tool_choice":"none")").empty());
  const auto named =
      calls("Sing 2 + 3", R"(,"tool_choice":{"type":"function","function":{"name":"calculator"}})");
  ASSERT_EQ(named.size(), 1U);
  EXPECT_EQ(named[0].arguments, R"({"expression":"2 + 3"})");
  EXPECT_EQ(calls("weather and calculator", "").size(), 2U);
  EXPECT_EQ(calls("weather and calculator", R"(,"parallel_tool_calls":false)").size(), 1U);
}

TEST(SimulatorPlan, AfterAToolResultComesText) {
  const SimulatedChatRequest request = parsed(
      std::string(R"({"model":"m","messages":[{"role":"user","content":"The weather in Rome?"},
        {"role":"assistant","content":null,"tool_calls":[]},
        {"role":"tool","tool_call_id":"1","content":"21 degrees"}])") +
      kTools + "}");
  const AnswerPlan plan = plan_answer(request, SimulatorOptions(), 0);
  EXPECT_TRUE(plan.tool_calls.empty());
  EXPECT_NE(plan.text.find("21 degrees"), std::string::npos);
}

TEST(SimulatorPlan, AResponseFormatGivesJson) {
  const SimulatedChatRequest request =
      ask("Rate Casablanca 9 of 10",
          R"(,"response_format":{"type":"json_schema","json_schema":{"name":"r","schema":{
          "type":"object","properties":{"title":{"type":"string"},
          "score":{"$ref":"#/$defs/s"},"tags":{"type":"array","items":{"type":"boolean"}}},
          "$defs":{"s":{"type":"integer"}}}}})");
  EXPECT_EQ(plan_answer(request, SimulatorOptions(), 0).text,
            R"({"title":"Casablanca","score":9,"tags":[true]})");
}

TEST(SimulatorPlan, BadRequestsAreRefusedWithTheirParameter) {
  const auto param_of = [](const std::string& body) {
    const auto result = parse_chat_request(body);
    const auto* refusal = std::get_if<SimulatedRefusal>(&result);
    return refusal == nullptr ? "accepted" : refusal->param;
  };
  const std::string user = R"("messages":[{"role":"user","content":"x"}])";
  EXPECT_EQ(param_of("{"), "");
  EXPECT_EQ(param_of("[]"), "");
  EXPECT_EQ(param_of("{" + user + "}"), "model");
  EXPECT_EQ(param_of(R"({"model":"m"})"), "messages");
  EXPECT_EQ(param_of(R"({"model":"m","messages":[]})"), "messages");
  EXPECT_EQ(param_of(R"({"model":"m","messages":[{"role":"king","content":"x"}]})"),
            "messages[0].role");
  EXPECT_EQ(param_of(R"({"model":"m","messages":[{"role":"user"}]})"), "messages[0].content");
  EXPECT_EQ(param_of(R"({"model":"m","max_tokens":0,)" + user + "}"), "max_tokens");
  EXPECT_EQ(param_of(R"({"model":"m","temperature":3,)" + user + "}"), "temperature");
  EXPECT_EQ(param_of(R"({"model":"m","stream":"yes",)" + user + "}"), "stream");
  EXPECT_EQ(param_of(R"({"model":"m","stream_options":{},)" + user + "}"), "stream_options");
  EXPECT_EQ(param_of(R"({"model":"m","n":2,)" + user + "}"), "n");
  EXPECT_EQ(param_of(R"({"model":"m","temperature":null,)" + user + "}"), "accepted");
}

}  // namespace
}  // namespace cochain
