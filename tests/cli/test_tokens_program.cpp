// `cochain tokens`, with a vocabulary of bytes and pairs of them.

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cochain/providers/tokenizers/encoding.hpp"
#include "program.hpp"

namespace cochain::testing {
namespace {

using ::testing::HasSubstr;

/// A folder without any vocabulary in place of tiktoken's cache.
ProgramSetup tokens(const TemporaryFolder& cache, std::vector<std::string> words) {
  words.insert(words.begin(), "tokens");
  return ProgramSetup().arguments(std::move(words)).variable("TIKTOKEN_CACHE_DIR", cache.path("."));
}

std::string base64(const std::string& bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      bits = bits << 8U | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += i + k > bytes.size() ? '=' : kDigits[bits >> (18 - 6 * k) & 63U];
    }
  }
  return text;
}

/// As many tokens as r50k_base has: each byte, and then pairs of bytes in their order.
std::string pair_vocabulary() {
  std::string text;
  for (unsigned id = 0; id < 50256; ++id) {
    const unsigned pair = id < 256 ? id : id - 256;
    std::string bytes;
    if (id >= 256) bytes += static_cast<char>(pair >> 8U);
    bytes += static_cast<char>(pair & 0xFFU);
    text += base64(bytes) + ' ' + std::to_string(id) + '\n';
  }
  return text;
}

/// "ab" is a token; " cd" begins with the pair of the lower number.
constexpr const char* kIds = "25186 8547 100\n";

ProgramSetup with_pairs(const TemporaryFolder& folder, std::vector<std::string> words) {
  const std::string file = folder.file("pairs.tiktoken", pair_vocabulary());
  words.insert(words.end(), {"-e", "r50k_base", "--vocab", file});
  return tokens(folder, std::move(words));
}

TEST(TokensProgram, CountsWhatComesOnStdin) {
  const TemporaryFolder folder;
  const ProgramResult result = run_program(with_pairs(folder, {}).input("ab cd"));
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, "3\n");
  EXPECT_EQ(run_program(with_pairs(folder, {"-"}).input("")).out, "0\n");
}

TEST(TokensProgram, CountsFilesAndAllOfThem) {
  const TemporaryFolder folder;
  const std::string one = folder.file("one", "ab");
  const std::string two = folder.file("two", "ab cd");
  EXPECT_EQ(run_program(with_pairs(folder, {two})).out, "3\n");
  const ProgramResult both = run_program(with_pairs(folder, {one, two}));
  EXPECT_EQ(both.out, "1  " + one + "\n3  " + two + "\n4  in all\n");
  const ProgramResult missing = run_program(with_pairs(folder, {one, folder.path("none")}));
  EXPECT_NE(missing.code, 0);
  EXPECT_THAT(missing.err, HasSubstr("none"));
}

TEST(TokensProgram, WritesIds) {
  const TemporaryFolder folder;
  const ProgramResult result = run_program(with_pairs(folder, {"--ids"}).input("ab cd"));
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, kIds);
}

TEST(TokensProgram, ReadsATextLongerThanABlock) {
  const TemporaryFolder folder;
  std::string text;
  std::string ids;
  while (text.size() < 1'000'000) {
    text += "ab cd";
    ids += (ids.empty() ? "" : " ") + std::string(kIds, std::strlen(kIds) - 1);
  }
  EXPECT_EQ(run_program(with_pairs(folder, {}).input(text)).out, "600000\n");
  EXPECT_EQ(run_program(with_pairs(folder, {"--ids"}).input(text)).out, ids + '\n');
  EXPECT_EQ(run_program(with_pairs(folder, {}).input(text).nonblocking_stdin()).out, "600000\n");
}

TEST(TokensProgram, AnswersLinesOfJsonAndTellsOfBadOnes) {
  const TemporaryFolder folder;
  const ProgramResult result = run_program(with_pairs(folder, {"--jsonl"})
                                               .input("{\"text\": \"ab cd\"}\n\n{\"text\": 1}\n{\n"
                                                      "{\"text\": \"<|endoftext|>\"}"));
  EXPECT_EQ(result.code, 3) << result.err;
  EXPECT_THAT(result.out, HasSubstr("{\"ids\":[25186,8547,100]}\n"));
  EXPECT_THAT(result.out, HasSubstr("line 3: wanted an object"));
  EXPECT_THAT(result.out, HasSubstr("line 4: not valid JSON"));
  EXPECT_EQ(result.out.find("50256"), std::string::npos);
}

TEST(TokensProgram, SaysWhereAVocabularyIsMissing) {
  const TemporaryFolder folder;
  const ProgramResult result = run_program(tokens(folder, {}).input("hello"));
  EXPECT_EQ(result.code, 4);
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err, HasSubstr("encodings/o200k_base.tiktoken"));
}

