// What the user's environment says of proxies is not for tests, which talk to peers of their own.

#include <gtest/gtest.h>

#include <cstdlib>

namespace cochain::testing {
namespace {

class OwnEnvironment final : public ::testing::Environment {
 public:
  void SetUp() override {
    for (const char* name : {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
                             "no_proxy", "NO_PROXY"}) {
      ::unsetenv(name);
    }
  }
};

[[maybe_unused]] const ::testing::Environment* const kOwnEnvironment =
    ::testing::AddGlobalTestEnvironment(new OwnEnvironment);

}  // namespace
}  // namespace cochain::testing
