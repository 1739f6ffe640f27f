// Types to JSON and back, and each way in which a value can be wrong.
#include "cochain/chains/model/json_convert.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <random>

#include "described.hpp"
#include "thrown.hpp"

namespace cochain::testing {
namespace {

using namespace sample;

struct Filled {
  std::vector<int> list = {1, 2};
};
BOOST_DESCRIBE_STRUCT(Filled, (), (list))

template <class T>
std::string error_in(std::string_view json, const DecodeOptions& options = DecodeOptions()) {
  return describe(error_of_call([&] { (void)from_json<T>(parse_json(json), options); }));
}

template <class T>
T read(std::string_view json, const DecodeOptions& options = DecodeOptions()) {
  return from_json<T>(parse_json(json), options);
}

template <class T>
void expect_round_trip(const T& value) {
  const Json json = to_json(value);
  EXPECT_TRUE(from_json<T>(json) == value) << json;
}

TEST(FromJson, ReadsADescribedStruct) {
  const Weather weather = read<Weather>(R"({"city": "Paris", "days": 3, "unit": "http_kelvin"})");
  EXPECT_EQ(weather, (Weather{"Paris", 3, Scale::kHTTPKelvin}));
}

TEST(FromJson, KeepsWhatTheStructGivesAMissingMember) {
  EXPECT_EQ(read<Weather>(R"({"city": "Paris"})"), (Weather{"Paris", std::nullopt}));
  EXPECT_EQ(read<Weather>(R"({"city": "Paris", "unit": null, "days": null})").scale,
            Scale::kCelsius);
}

TEST(FromJson, TellsWhereAndWhatAndAllOfIt) {
  EXPECT_EQ(error_in<Weather>(R"({"city": 7, "days": "three", "unit": "kelvin"})"),
            "Weather: 3 errors: $.city: wanted a string, found 7; "
            "$.days: wanted an integer, found \"three\"; "
            "$.unit: wanted one of \"celsius\", \"fahrenheit\", \"http_kelvin\", "
            "found \"kelvin\"");
  EXPECT_EQ(error_in<Order>(R"({"items": [{"name": "a", "price": 1}, {"name": "b",
                                 "price": null}, 3], "counts": {"a b": 1.5}})"),
            "Order: 3 errors: $.items[1].price: wanted a number, found null; "
            "$.items[2]: wanted an object (Item), found 3; "
            "$.counts[\"a b\"]: wanted an integer, found 1.5E0");
}

TEST(FromJson, TellsOfAMissingMember) {
  EXPECT_EQ(error_in<Weather>("{}"),
            "Weather: $.city: wanted a string, found nothing: it is missing");
}

TEST(FromJson, ChecksTheLimitsOfTheDescription) {
  EXPECT_EQ(error_in<Weather>(R"({"city": "", "days": 15})"),
            "Weather: 2 errors: $.city: wanted at least 1 characters, found \"\"; "
            "$.days: wanted at most 14, found 15");
}

TEST(FromJson, KeepsTheFirstEightErrorsAndCountsTheRest) {
  try {
    (void)read<std::vector<int>>(R"(["a","b","c","d","e","f","g","h","i","j"])");
    FAIL();
  } catch (const DecodeError& error) {
    EXPECT_EQ(error.issues().size(), 8U);
    EXPECT_EQ(error.count(), 10U);
    EXPECT_EQ(error.issues()[7], JsonIssue("$[7]", "an integer", "\"h\""));
    EXPECT_THAT(error.list(), ::testing::HasSubstr("- $[0]: wanted an integer, found \"a\"\n"));
    EXPECT_THAT(error.list(), ::testing::EndsWith("- and 2 more\n"));
    EXPECT_THAT(error.text(), ::testing::StartsWith("[\"a\",\"b\""));
  }
}

TEST(FromJson, CutsWhatItFoundAtACharacter) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "\u00e4";
  const std::string error = error_in<int>(json_text(Json(text)));
  EXPECT_LT(error.size(), 140U);
  EXPECT_THAT(error, ::testing::EndsWith("\u00e4..."));
}

