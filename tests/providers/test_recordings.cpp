// Answers of real providers, where the recordings are at hand. They are no part of the repository:
// COCHAIN_RECORDINGS names the file, or it lies in shared/recordings beside the source tree.
//
// Each exchange comes with another decoder's reading of it, which is a second opinion and no law.

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "cochain/core/runners.hpp"
#include "cochain/providers/openai.hpp"
#include "cochain/providers/openai_wire.hpp"
#include "cochain/providers/sse.hpp"
#include "cochain/testing/replay_transport.hpp"

namespace cochain {
namespace {

namespace json = boost::json;

std::filesystem::path recordings() {
  if (const char* named = std::getenv("COCHAIN_RECORDINGS")) return named;
  return std::filesystem::path(COCHAIN_SOURCE_DIR) / ".." / "shared" / "recordings" /
         "exchanges.jsonl";
}

std::vector<json::object> exchanges(std::string_view family) {
  std::vector<json::object> found;
  std::ifstream file(recordings());
  for (std::string line; std::getline(file, line);) {
    json::value row = json::parse(line);
    if (row.at("family").as_string() == family) found.push_back(std::move(row.as_object()));
  }
  return found;
}

std::string title(const json::object& row) {
  return std::string(row.at("provider").as_string()) + "/" +
         std::string(row.at("scenario").as_string()) + "/" +
         std::string(row.at("name").as_string()) + "#" + json::serialize(row.at("step"));
}

bool streams(const json::object& row) { return row.at("stream").as_bool(); }
std::string_view body_of(const json::object& row) { return row.at("body").as_string(); }

using Cuts = std::vector<std::size_t>;

AIMessage read_stream(std::string_view body, const Cuts& sizes) {
  SseDecoder sse;
  OpenAIStreamDecoder decoder;
  AIMessage message;
  const auto drain = [&] {
    while (const auto event = sse.next_event()) {
      decoder.on_event(*event);
      while (auto each = decoder.next_event()) message += AIMessageChunk(std::move(*each));
    }
  };
  std::size_t n = 0;
  while (!body.empty()) {
    const std::size_t size = sizes.empty() ? body.size() : sizes[n++ % sizes.size()];
    sse.feed(body.substr(0, size));
    drain();
    body.remove_prefix(std::min(size, body.size()));
  }
  sse.finish();
  drain();
  decoder.finish();
  while (auto each = decoder.next_event()) message += AIMessageChunk(std::move(*each));
  EXPECT_TRUE(decoder.done());
  return message;
}

// Arguments that are no JSON are marked as such by the second opinion.
json::value arguments_of(const ToolCall& call) {
  boost::system::error_code error;
  json::value parsed = json::parse(call.arguments.empty() ? "{}" : call.arguments, error);
  return error ? json::value({{"_invalid", call.arguments}}) : parsed;
}

json::object reading_of(const AIMessage& message) {
  json::array calls;
  for (const ToolCall& call : message.tool_calls()) {
    calls.push_back({{"id", call.id}, {"name", call.name}, {"args", arguments_of(call)}});
  }
  json::object usage = {{"input", message.usage.input_tokens},
                        {"output", message.usage.output_tokens}};
  return {{"text", message.text()},
          {"reasoning", message.reasoning()},
          {"refusal", message.refusal()},
          {"tool_calls", std::move(calls)},
          {"finish_raw", message.finish_raw},
          {"usage", message.usage.known ? json::value(std::move(usage)) : json::value()}};
}

// Where the second opinion errs. Perplexity's whole answers hold a `delta` without text beside the
// `message`; the second opinion read the delta and found no text in it. The text is the message's.
void correct(const json::object& row, json::object& expected) {
  if (row.at("provider").as_string() != "perplexity" || streams(row)) return;
  const json::value body = json::parse(body_of(row));
  const json::object& choice = body.at("choices").at(0).as_object();
  if (choice.contains("delta") && choice.contains("message")) {
    expected["text"] = choice.at("message").at("content");
  }
}

// What is wrong about how a failed request is read; empty if nothing is.
std::string fault_of(const json::object& row) {
  const int status = static_cast<int>(row.at("expect").at("http_error").as_int64());
  HttpHeaders headers;
  for (const auto& [name, value] : row.at("headers").as_object()) {
    headers.add(std::string(name), std::string(value.as_string()));
  }
  try {
    throw_http_error(static_cast<int>(row.at("status").as_int64()), headers, body_of(row), "m");
  } catch (const HttpError& error) {
    const std::string what = error.what();
    if (error.status() != status) return "status: " + what;
    if (error.retryable()) return "retryable: " + what;
    if (what.find("[model m, status " + std::to_string(status)) == what.npos) return what;
    if (error.message().find("HTTP status") != what.npos) return "no message: " + what;
    if (error.request_id() != request_id_of(headers)) return "request id: " + what;
    const bool kind = status == 401   ? dynamic_cast<const AuthError*>(&error) != nullptr
                      : status == 404 ? dynamic_cast<const NotFoundError*>(&error) != nullptr
                                      : dynamic_cast<const BadRequestError*>(&error) != nullptr;
    return kind ? "" : "kind: " + what;
  }
}

class OpenAIRecordings : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(recordings())) {
      GTEST_SKIP() << "NO RECORDINGS: " << recordings() << " is not there; real providers' answers "
                   << "were NOT tried. Set COCHAIN_RECORDINGS to try them.";
    }
    rows_ = exchanges("openai-chat");
    ASSERT_FALSE(rows_.empty()) << recordings() << " holds no exchange of this family";
  }
  std::vector<json::object> rows_;
};

