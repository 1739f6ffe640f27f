// Pieces of JSON joined by LangChain's rules. tests/programs/merge_chunks.cpp has whole messages.

#include "cochain/chains/model/json_merge.hpp"

#include <gtest/gtest.h>

#include <string>

#include "cochain/chains/model/error.hpp"

namespace cochain {
namespace {

std::string objects(std::string_view left, std::string_view right) {
  JsonObject joined = parse_json(left).as_object();
  merge_json_objects(joined, parse_json(right).as_object());
  return json_text(joined);
}

std::string lists(std::string_view left, std::string_view right) {
  JsonArray joined = parse_json(left).as_array();
  merge_json_lists(joined, parse_json(right).as_array());
  return json_text(joined);
}

std::string contents(std::string_view left, std::string_view right) {
  Json joined = parse_json(left);
  merge_message_content(joined, parse_json(right));
  return json_text(joined);
}

TEST(MergeJsonObjects, EachTypeHasItsRule) {
  EXPECT_EQ(objects(R"({"a":"x","n":1,"o":{"b":"y"},"l":[1]})",
                    R"({"a":"z","n":2,"o":{"b":"w","c":3},"l":[2],"new":null})"),
            R"({"a":"xz","n":3,"o":{"b":"yw","c":3},"l":[1,2],"new":null})");
  EXPECT_EQ(objects(R"({"a":null,"b":"x"})", R"({"a":"now","b":null})"), R"({"a":"now","b":"x"})");
  EXPECT_EQ(objects(R"({"f":1.5,"t":true})", R"({"f":1.5,"t":true})"), R"({"f":1.5E0,"t":true})");
  EXPECT_EQ(objects("{}", "{}"), "{}");
}

TEST(MergeJsonObjects, SomeNamesDoNotAddUp) {
  EXPECT_EQ(objects(R"({"index":1,"created":5,"timestamp":6})",
                    R"({"index":2,"created":7,"timestamp":8})"),
            R"({"index":2,"created":7,"timestamp":8})");
  EXPECT_EQ(objects(R"({"id":"a","output_version":"v1","model_provider":"p","index":"lc_0"})",
                    R"({"id":"a","output_version":"v1","model_provider":"p","index":"lc_1"})"),
            R"({"id":"a","output_version":"v1","model_provider":"p","index":"lc_0"})");
  EXPECT_EQ(objects(R"({"id":"a"})", R"({"id":"b"})"), R"({"id":"ab"})");
}

TEST(MergeJsonObjects, WhatDoesNotFitIsAnError) {
  EXPECT_THROW((void)objects(R"({"a":1})", R"({"a":"1"})"), ProtocolError);
  EXPECT_THROW((void)objects(R"({"a":1})", R"({"a":1.5})"), ProtocolError);
  EXPECT_THROW((void)objects(R"({"a":1.5})", R"({"a":2.5})"), ProtocolError);
  EXPECT_THROW((void)objects(R"({"a":[]})", R"({"a":{}})"), ProtocolError);
  EXPECT_THROW((void)objects(R"({"a":9223372036854775807})", R"({"a":1})"), ProtocolError);
  try {
    (void)objects(R"({"a":{"b":1}})", R"({"a":{"b":[]}})");
    ADD_FAILURE() << "it was joined";
  } catch (const ProtocolError& error) {
    EXPECT_STREQ(error.what(),
                 "chunks do not fit together: member \"b\" is a number in one and an array in "
                 "another");
  }
}

TEST(MergeJsonLists, ItemsOfOneIndexAreOne) {
  EXPECT_EQ(lists(R"([{"index":0,"text":"a"},{"index":1,"text":"b"}])",
                  R"([{"index":1,"text":"c"},{"index":0,"text":"d"},{"index":2,"text":"e"}])"),
            R"([{"index":0,"text":"ad"},{"index":1,"text":"bc"},{"index":2,"text":"e"}])");
  EXPECT_EQ(lists(R"([{"index":"lc_0","text":"a"}])", R"([{"index":"lc_0","text":"b"}])"),
            R"([{"index":"lc_0","text":"ab"}])");
  // An index that is any other text, and none at all: items of their own.
  EXPECT_EQ(lists(R"([{"index":"0","text":"a"}])", R"([{"index":"0","text":"b"},"c"])"),
            R"([{"index":"0","text":"a"},{"index":"0","text":"b"},"c"])");
  EXPECT_EQ(lists(R"([1,"index",null])", R"([{"index":0}])"), R"([1,"index",null,{"index":0}])");
}

TEST(MergeJsonLists, IdsKeepItemsApart) {
  EXPECT_EQ(lists(R"([{"index":0,"id":"a","args":"{"}])",
                  R"([{"index":0,"id":"b","args":"["},{"index":0,"id":null,"args":"}"}])"),
            R"([{"index":0,"id":"a","args":"{}"},{"index":0,"id":"b","args":"["}])");
  EXPECT_EQ(lists(R"([{"index":0,"id":"","args":"{"}])", R"([{"index":0,"id":"b","args":"}"}])"),
            R"([{"index":0,"id":"b","args":"{}"}])");
}

TEST(MergeJsonLists, TheFirstTypeHolds) {
  EXPECT_EQ(lists(R"([{"type":"text","index":0,"text":"a"}])",
                  R"([{"type":"text","index":0,"text":"b"}])"),
            R"([{"type":"text","index":0,"text":"ab"}])");
  EXPECT_EQ(lists(R"([{"type":"text","index":0,"text":"a"}])",
                  R"([{"type":"non_standard","index":0,"value":{"type":"t","sig":"s"}}])"),
            R"([{"type":"text","index":0,"text":"a","extras":{"sig":"s"}}])");
  EXPECT_EQ(lists(R"([{"type":"non_standard","index":0,"value":{"a":"x"}}])",
                  R"([{"type":"non_standard","index":0,"value":{"a":"y"}}])"),
            R"([{"type":"non_standard","index":0,"value":{"a":"xy"}}])");
}

TEST(MergeMessageContent, TextsAndLists) {
  EXPECT_EQ(contents(R"("a")", R"("b")"), R"("ab")");
  EXPECT_EQ(contents(R"("a")", R"([{"type":"text"}])"), R"(["a",{"type":"text"}])");
  EXPECT_EQ(contents(R"(["a"])", R"("b")"), R"(["ab"])");
  EXPECT_EQ(contents(R"([{"x":1}])", R"("b")"), R"([{"x":1},"b"])");
  EXPECT_EQ(contents(R"([{"x":1}])", R"("")"), R"([{"x":1}])");
  EXPECT_EQ(contents("[]", R"("b")"), "[]");
  EXPECT_THROW((void)contents("1", R"("b")"), ProtocolError);
  EXPECT_THROW((void)contents(R"("b")", "null"), ProtocolError);
}

}  // namespace
}  // namespace cochain
