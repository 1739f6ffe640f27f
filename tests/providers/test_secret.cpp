// A key must be hard to print, and gone when it is done with.

#include "cochain/providers/secret.hpp"

#include <gtest/gtest.h>

#include <concepts>
#include <cstdlib>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace cochain {
namespace {

template <class T>
concept Streamable = requires(std::ostream& out, const T& value) { out << value; };
template <class T>
concept Comparable = requires(const T& left, const T& right) { left == right; };
template <class T>
concept Unequal = requires(const T& left, const T& right) { left != right; };
template <class T>
concept Addable = requires(const T& value, std::string text) { text + value; };
template <class T>
concept ToText = requires(const T& value) { to_string(value); };

static_assert(Streamable<std::string> && Comparable<std::string> && Addable<std::string>);
static_assert(!Streamable<Secret>);
static_assert(!Comparable<Secret> && !Unequal<Secret>);
static_assert(!Addable<Secret>);
static_assert(!ToText<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_convertible_v<Secret, const char*>);
static_assert(!std::is_convertible_v<Secret, bool>);
static_assert(!std::is_constructible_v<std::string, Secret>);
static_assert(!std::is_constructible_v<std::string_view, Secret>);
static_assert(!std::is_convertible_v<std::string, Secret>);
static_assert(!std::is_convertible_v<const char*, Secret>);
static_assert(!std::totally_ordered<Secret>);
static_assert(std::is_nothrow_move_constructible_v<Secret>);

TEST(Secret, RevealsItsTextOnlyWhenAsked) {
  const Secret key("sk-abcdefghijklmnop");
  EXPECT_EQ(key.reveal(), "sk-abcdefghijklmnop");
  EXPECT_FALSE(key.empty());
  EXPECT_TRUE(Secret().empty());
  EXPECT_TRUE(Secret("").empty());
}

TEST(Secret, ShowsTheLastFourCharactersOfALongKeyAndNoneOfAShortOne) {
  EXPECT_EQ(Secret("sk-abcdefghijklmnop").last4(), "****mnop");
  EXPECT_EQ(Secret("hunter2").last4(), "****");
  EXPECT_EQ(Secret().last4(), "****");
}

TEST(Secret, ComparesByItsWholeText) {
  EXPECT_TRUE(Secret("same").equals(Secret("same")));
  EXPECT_FALSE(Secret("same").equals(Secret("sama")));
  EXPECT_FALSE(Secret("same").equals(Secret("sam")));
  EXPECT_TRUE(Secret().equals(Secret()));
}

TEST(Secret, IsEmptyAfterItMoved) {
  Secret first("sk-abcdefghijklmnop");
  Secret second(std::move(first));
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(second.reveal(), "sk-abcdefghijklmnop");
  first = std::move(second);
  EXPECT_TRUE(second.empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(first.reveal(), "sk-abcdefghijklmnop");
}

TEST(Secret, CopiesIntoMemoryOfItsOwn) {
  const Secret first("sk-abcdefghijklmnop");
  Secret second(first);
  EXPECT_NE(first.reveal().data(), second.reveal().data());
  EXPECT_TRUE(first.equals(second));
  second = Secret("other");
  EXPECT_EQ(first.reveal(), "sk-abcdefghijklmnop");
  const Secret& same = second;
  second = same;
  EXPECT_EQ(second.reveal(), "other");
}

TEST(Secret, RefusesWhatNoHeaderCanCarry) {
  EXPECT_THROW(Secret("sk-abc\r\nX-Evil: 1"), std::invalid_argument);
  EXPECT_THROW(Secret(std::string("a\0b", 3)), std::invalid_argument);
}

TEST(Secret, TrimsWhatComesFromTheEnvironment) {
  ASSERT_EQ(setenv("COCHAIN_TEST_SECRET", " sk-abcdefghijklmnop\n", 1), 0);
  const auto key = Secret::from_env("COCHAIN_TEST_SECRET");
  ASSERT_TRUE(key);
  EXPECT_EQ(key->reveal(), "sk-abcdefghijklmnop");
  ASSERT_EQ(setenv("COCHAIN_TEST_SECRET", " \n", 1), 0);
  EXPECT_FALSE(Secret::from_env("COCHAIN_TEST_SECRET"));
  ASSERT_EQ(unsetenv("COCHAIN_TEST_SECRET"), 0);
  EXPECT_FALSE(Secret::from_env("COCHAIN_TEST_SECRET"));
}

}  // namespace
}  // namespace cochain