TEST(FromJson, TakesIntegersThatFit) {
  EXPECT_EQ(read<int>("3.0"), 3);
  EXPECT_EQ(read<std::int8_t>("-128"), -128);
  EXPECT_EQ(read<std::uint64_t>("18446744073709551615"), 18446744073709551615ULL);
  EXPECT_EQ(error_in<int>("\"3\""), "JSON: $: wanted an integer, found \"3\"");
  EXPECT_EQ(error_in<int>("3.5"), "JSON: $: wanted an integer, found 3.5E0");
  EXPECT_EQ(error_in<int>("1e300"), "JSON: $: wanted an integer, found 1E300");
  EXPECT_EQ(error_in<std::int8_t>("128"), "JSON: $: wanted an integer from -128 to 127, found 128");
  EXPECT_EQ(error_in<std::uint8_t>("-1"), "JSON: $: wanted an integer from 0 to 255, found -1");
  EXPECT_EQ(error_in<std::int64_t>("18446744073709551615"),
            "JSON: $: wanted an integer from -9223372036854775808 to 9223372036854775807, "
            "found 18446744073709551615");
  EXPECT_EQ(error_in<int>("true"), "JSON: $: wanted an integer, found true");
}

TEST(FromJson, RefusesUnknownMembersOnRequest) {
  const std::string_view json = R"({"name": "a", "price": 1, "color": "red"})";
  EXPECT_EQ(read<Item>(json), (Item{"a", 1}));
  EXPECT_EQ(error_in<Item>(json, DecodeOptions().unknown_members(UnknownMembers::kRefuse)),
            "Item: $.color: wanted no such member in an Item (it has \"name\", \"price\"), "
            "found \"red\"");
}

TEST(FromJson, TakesWhatIsMeantInLenientMode) {
  const DecodeOptions lenient = DecodeOptions().mode(ReadMode::kLenient);
  EXPECT_EQ(read<int>("\"3\"", lenient), 3);
  EXPECT_EQ(read<double>("\"3.5\"", lenient), 3.5);
  EXPECT_EQ(read<bool>("\"true\"", lenient), true);
  EXPECT_EQ(read<std::string>("3", lenient), "3");
  EXPECT_EQ(read<Scale>("\"Celsius\"", lenient), Scale::kCelsius);
  EXPECT_EQ(read<std::vector<int>>("3", lenient), std::vector<int>{3});
  EXPECT_EQ(error_in<int>("\"3 days\"", lenient), "JSON: $: wanted an integer, found \"3 days\"");
  EXPECT_EQ(error_in<int>("\"\"", lenient), "JSON: $: wanted an integer, found \"\"");
  EXPECT_EQ(error_in<double>("\"nan\"", lenient), "JSON: $: wanted a number, found \"nan\"");
  EXPECT_EQ(error_in<std::vector<int>>("null", lenient), "JSON: $: wanted an array, found null");
}

TEST(FromJson, TellsAlternativesApartByTheirTag) {
  EXPECT_EQ(std::get<Square>(read<Shape>(R"({"kind": "square", "side": 2})")).side, 2);
  EXPECT_EQ(error_in<Shape>(R"({"kind": "square", "side": "x"})"),
            "JSON: $.side: wanted a number, found \"x\"");
  EXPECT_EQ(error_in<Shape>(R"({"kind": "line"})"),
            "JSON: $.kind: wanted one of \"circle\", \"square\", found \"line\"");
  EXPECT_EQ(error_in<Shape>(R"({"side": 2})"),
            "JSON: $.kind: wanted one of \"circle\", \"square\", found nothing: it is missing");
  EXPECT_EQ(error_in<Shape>("3"),
            "JSON: $: wanted an object (Circle) or an object (Square), found 3");
  EXPECT_EQ(error_in<Circle>(R"({"kind": "square", "radius": 1})"),
            "Circle: $.kind: wanted \"circle\", found \"square\"");
}

TEST(FromJson, TriesTheAlternativesInOrder) {
  using Any = std::variant<int, double, std::string, Item>;
  EXPECT_EQ(read<Any>("3").index(), 0U);
  EXPECT_EQ(read<Any>("3.5").index(), 1U);
  EXPECT_EQ(read<Any>("\"3\"").index(), 2U);
  EXPECT_EQ(read<Any>(R"({"name": "a", "price": 1})").index(), 3U);
  EXPECT_EQ(error_in<Any>(R"({"name": "a"})"),
            "JSON: $.price: wanted a number, found nothing: it is missing");
  EXPECT_EQ(error_in<Any>("null"),
            "JSON: $: wanted an integer or a number or a string or an object (Item), found null");
}