TEST_F(OpenAIRecordings, AreReadAsTheSecondOpinionReadsThem) {
  std::map<std::string, int> seen;
  std::size_t passed = 0;
  for (const json::object& row : rows_) {
    json::object expected = row.at("expect").as_object();
    std::string fault;
    try {
      if (expected.contains("http_error")) {
        ++seen["error"];
        fault = fault_of(row);
      } else {
        ++seen[streams(row) ? "stream" : "whole"];
        correct(row, expected);
        const json::object reading = reading_of(streams(row) ? read_stream(body_of(row), {})
                                                             : decode_chat_response(body_of(row)));
        if (reading != expected) {
          fault = json::serialize(reading) + "\n  expected " + json::serialize(expected);
        }
      }
    } catch (const std::exception& error) {
      fault = error.what();
    }
    if (fault.empty()) ++passed;
    EXPECT_EQ(fault, "") << title(row);
  }
  std::cout << passed << " of " << rows_.size() << " exchanges read as expected";
  for (const auto& [kind, count] : seen) std::cout << ", " << count << " " << kind;
  std::cout << "\n";
}

TEST_F(OpenAIRecordings, AreReadTheSameHoweverTheyAreCut) {
  constexpr unsigned kSeed = 7;
  std::mt19937 random(kSeed);
  for (const json::object& row : rows_) {
    if (!streams(row) || row.at("expect").as_object().contains("http_error")) continue;
    SCOPED_TRACE(title(row));
    const AIMessage whole = read_stream(body_of(row), {});
    EXPECT_EQ(read_stream(body_of(row), {1}), whole);
    for (int round = 0; round < 3; ++round) {
      Cuts sizes;
      for (int n = 0; n < 50; ++n) sizes.push_back(1 + random() % 300);
      EXPECT_EQ(read_stream(body_of(row), sizes), whole) << "seed " << kSeed;
    }
  }
}

// The whole model reads them as its decoders do.
TEST_F(OpenAIRecordings, AreReadTheSameByAModelOverAReplay) {
  std::uint64_t seed = 1;
  for (const json::object& row : rows_) {
    if (row.at("expect").as_object().contains("http_error")) continue;
    SCOPED_TRACE(title(row));
    const std::string path(row.at("path").as_string());
    const std::string base = path.substr(0, path.rfind("/chat/completions"));
    std::vector<testing::RecordedExchange> exchanges = {testing::exchange_from_json(row)};
    const auto replay = std::make_shared<testing::ReplayTransport>(
        std::move(exchanges), testing::ReplayOptions().with_split(seed++));
    const auto model = make_openai_model(
        OpenAIOptions("m").with_base_url("https://replay.invalid" + base).with_transport(replay));
    const auto sum = [](std::shared_ptr<ChatModel> asked, AnswerMode mode) -> Coro<AIMessage> {
      if (mode == AnswerMode::kWhole) {
        co_return co_await asked->generate(messages("x"), ChatOptions());
      }
      AIMessage message;
      Stream<ContentEvent> events = asked->generate_events(messages("x"), ChatOptions());
      while (auto event = co_await events.next()) apply(message, std::move(*event));
      co_return message;
    };
    AIMessage message = run(sum(model, streams(row) ? AnswerMode::kStream : AnswerMode::kWhole));
    message.request_id.clear();  // from the headers, which the decoders do not see
    EXPECT_EQ(message,
              streams(row) ? read_stream(body_of(row), {}) : decode_chat_response(body_of(row)));
  }
}

