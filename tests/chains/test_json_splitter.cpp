// JSON in smaller objects: how large, with which keys above, and that nothing is lost.

#include "cochain/chains/retrieval/json_splitter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "cochain/chains/model/error.hpp"

namespace cochain {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

void merge_into(JsonObject& all, const JsonObject& chunk) {
  for (const auto& member : chunk) {
    Json* there = all.if_contains(member.key());
    if (there == nullptr) {
      all[member.key()] = member.value();
    } else {
      merge_into(there->as_object(), member.value().as_object());
    }
  }
}

JsonObject merged(const std::vector<JsonObject>& chunks) {
  JsonObject all;
  for (const JsonObject& chunk : chunks) merge_into(all, chunk);
  return all;
}

TEST(JsonSplitter, KeysStandAboveTheirValuesInEachChunk) {
  const Json value =
      parse_json(R"({"a":{"b":"one","c":"two"},"d":{"e":"three","f":{"g":"four"}}})");
  EXPECT_THAT(RecursiveJsonSplitter(24).chunk_size_min(12).split_text(value),
              ElementsAre(R"({"a":{"b":"one"}})", R"({"a":{"c":"two"}})", R"({"d":{"e":"three"}})",
                          R"({"d":{"f":{"g":"four"}}})"));
  EXPECT_THAT(RecursiveJsonSplitter(34).split_text(value),
              ElementsAre(R"({"a":{"b":"one","c":"two"}})", R"({"d":{"e":"three"}})",
                          R"({"d":{"f":{"g":"four"}}})"));
  EXPECT_THAT(RecursiveJsonSplitter().split_text(value), ElementsAre(json_text(value)));
}

TEST(JsonSplitter, AChunkThatIsNotFullTakesPartsOfWhatDoesNotFitWhole) {
  const Json value = parse_json(R"({"a":1,"b":{"c":"xxxxxxxx","d":"yyyyyyyy"}})");
  EXPECT_THAT(RecursiveJsonSplitter(34).chunk_size_min(30).split_text(value),
              ElementsAre(R"({"a":1,"b":{"c":"xxxxxxxx"}})", R"({"b":{"d":"yyyyyyyy"}})"));
  EXPECT_THAT(RecursiveJsonSplitter(34).chunk_size_min(5).split_text(value),
              ElementsAre(R"({"a":1})", R"({"b":{"c":"xxxxxxxx"}})", R"({"b":{"d":"yyyyyyyy"}})"));
}

// LangChain puts it into a chunk that is not full, which is then too long.
TEST(JsonSplitter, OneValueThatIsTooLongIsAloneInItsChunk) {
  const Json value = parse_json(R"({"a":1,"b":"a very long text","c":3})");
  EXPECT_THAT(RecursiveJsonSplitter(12).split_text(value),
              ElementsAre(R"({"a":1})", R"({"b":"a very long text"})", R"({"c":3})"));
}

TEST(JsonSplitter, ListsStayWholeUnlessTheyMayBecomeObjects) {
  const Json value = parse_json(R"({"a":[1,[2],{"b":[]}]})");
  EXPECT_THAT(RecursiveJsonSplitter(14).split_text(value), ElementsAre(json_text(value)));
  EXPECT_THAT(RecursiveJsonSplitter(14).lists_to_objects().split_text(value),
              ElementsAre(R"({"a":{"0":1}})", R"({"a":{"1":{"0":2}}})", R"({"a":{"2":{"b":{}}}})"));
}

TEST(JsonSplitter, EmptyObjectsAndNullsAreNotLost) {
  const Json value = parse_json(R"({"a":{},"b":[],"c":null,"d":""})");
  EXPECT_THAT(RecursiveJsonSplitter(8).split_text(value),
              ElementsAre(R"({"a":{}})", R"({"b":[]})", R"({"c":null})", R"({"d":""})"));
  EXPECT_THAT(RecursiveJsonSplitter(8).split_text(Json(JsonObject())), IsEmpty());
}

TEST(JsonSplitter, WhatIsNoObjectIsRefusedByItsKind) {
  const auto error_of = [](const char* text, const RecursiveJsonSplitter& splitter) {
    try {
      (void)splitter.split_json(parse_json(text));
    } catch (const InvalidInputError& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_THAT(error_of("[1]", RecursiveJsonSplitter()), HasSubstr("lists_to_objects()"));
  EXPECT_THAT(error_of("\"x\"", RecursiveJsonSplitter().lists_to_objects()), HasSubstr("string"));
  EXPECT_THAT(error_of("null", RecursiveJsonSplitter()), HasSubstr("null"));
  EXPECT_THAT(RecursiveJsonSplitter().lists_to_objects().split_text(parse_json("[1,2]")),
              ElementsAre(R"({"0":1,"1":2})"));
}

TEST(JsonSplitter, BadSizesAreRefused) {
  EXPECT_THROW(RecursiveJsonSplitter(0), InvalidStateError);
  EXPECT_THROW(RecursiveJsonSplitter(10).chunk_size_min(11), InvalidStateError);
}

TEST(JsonSplitter, DocumentsHaveTheMetadataOfTheirValue) {
  const std::vector<Json> values{parse_json(R"({"a":1,"b":2})"), parse_json(R"({"c":3})")};
  const std::vector<JsonObject> metadatas{json_object("n", 1), json_object("n", 2)};
  EXPECT_THAT(RecursiveJsonSplitter(8).create_documents(values, metadatas),
              ElementsAre(Document(R"({"a":1})", json_object("n", 1)),
                          Document(R"({"b":2})", json_object("n", 1)),
                          Document(R"({"c":3})", json_object("n", 2))));
  EXPECT_THROW((void)RecursiveJsonSplitter().create_documents(values, std::vector<JsonObject>(1)),
               InvalidInputError);
}

Json random_json(std::mt19937& random, int depth) {
  if (depth == 0 || random() % 4 == 0) {
    return random() % 2 == 0 ? Json(std::string(random() % 9, 'x') + "\"é\n")
                             : Json(random() % 1000);
  }
  JsonObject made;
  const std::size_t count = random() % 5;
  for (std::size_t i = 0; i < count; ++i) {
    made["k\t" + std::to_string(i)] = random_json(random, depth - 1);
  }
  return made;
}

TEST(JsonSplitter, ChunksAreWithinTheMostAndMergeToTheWhole) {
  constexpr unsigned kSeed = 7;
  std::mt19937 random(kSeed);
  for (int round = 0; round < 500; ++round) {
    JsonObject whole;
    for (int i = 0; i < 4; ++i) whole["top" + std::to_string(i)] = random_json(random, 4);
    const std::size_t most = 90 + random() % 100;  // room for any value with its keys
    const std::vector<JsonObject> chunks = RecursiveJsonSplitter(most).split_json(whole);
    for (const JsonObject& chunk : chunks) {
      ASSERT_LE(json_text(chunk).size(), most) << "seed " << kSeed << ", round " << round;
    }
    ASSERT_EQ(merged(chunks), whole) << "seed " << kSeed << ", round " << round;
  }
}

}  // namespace
}  // namespace cochain