TEST(FromJson, ReadsStructsWithinThemselves) {
  const Link link = read<Link>(R"({"value": 1, "next": {"value": 2, "next": null}})");
  ASSERT_TRUE(link.next);
  EXPECT_EQ(link.next->value, 2);
  EXPECT_FALSE(link.next->next);
  EXPECT_EQ(error_in<Link>(R"({"value": 1, "next": {"value": 2, "next": {}}})"),
            "Link: $.next.next.value: wanted an integer, found nothing: it is missing");
}

TEST(FromJson, EmptiesAContainerThatTheStructFills) {
  EXPECT_EQ(read<Filled>(R"({"list": [3]})").list, std::vector<int>{3});
  EXPECT_EQ(error_in<Filled>("{}"),
            "Filled: $.list: wanted an array, found nothing: it is missing");
}

TEST(ToJson, WritesWhatModelsRead) {
  EXPECT_EQ(json_text(to_json(Weather{"Paris", std::nullopt})),
            R"({"city":"Paris","unit":"celsius"})");
  EXPECT_EQ(json_text(to_json(Shape(Square{2}))), R"({"kind":"square","side":2E0})");
  EXPECT_EQ(json_text(to_json(std::vector<std::optional<int>>{1, std::nullopt})), "[1,null]");
  EXPECT_EQ(json_text(to_json(Link())), R"({"value":0})");
}

TEST(ToJson, RefusesWhatJsonCannotSay) {
  EXPECT_THROW((void)to_json(std::nan("")), InvalidStateError);
  EXPECT_THROW((void)to_json(std::numeric_limits<float>::infinity()), InvalidStateError);
  EXPECT_THROW((void)to_json(static_cast<Scale>(7)), InvalidStateError);
}

TEST(ToJson, ComesBackAsItWas) {
  expect_round_trip(Numbers{-128, 255, std::numeric_limits<std::int64_t>::min(),
                            std::numeric_limits<std::uint64_t>::max(), 0.1F, 0.1});
  expect_round_trip(Order{{{"a", 1.5}, {"", -0.0}}, {{"", 1}, {"x\"y", -2}}, Item{"g", 1e300}});
  expect_round_trip(Tree{1, {Tree{2, {}}, Tree{3, {Tree{4, {}}}}}});
  expect_round_trip(Shape(Circle{3}));
  expect_round_trip(std::optional<int>());
  expect_round_trip(std::vector<bool>{true, false, true});
  Everything everything;
  everything.told_null.reset();
  everything.json = parse_json(R"({"a": [1, null]})");
  everything.any = Item{"x", 2};
  everything.shared = std::make_shared<Item>(Item{"s", 3});
  const Json json = to_json(everything);
  EXPECT_EQ(to_json(from_json<Everything>(json)), json);
  EXPECT_FALSE(from_json<Everything>(json).told_null.has_value());
  EXPECT_EQ(from_json<Everything>(json).shared->name, "s");
}

TEST(ToJson, ComesBackAsItWasForAnyNumbers) {
  std::mt19937_64 random(20);
  for (int i = 0; i < 2000; ++i) {
    Numbers numbers;
    numbers.tiny = static_cast<std::int8_t>(random());
    numbers.byte = static_cast<std::uint8_t>(random());
    numbers.big = static_cast<std::int64_t>(random() >> (random() % 64));
    numbers.huge = random() >> (random() % 64);
    numbers.half = static_cast<float>(numbers.big) / 3.0F;
    numbers.real = static_cast<double>(numbers.big) / 7.0;
    expect_round_trip(numbers);
  }
}

TEST(FromJson, NeverCrashesOnValuesThatFitNowhere) {
  const char* values[] = {"null",
                          "true",
                          "1",
                          "-1",
                          "1.5",
                          "\"\"",
                          "[]",
                          "{}",
                          "[[]]",
                          R"({"items": {}})",
                          R"([{"value": []}])"};
  for (const char* value : values) {
    (void)error_in<Everything>(value);
    (void)error_in<Order>(value);
    (void)error_in<Tree>(value);
    (void)error_in<std::vector<Shape>>(value);
    (void)error_in<Everything>(value, DecodeOptions().mode(ReadMode::kLenient));
  }
}

}  // namespace
}  // namespace cochain::testing
