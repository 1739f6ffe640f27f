// The switch that keeps tests off the network. The process is asked from outside by running this
// program again, with the variable set.
#include "cochain/testing/forbid_network.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "core_test.hpp"
#include "thrown.hpp"

namespace cochain::testing {
namespace {

std::string words_of(const std::exception_ptr& error) {
  try {
    if (error) std::rethrow_exception(error);
  } catch (const NetworkForbiddenError& known) {
    return known.what();
  }
  return {};
}

bool forbidden_from_outside() {
  const char* value = std::getenv("COCHAIN_FORBID_NETWORK");
  return value != nullptr && std::string_view(value) != "0" && *value != '\0';
}

TEST(ForbidNetwork, OnlyOtherMachinesAreForbidden) {
  const auto offline = forbid_network();
  for (const char* host :
       {"localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]", "::ffff:127.0.0.1"}) {
    EXPECT_NO_THROW(check_network(host)) << host;
  }
  for (const char* host :
       {"api.openai.com", "10.0.0.1", "::", "0.0.0.0", "localhost.example", "", "fe80::1"}) {
    EXPECT_THROW(check_network(host), NetworkForbiddenError) << host;
  }
}

TEST(ForbidNetwork, ScopesNestAndCountWhatTheyRefused) {
  EXPECT_EQ(network_is_forbidden(), forbidden_from_outside());
  {
    const auto outer = forbid_network();
    {
      const auto inner = forbid_network();
      EXPECT_THROW(check_network("a.example"), NetworkForbiddenError);
      EXPECT_EQ(inner.attempts(), 1U);
    }
    EXPECT_TRUE(network_is_forbidden());
    EXPECT_THROW(check_network("a.example"), NetworkForbiddenError);
    EXPECT_EQ(outer.attempts(), 2U);
  }
  EXPECT_EQ(network_is_forbidden(), forbidden_from_outside());
}

ASYNC_TEST(ForbidNetwork, AConnectionIsRefusedBeforeItsNameIsLookedUp) {
  const auto offline = forbid_network();
  const std::exception_ptr by_name = co_await error_of(open_connection("api.example", 443));
  EXPECT_EQ(words_of(by_name),
            "no connection to 'api.example': the network is forbidden by forbid_network()");
  const std::exception_ptr by_number = co_await error_of(open_connection("192.0.2.1", 80));
  EXPECT_TRUE(is<NetworkForbiddenError>(by_number));
  ConnectOptions elsewhere;
  elsewhere.with_addresses({SocketAddress(SocketAddress::Family::kIpv4, "192.0.2.1", 80)});
  const std::exception_ptr by_address =
      co_await error_of(open_connection("localhost", 80, std::move(elsewhere)));
  EXPECT_TRUE(is<NetworkForbiddenError>(by_address));
  EXPECT_EQ(offline.attempts(), 3U);
}

ASYNC_TEST_REAL_TIME(ForbidNetwork, ThisMachineIsStillReached) {
  const auto offline = forbid_network();
  const auto greet = [](StreamReader, StreamWriter writer) -> Coro<> {
    writer.write("hello\n");
    writer.close();
    co_return;
  };
  Server server = co_await start_server(greet, "127.0.0.1", 0);
  const std::uint16_t port = server.port();
  Connection connection = co_await open_connection("127.0.0.1", port);
  const std::string line = co_await connection.reader.readline();
  EXPECT_EQ(line, "hello\n");
  connection.writer.close();
  server.close();
  co_await server.wait_closed();
}

TEST(ForbidNetwork, IsAskedOfTheEnvironment) {
  EXPECT_EQ(network_is_forbidden(), forbidden_from_outside());
  const std::exception_ptr error = error_of_call([] { check_network("api.example"); });
  EXPECT_EQ(
      words_of(error),
      forbidden_from_outside()
          ? "no connection to 'api.example': the network is forbidden by COCHAIN_FORBID_NETWORK"
          : "");
}

Coro<int> exit_code_with(std::string assignment) {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe");
  SubprocessOptions quiet;
  quiet.with_stdout(Stdio::devnull()).with_stderr(Stdio::devnull());
  std::vector<std::string> words{"/usr/bin/env", std::move(assignment), self,
                                 "--gtest_filter=ForbidNetwork.IsAskedOfTheEnvironment"};
  const Process child = co_await create_subprocess_exec(std::move(words), std::move(quiet));
  const int code = co_await child.wait();
  co_return code;
}

ASYNC_TEST_REAL_TIME(ForbidNetwork, TheEnvironmentForbidsItForTheWholeProcess) {
  const int forbidden = co_await exit_code_with("COCHAIN_FORBID_NETWORK=1");
  EXPECT_EQ(forbidden, 0);
  const int zero = co_await exit_code_with("COCHAIN_FORBID_NETWORK=0");
  EXPECT_EQ(zero, 0);
}

}  // namespace
}  // namespace cochain::testing
