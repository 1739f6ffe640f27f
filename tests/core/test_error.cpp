// What errors say of themselves, and that the two signals stand outside std::exception.
#include "core_test.hpp"

#include <type_traits>

namespace cochain::testing {
namespace {

static_assert(!std::is_base_of_v<std::exception, CancelledError>);
static_assert(!std::is_base_of_v<std::exception, KeyboardInterrupt>);
static_assert(std::is_base_of_v<Error, TimeoutError>);

template <class E>
std::exception_ptr error(E value) {
  return std::make_exception_ptr(std::move(value));
}

TEST(Error, CancelledErrorPassesAHandlerOfStdException) {
  bool swallowed = false;
  try {
    try {
      throw CancelledError("stop");
    } catch (const std::exception&) {
      swallowed = true;
    }
  } catch (const CancelledError& cancelled) {
    EXPECT_EQ(cancelled.message(), "stop");
  }
  EXPECT_FALSE(swallowed);
}

TEST(Error, DescribeGivesTheWhatOfAnError) {
  EXPECT_EQ(describe(error(std::runtime_error("disk full"))), "disk full");
}

TEST(Error, DescribeKnowsTheTwoSignals) {
  EXPECT_EQ(describe(error(CancelledError())), "cancelled");
  EXPECT_EQ(describe(error(CancelledError("too late"))), "cancelled: too late");
  EXPECT_EQ(describe(error(KeyboardInterrupt())), "keyboard interrupt");
}

TEST(Error, DescribeSurvivesForeignTypesAndNothing) {
  EXPECT_EQ(describe(error(42)), "an exception of a type outside std::exception");
  EXPECT_EQ(describe(nullptr), "no exception");
}

TEST(Error, GroupListsEveryMessageInOrder) {
  const ExceptionGroup group("two went wrong",
                             {error(std::runtime_error("a")), error(TimeoutError("b"))});
  EXPECT_STREQ(group.what(), "two went wrong (2 errors)\n  - a\n  - b");
}

TEST(Error, GroupInAGroupKeepsItsLinesUnderItsDash) {
  const ExceptionGroup inner("inner", {error(std::runtime_error("a"))});
  const ExceptionGroup outer("outer", {error(inner)});
  EXPECT_STREQ(outer.what(), "outer (1 error)\n  - inner (1 error)\n      - a");
}

TEST(Error, GroupFindsTypesInNestedGroups) {
  const ExceptionGroup inner("inner", {error(QueueEmpty())});
  const ExceptionGroup outer("outer", {error(std::runtime_error("a")), error(inner)});
  EXPECT_TRUE(outer.contains<QueueEmpty>());
  EXPECT_TRUE(outer.contains<ExceptionGroup>());
  EXPECT_FALSE(outer.contains<TimeoutError>());
}

TEST(Error, CancelledErrorIsToldFromOthersWithoutThrowing) {
  EXPECT_TRUE(detail::is_cancelled_error(error(CancelledError())));
  EXPECT_FALSE(detail::is_cancelled_error(error(TimeoutError())));
  EXPECT_FALSE(detail::is_cancelled_error(nullptr));
}

TEST(Error, AssertionNamesConditionAndPlace) {
  const int two = 2;
  EXPECT_DEATH(COCHAIN_ASSERT(two == 3), "assertion failed: two == 3 .*test_error.cpp:[0-9]+");
}

}  // namespace
}  // namespace cochain::testing