TEST(TokensProgram, TakesOneEncodingOrOneModel) {
  const TemporaryFolder folder;
  EXPECT_EQ(run_program(tokens(folder, {"-e", "o200k_base", "-m", "gpt-4"})).code, 2);
  EXPECT_EQ(run_program(tokens(folder, {"--ids", "--jsonl"})).code, 2);
  const ProgramResult model = run_program(tokens(folder, {"-m", "claude-5"}));
  EXPECT_EQ(model.code, 2);
  EXPECT_THAT(model.err, HasSubstr("no encoding is known for the model 'claude-5'"));
  EXPECT_THAT(run_program(tokens(folder, {"-m", "gpt-4"})).err, HasSubstr("cl100k_base"));
  EXPECT_THAT(run_program(tokens(folder, {"-e", "o300k"})).err, HasSubstr("known are"));
}

TEST(TokensProgram, TakesACompiledVocabulary) {
  const TemporaryFolder folder;
  const std::string file = folder.path("pairs.cochain");
  Vocabulary::parse(pair_vocabulary()).save_compiled(file);
  const ProgramResult result =
      run_program(tokens(folder, {"--ids", "-e", "r50k_base", "--vocab", file}).input("ab cd"));
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, kIds);
  const ProgramResult other = run_program(tokens(folder, {"--vocab", file}).input("ab cd"));
  EXPECT_EQ(other.code, 2);
  EXPECT_THAT(other.err, HasSubstr("o200k_base has 199998 tokens"));
}

/// The 256 bytes as Hugging Face writes them, and one merge.
std::string tokenizer_json() {
  std::string vocab = R"("ab": 256)";
  unsigned next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const bool is_seen = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte != 0xAD);
    const unsigned letter = is_seen ? byte : next++;
    std::string text(1, static_cast<char>(letter));
    if (letter >= 0x80) {
      text[0] = static_cast<char>(0xC0U | letter >> 6U);
      text += static_cast<char>(0x80U | (letter & 0x3FU));
    }
    if (text == "\"" || text == "\\") text.insert(0, "\\");
    vocab += ", \"" + text + "\": " + std::to_string(byte);
  }
  return R"({"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false}, "model": )"
         R"({"type": "BPE", "merges": ["a b"], "vocab": {)" +
         vocab + "}}}";
}

TEST(TokensProgram, TakesATokenizerFileOfHuggingFace) {
  const TemporaryFolder folder;
  const std::string file = folder.file("tokenizer.json", tokenizer_json());
  const ProgramResult result =
      run_program(tokens(folder, {"--ids", "--vocab", file}).input("ab cd"));
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, "256 32 99 100\n");
  for (const char* option : {"-e", "-m"}) {
    const ProgramResult both =
        run_program(tokens(folder, {"--vocab", file, option, "gpt2"}).input("ab cd"));
    EXPECT_EQ(both.code, 2);
    EXPECT_THAT(both.err, HasSubstr(std::string("leave out ") + option));
  }
  const std::string other = folder.file("of_any_name", "\n" + tokenizer_json());
  EXPECT_EQ(run_program(tokens(folder, {"--vocab", other}).input("ab cd")).out, "4\n");
  const std::string wrong =
      folder.file("wrong.json", R"({"pre_tokenizer": {"type": "Metaspace"}})");
  const ProgramResult refused = run_program(tokens(folder, {"--vocab", wrong}).input("ab"));
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("wrong.json: pre_tokenizer.type"));
}

TEST(TokensProgram, RefusesARankFileThatIsNone) {
  const TemporaryFolder folder;
  const std::string file = folder.file("ranks", "this is no rank file");
  const ProgramResult result = run_program(tokens(folder, {"--vocab", file}).input("hello"));
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("line 1 of the rank file"));
  EXPECT_THAT(run_program(tokens(folder, {"--vocab", folder.path("none")})).err, HasSubstr("none"));
}

TEST(TokensProgram, SaysWhatToRunForAMissingVocabulary) {
  const TemporaryFolder folder;
  EXPECT_THAT(run_program(tokens(folder, {"-m", "gpt-4"}).input("hello")).err,
              HasSubstr("cochain tokens fetch cl100k_base"));
}

TEST(TokensProgram, FetchesNothingThatItDoesNotKnow) {
  const TemporaryFolder folder;
  EXPECT_EQ(run_program(tokens(folder, {"fetch"})).code, 2);
  const ProgramResult unknown = run_program(tokens(folder, {"fetch", "gpt2000"}));
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("no encoding is called gpt2000"));
}

TEST(TokensProgram, TellsOfAMirrorThatDoesNotAnswer) {
  const TemporaryFolder folder;
  const ProgramResult result =
      run_program(tokens(folder, {"fetch", "r50k_base", "--from", "http://127.0.0.1:1/encodings"}));
  EXPECT_EQ(result.code, 7);
  EXPECT_EQ(result.out, "");
}

}  // namespace
}  // namespace cochain::testing
