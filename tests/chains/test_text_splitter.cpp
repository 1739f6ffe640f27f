// What all splitters share: options that say what is wrong with them, documents, and the step.

#include "cochain/chains/retrieval/text_splitter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cochain/chains/model/error.hpp"
#include "cochain/chains/retrieval/text_splitters.hpp"
#include "cochain/chains/runnable/compose.hpp"
#include "cochain/testing/async_test.hpp"

namespace cochain {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <class Make>
std::string error_of(Make make) {
  try {
    make();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(ChunkOptions, BadOnesAreRefusedWhereTheyAreMade) {
  EXPECT_THAT(error_of([] { ChunkOptions(0); }), HasSubstr("chunk_size of 0"));
  EXPECT_THAT(error_of([] { ChunkOptions(10, 10); }),
              HasSubstr("chunk_overlap of 10 is not below the chunk_size of 10"));
  EXPECT_THAT(error_of([] { ChunkOptions(10, 200); }), HasSubstr("chunk_overlap of 200"));
  EXPECT_THAT(error_of([] { ChunkOptions(10).tokens(nullptr); }), HasSubstr("no tokenizer"));
  EXPECT_THAT(error_of([] { ChunkOptions(10).length_function(nullptr); }),
              HasSubstr("no function"));
  EXPECT_THAT(error_of([] { TokenTextSplitter(ChunkOptions(10)); }), HasSubstr("tokens()"));
  EXPECT_THAT(error_of([] { DocumentSplitter(std::shared_ptr<const TextSplitter>()); }),
              HasSubstr("no splitter"));
}

TEST(ChunkOptions, DefaultsAreThoseOfLangChain) {
  EXPECT_EQ(ChunkOptions().chunk_size(), 4000u);
  EXPECT_EQ(ChunkOptions().chunk_overlap(), 200u);
  EXPECT_EQ(ChunkOptions(10).chunk_overlap(), 0u);
}

TEST(Documents, ChunksKeepTheMetadataOfTheirText) {
  const RecursiveCharacterTextSplitter splitter(ChunkOptions(5));
  const std::vector<std::string> texts{"one two", "three"};
  const std::vector<JsonObject> metadatas{json_object("page", 1), json_object("page", 2)};
  EXPECT_THAT(
      splitter.create_documents(texts, metadatas),
      ElementsAre(Document("one", json_object("page", 1)), Document("two", json_object("page", 1)),
                  Document("three", json_object("page", 2))));
  EXPECT_THAT(splitter.create_documents(texts),
              ElementsAre(Document("one"), Document("two"), Document("three")));
}

TEST(Documents, MetadataThatAreTooFewAreCounted) {
  const RecursiveCharacterTextSplitter splitter(ChunkOptions(5));
  const std::vector<std::string> texts{"a", "b"};
  const std::vector<JsonObject> metadatas{JsonObject()};
  EXPECT_THAT(error_of([&] { (void)splitter.create_documents(texts, metadatas); }),
              HasSubstr("2 texts and 1 metadata"));
}

TEST(Documents, TheStartIndexIsRightWhereTheSameTextStandsTwiceAndBlanksWereCut) {
  const RecursiveCharacterTextSplitter splitter(ChunkOptions(5, 2).add_start_index());
  const std::string text = "  ab ab  ab\n\n\nab é ab";
  const std::vector<Document> whole{Document(text, json_object("page", 7))};
  std::vector<std::size_t> starts;
  for (const Document& document : splitter.split_documents(whole)) {
    const auto start = document.metadata.at("start_index").to_number<std::size_t>();
    EXPECT_EQ(text.substr(start, document.page_content.size()), document.page_content);
    EXPECT_EQ(document.metadata.at("page"), Json(7));
    starts.push_back(start);
  }
  EXPECT_THAT(starts, ElementsAre(2, 5, 9, 14, 17));
}

TEST(Documents, SplittingWhatWasSplitGivesPlacesInTheFirstText) {
  const std::string text = "aaa bbb ccc\n\nddd eee fff";
  const std::vector<Document> whole{Document(text)};
  const Documents coarse =
      CharacterTextSplitter(ChunkOptions(12).add_start_index()).split_documents(whole);
  const Documents fine =
      RecursiveCharacterTextSplitter(ChunkOptions(4).add_start_index()).split_documents(coarse);
  ASSERT_EQ(fine.size(), 6u);
  for (const Document& document : fine) {
    const auto start = document.metadata.at("start_index").to_number<std::size_t>();
    EXPECT_EQ(text.substr(start, 3), document.page_content);
  }
}

ASYNC_TEST(DocumentSplitter, IsAStepOfAChain) {
  const auto chain = DocumentSplitter(CharacterTextSplitter(ChunkOptions(9), "|")) |
                     DocumentSplitter(RecursiveCharacterTextSplitter(ChunkOptions(4)));
  const Documents made = co_await chain.invoke(Documents(1, Document("aaa bbb|ccc ddd")));
  EXPECT_THAT(made,
              ElementsAre(Document("aaa"), Document("bbb"), Document("ccc"), Document("ddd")));
}

ASYNC_TEST_REAL_TIME(DocumentSplitter, SplitsLongTextsOnAThread) {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += "word" + std::to_string(i) + "\n";
  const RecursiveCharacterTextSplitter splitter(ChunkOptions(100));
  const DocumentSplitter step(splitter);
  const Documents made = co_await step.invoke(Documents(1, Document(text)));
  const Documents expected = splitter.split_documents(std::vector<Document>(1, Document(text)));
  EXPECT_EQ(made, expected);
}

}  // namespace
}  // namespace cochain