TEST_F(OpenAIRecordings, AreReadTheSameCutInTwoAtEveryByte) {
  // The shortest stream of each provider: quadratic in its length.
  std::map<std::string, const json::object*> shortest;
  for (const json::object& row : rows_) {
    if (!streams(row) || row.at("expect").as_object().contains("http_error")) continue;
    const json::object*& best = shortest[std::string(row.at("provider").as_string())];
    if (best == nullptr || body_of(row).size() < body_of(*best).size()) best = &row;
  }
  for (const auto& [provider, row] : shortest) {
    SCOPED_TRACE(title(*row));
    const std::string_view body = body_of(*row).substr(0, 6000);
    if (body.size() < body_of(*row).size()) continue;
    const AIMessage whole = read_stream(body, {});
    for (std::size_t cut = 1; cut < body.size(); ++cut) {
      ASSERT_EQ(read_stream(body, {cut, body.size()}), whole) << "cut at " << cut;
    }
  }
}

TEST_F(OpenAIRecordings, AreIncompleteWhereTheirEndIsMissing) {
  for (const json::object& row : rows_) {
    if (!streams(row) || row.at("expect").as_object().contains("http_error")) continue;
    SCOPED_TRACE(title(row));
    // Everything before the first event that tells why the model stopped.
    const std::string_view body = body_of(row);
    std::size_t end = std::string_view::npos;
    for (const std::string_view word : {"\"finish_reason\":\"", "\"finish_reason\": \""}) {
      end = std::min(end, body.find(word));
    }
    if (end == std::string_view::npos) continue;
    end = body.substr(0, end).rfind("data:");
    ASSERT_NE(end, std::string_view::npos);
    EXPECT_THROW(static_cast<void>(read_stream(body.substr(0, end), {})), IncompleteStreamError);
    // Torn in the middle of an event: the same, and no error about its JSON.
    EXPECT_THROW(static_cast<void>(read_stream(body.substr(0, end + 20), {})),
                 IncompleteStreamError);
  }
}

// What a decoder made of an answer must be fit to be sent again.
TEST_F(OpenAIRecordings, GoBackIntoARequest) {
  for (const json::object& row : rows_) {
    if (streams(row) || row.at("expect").as_object().contains("http_error")) continue;
    SCOPED_TRACE(title(row));
    const OpenAIDialect dialect = OpenAIDialect::openrouter();
    AIMessage message = decode_chat_response(body_of(row), dialect);
    const json::value sent = json::parse(encode_chat_request(
        "m", messages(message, HumanMessage("go on")), ChatOptions(), AnswerMode::kWhole, dialect));
    const json::object& again = sent.at("messages").at(0).as_object();
    EXPECT_EQ(again.at("role").as_string(), "assistant");
    if (!message.text().empty()) {
      EXPECT_EQ(again.at("content").as_string(), message.text());
    }
    const auto calls = message.tool_calls();
    ASSERT_EQ(again.contains("tool_calls"), !calls.empty());
    for (std::size_t i = 0; i < calls.size(); ++i) {
      EXPECT_EQ(again.at("tool_calls").at(i).at("id").as_string(), calls[i].id);
    }
    const json::value original = json::parse(body_of(row));
    const json::object& choice = original.at("choices").at(0).as_object();
    const json::value* details =
        choice.contains("message")
            ? choice.at("message").as_object().if_contains("reasoning_details")
            : nullptr;
    if (details != nullptr && !details->as_array().empty()) {
      EXPECT_EQ(again.at("reasoning_details").as_array(), details->as_array());
    }
  }
}

}  // namespace
}  // namespace cochain
