// Where a test forbids the network, a request to another machine fails before anything is sent.
#include <gmock/gmock.h>

#include "async_test.hpp"
#include "cochain/providers/curl_transport.hpp"
#include "cochain/providers/openai.hpp"
#include "cochain/providers/simulator.hpp"
#include "cochain/testing/forbid_network.hpp"
#include "thrown.hpp"

namespace cochain::testing {
namespace {

ASYNC_TEST_REAL_TIME(CurlTransportOffline, ARequestToAnotherMachineIsForbidden) {
  const auto offline = forbid_network();
  const auto transport = make_curl_transport();
  const std::exception_ptr error =
      co_await error_of(transport->open(HttpRequest("GET", "https://api.example/v1/models")));
  EXPECT_TRUE(is<NetworkForbiddenError>(error));
  EXPECT_EQ(offline.attempts(), 1U);
}

ASYNC_TEST_REAL_TIME(CurlTransportOffline, AModelTellsItAsItIs) {
  const auto offline = forbid_network();
  const auto model = make_openai_model(OpenAIOptions("m").with_api_key(Secret("k")));
  const std::exception_ptr whole = co_await error_of(model->invoke(messages("hi")));
  EXPECT_TRUE(is<NetworkForbiddenError>(whole));
  Stream<AIMessageChunk> chunks = model->stream(messages("hi"));
  const std::exception_ptr streamed = co_await error_of(chunks.next());
  EXPECT_TRUE(is<NetworkForbiddenError>(streamed));
}

ASYNC_TEST_REAL_TIME(CurlTransportOffline, TheSimulatorIsStillReached) {
  const auto offline = forbid_network();
  Simulator simulator(SimulatorOptions().instant());
  const auto model = make_openai_model(OpenAIOptions("sim-1").with_base_url(simulator.base_url()));
  const AIMessage answer = co_await model->invoke(messages("hi"));
  EXPECT_NE(answer.text(), "");
  EXPECT_EQ(offline.attempts(), 0U);
}

}  // namespace
}  // namespace cochain::testing
