// A value or the error in its place.
#include "core_test.hpp"

namespace cochain::testing {
namespace {

TEST(Outcome, OfAValueGivesIt) {
  const Outcome<std::string> outcome(std::string("done"));
  EXPECT_TRUE(outcome.ok());
  EXPECT_EQ(outcome.value(), "done");
  EXPECT_EQ(outcome.error(), nullptr);
}

TEST(Outcome, OfAnErrorThrowsItWhenAskedForTheValue) {
  const Outcome<int> outcome(std::make_exception_ptr(TimeoutError()));
  EXPECT_FALSE(outcome);
  EXPECT_THROW((void)outcome.value(), TimeoutError);
  EXPECT_TRUE(is<TimeoutError>(outcome.error()));
}

TEST(Outcome, OfVoidIsSuccessByDefault) { EXPECT_TRUE(Outcome<void>().ok()); }

TEST(Outcome, GivesUpAMoveOnlyValue) {
  Outcome<std::unique_ptr<int>> outcome(std::make_unique<int>(7));
  const std::unique_ptr<int> taken = std::move(outcome).value();
  EXPECT_EQ(*taken, 7);
}

TEST(Outcome, HoldsAnExceptionPointerAsAnError) {
  // Of the two alternatives the error one takes it, also where the value type is another.
  const Outcome<std::string> outcome(std::make_exception_ptr(CancelledError("why")));
  EXPECT_EQ(describe(outcome.error()), "cancelled: why");
}

}  // namespace
}  // namespace cochain::testing
