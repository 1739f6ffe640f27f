// Descriptions: what they may say, and what is made of names.
#include "cochain/chains/model/describe.hpp"

#include <gmock/gmock.h>

#include "cochain/chains/model/json_schema.hpp"
#include "described.hpp"
#include "thrown.hpp"

namespace cochain::testing {
namespace {

using namespace sample;

using ::testing::HasSubstr;

struct Misspelt {
  int days = 0;
};
BOOST_DESCRIBE_STRUCT(Misspelt, (), (days))
Description describe(const Misspelt*) { return Description().field("dayz", "how many"); }

struct Twice {
  int one = 0;
  int two = 0;
};
BOOST_DESCRIBE_STRUCT(Twice, (), (one, two))
Description describe(const Twice*) { return Description().field("two").rename("one"); }

struct Base {
  int id = 7;
};
BOOST_DESCRIBE_STRUCT(Base, (), (id))
struct Derived : Base {
  std::string name;
};
BOOST_DESCRIBE_STRUCT(Derived, (Base), (name))

class Hidden {
 public:
  Hidden() = default;
  explicit Hidden(int x) : x_(x) {}
  [[nodiscard]] int x() const { return x_; }

 private:
  int x_ = 0;
  BOOST_DESCRIBE_CLASS(Hidden, (), (), (), (x_))
};
Description describe(const Hidden*) { return Description().title("Shown").field("x_").rename("x"); }

template <class T>
struct Box {
  T item = T();
  BOOST_DESCRIBE_CLASS(Box, (), (item), (), ())
};

enum class Color { RED, DeepBlue, kGreen, light_gray };
BOOST_DESCRIBE_ENUM(Color, RED, DeepBlue, kGreen, light_gray)
Description describe(const Color*) {
  return Description("A color.").value("RED", "like blood").value("kGreen").rename("GREEN");
}

enum class Wide : std::uint64_t { kSmall = 1, kHuge = 1ULL << 63U };
BOOST_DESCRIBE_ENUM(Wide, kSmall, kHuge)

TEST(Describe, RefusesAFieldThatTheTypeLacks) {
  const auto error = error_of_call([] { (void)json_schema<Misspelt>(); });
  EXPECT_TRUE(is<InvalidStateError>(error));
  EXPECT_THAT(cochain::describe(error), HasSubstr("Misspelt speaks of 'dayz'"));
  // The next use says so again, and so do the reader and the writer.
  EXPECT_THROW((void)to_json(Misspelt()), InvalidStateError);
  EXPECT_THROW((void)from_json<Misspelt>(Json(JsonObject())), InvalidStateError);
}

TEST(Describe, RefusesTwoMembersOfOneName) {
  EXPECT_THROW((void)json_schema<Twice>(), InvalidStateError);
}

TEST(Describe, RefusesALimitBeforeTheFirstField) {
  EXPECT_THROW((void)Description().minimum(3), InvalidStateError);
  EXPECT_THROW((void)Description().rename("x"), InvalidStateError);
}

TEST(Describe, KnowsTheMembersOfABase) {
  EXPECT_EQ(json_text(to_json(Derived())), R"({"id":7,"name":""})");
  const Derived derived = from_json<Derived>(parse_json(R"({"id": 8, "name": "n"})"));
  EXPECT_EQ(derived.id, 8);
  EXPECT_EQ(derived.name, "n");
}

TEST(Describe, ReachesPrivateMembersThatAreDescribed) {
  EXPECT_EQ(json_text(to_json(Hidden(3))), R"({"x":3})");
  EXPECT_EQ(from_json<Hidden>(parse_json(R"({"x": 4})")).x(), 4);
  EXPECT_EQ(json_schema<Hidden>().at("title"), Json("Shown"));
}

TEST(Describe, NamesATypeByItsLastName) {
  EXPECT_EQ(json_schema<Box<int>>().at("title"), Json("Box_int"));
  EXPECT_EQ(json_schema<Derived>().at("title"), Json("Derived"));
}

TEST(Describe, MakesTextsOfEnumerators) {
  EXPECT_EQ(json_schema<Color>(), parse_json(R"({
    "type": "string", "enum": ["red", "deep_blue", "GREEN", "light_gray"],
    "description": "A color.\nred: like blood"})"));
  EXPECT_EQ(to_json(Color::kGreen), Json("GREEN"));
  EXPECT_EQ(from_json<Color>(Json("deep_blue")), Color::DeepBlue);
  EXPECT_EQ(from_json<Wide>(to_json(Wide::kHuge)), Wide::kHuge);
}

}  // namespace

class Day {
 public:
  int number = 0;
};

}  // namespace cochain::testing

template <>
class cochain::JsonCodec<cochain::testing::Day> {
 public:
  static Json to_json(const testing::Day& day) { return Json("day " + std::to_string(day.number)); }
  static testing::Day from_json(const Json& json) {
    if (!json.is_string()) throw ParseError("a day, as \"day 3\"");
    testing::Day day;
    day.number = json.get_string().back() - '0';
    return day;
  }
  static Json schema() { return json_object("type", "string"); }
};

namespace cochain::testing {
namespace {

TEST(JsonCodec, StandsForATypeOfOnesOwn) {
  const std::vector<Day> days = from_json<std::vector<Day>>(parse_json(R"(["day 3"])"));
  ASSERT_EQ(days.size(), 1U);
  EXPECT_EQ(json_text(to_json(days)), R"(["day 3"])");
  EXPECT_EQ(json_schema<std::vector<Day>>().at_pointer("/items/type"), Json("string"));
  const auto error = error_of_call([] { (void)from_json<std::vector<Day>>(parse_json("[1]")); });
  EXPECT_EQ(cochain::describe(error), "JSON: $[0]: wanted a day, as \"day 3\", found 1");
}

}  // namespace
}  // namespace cochain::testing
