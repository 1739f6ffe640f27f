// What the simulated server does when there is too much of something.
#include <cochain/providers/simulator.hpp>

#include <chrono>
#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "process_state.hpp"
#include "raw_http.hpp"

namespace cochain {
namespace {

using namespace cochain::testing;
using std::chrono::milliseconds;

constexpr std::string_view kChat = "/v1/chat/completions";
constexpr std::string_view kStream = R"(,"stream":true)";

SimulatorOptions instant() { return SimulatorOptions().instant(); }

TEST(SimulatorLimits, AClientThatDoesNotReadHoldsUpItsOwnStreamOnly) {
  Simulator simulator(instant().answer_tokens(200'000));
  RawConnection lazy(simulator.port());
  lazy.send(post_request(kChat, chat_body("Hello", kStream)));
  std::uint64_t before = 0;
  EXPECT_TRUE(wait_until([&] {
    const std::uint64_t after = simulator.stats().chunks_sent;
    return after > 0 && std::exchange(before, after) == after;
  }));
  EXPECT_LT(simulator.stats().chunks_sent, 200'000U);
  EXPECT_EQ(send_once(simulator.port(), get_request("/healthz")).status, 200);
  const RawReply reply = lazy.read_reply();
  EXPECT_TRUE(reply.complete);
  EXPECT_EQ(simulator.stats().chunks_sent, 200'000U);
}

TEST(SimulatorLimits, ConnectionsHaveALimit) {
  Simulator simulator(instant().connections_max(2));
  RawConnection one(simulator.port());
  RawConnection two(simulator.port());
  RawConnection three(simulator.port());
  EXPECT_EQ(three.read_reply().status, 503);
  EXPECT_EQ(simulator.stats().connections_refused, 1U);
  one.close();
  EXPECT_TRUE(wait_until([&simulator] { return simulator.stats().connections_open == 1; }));
  EXPECT_EQ(send_once(simulator.port(), get_request("/healthz")).status, 200);
}

TEST(SimulatorLimits, IdleConnectionsAreClosed) {
  Simulator simulator(instant().idle_timeout(milliseconds(30)));
  RawConnection client(simulator.port());
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_TRUE(client.ended());
}

TEST(SimulatorLimits, WaitsWhenFileDescriptorsRunOut) {
  if (type_checks_need_descriptors()) GTEST_SKIP() << kNeedsDescriptors;
  Simulator simulator(instant());
  const int lowest_free = ::dup(0);
  ::close(lowest_free);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(lowest_free) + 1;  // room for the client, not for us
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  RawConnection client(simulator.port());
  EXPECT_TRUE(wait_until([&simulator] { return simulator.stats().accept_pauses > 0; }));
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  client.send(get_request("/healthz"));
  EXPECT_EQ(client.read_reply().status, 200);
  EXPECT_LT(simulator.stats().accept_pauses, 1000U) << "it must not spin";
}

}  // namespace
}  // namespace cochain
