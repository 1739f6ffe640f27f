// The steps of tokenizer files that cut a text into pieces, and what of a file is refused.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cochain/providers/tokenizers/encoding.hpp"
#include "cochain/providers/tokenizers/tokenizer_error.hpp"
#include "tokenizer_file.hpp"

namespace cochain::testing {
namespace {

using ::testing::HasSubstr;

/// Each piece is a token of its own, and nothing merges: so a piece shows in the tokens.
void expect_pieces_by(const std::string& pre_tokenizer, const std::vector<std::string>& pieces) {
  TokenizerFile file;
  file.ignore_merges().member("pre_tokenizer", pre_tokenizer);
  std::string text;
  for (const std::string& piece : pieces) {
    text += piece;
    if (!file.vocab().contains(piece)) file.token(piece);
  }
  std::vector<TokenId> ids;
  for (const std::string& piece : pieces) ids.push_back(file.id(piece));
  const Encoding encoding = Encoding::parse_hugging_face("pieces", file.json());
  EXPECT_EQ(encoding.encode_ordinary(text), ids) << pre_tokenizer << "\n" << text;
}

TEST(HuggingFacePatterns, CutWhereTheyMatchAndBetween) {
  expect_pieces_by(split_by(R"(\d{1,2}|[a-c]+'?)"), {"12", "3", "ab'", "x-", "c", "7", "\u00E9"});
  expect_pieces_by(split_by(R"([^\s\p{L}])"), {"ab cd", "-", "-", "\u65E5", "1", " x"});
  expect_pieces_by(split_by(R"(\s+(?!\S)|\s)"), {"a", "  ", " ", "b", " ", "c", "\u3000\n"});
  expect_pieces_by(split_by(R"((?<=[0-9])[,.])"), {"a.b1", ".", "2", ",", "3 ."});
  expect_pieces_by(split_by(R"([\u4E00-\u9FFF]+|\x{3042}|[\-\]]|q)"),
                   {"a", "\u65E5\u672C", "-", "]", "\u3042", "\u3044", "q"});
  expect_pieces_by(split_by(R"((?i:'s|x))"), {"a", "'S", "X", "'\u017F", "'t"});
}

TEST(HuggingFacePatterns, KnowNoSpaceThatIsNone) {
  expect_pieces_by(split_by(R"(\s)"), {"a\u180Eb\u200B", "\u0085", "c", "\u2028", "\v", "d"});
  expect_pieces_by(split_by(R"(\p{Han})"), {"\u3001a", "\u65E5", "\u30FC"});
}

TEST(HuggingFacePatterns, KnowTheCodePointsOfUnicode16) {
  // A letter and a mark of Unicode 15, an ideograph of 15.1, a number and a sign of 16.
  expect_pieces_by(split_by(R"(\p{L}+)"),
                   {"a\U00011240", "\U00011241", "\U0002EBF0b", "\U0001CCF0"});
  expect_pieces_by(split_by(R"(\p{N})"), {"a", "\U0001CCF0", "\u2427\U0002EBF0"});
  expect_pieces_by(split_by(R"([^\s\p{L}\p{N}])"), {"\U0002EBF0", "\u2427", "\U0001CCF0"});
  // The last of them, and behind it what no version has.
  expect_pieces_by(split_by(R"(\p{L}+)"), {"\U000323AF", "\U000323E7"});
  expect_pieces_by(split_by(R"(\p{Han}+)"), {"\U00011240", "\U00031350\u65E5", "-"});
}

TEST(HuggingFacePatterns, FollowOneAnother) {
  const std::string split = R"({"type": "Split", "behavior": "Isolated", "pattern": )";
  expect_pieces_by(
      R"({"type": "Sequence", "pretokenizers": [)" + split +
          R"({"Regex": "[^\\r\\n]+"}}, {"type": "Digits", "individual_digits": true},)" + split +
          R"({"String": "=="}}, )" + byte_level(R"("add_prefix_space": false, "use_regex": true)") +
          "]}",
      {"ab", " x", "1", "2", "==", "=", "y", "\r\n", "\u0663", "\u00BD"});
  expect_pieces_by(R"({"type": "Sequence", "pretokenizers": [{"type": "Digits"}, )" +
                       byte_level(R"("add_prefix_space": false, "use_regex": false)") + "]}",
                   {"a ", "12\u00BD", "b", "7"});
}

/// A pattern in a sequence with ByteLevel behind it.
std::string split_with(const std::string& pattern, const std::string& flags) {
  return R"({"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex": ")" +
         pattern + R"("}, )" + flags + "}, " +
         byte_level(R"("add_prefix_space": false, "use_regex": false)") + "]}";
}

TEST(HuggingFacePatterns, GiveMatchesToThePiecesBesideThem) {
  expect_pieces_by(split_with("-", R"("behavior": "Contiguous")"), {"--", "a", "-", "b", "---"});
  expect_pieces_by(split_with("-", R"("behavior": "MergedWithPrevious")"),
                   {"-", "-", "a-", "-", "b-", "c"});
  expect_pieces_by(split_with("-", R"("behavior": "MergedWithNext")"),
                   {"-", "-a", "-", "-b", "-c", "-", "-"});
  expect_pieces_by(split_with("[ab]+", R"("behavior": "MergedWithNext", "invert": true)"),
                   {"-ab", "--a", "-"});
  expect_pieces_by(split_with("[ab]", R"("behavior": "Contiguous", "invert": true)"),
                   {"--", "ab", "-"});
  expect_pieces_by(split_with("\\\\p{N}{1,3}", R"("behavior": "MergedWithPrevious")"),
                   {"a123", "4", "b5"});
}

TEST(HuggingFacePatterns, KnowPunctuation) {
  const auto with = [](const std::string& flags) {
    return R"({"type": "Sequence", "pretokenizers": [{"type": "Punctuation")" + flags + "}, " +
           byte_level(R"("add_prefix_space": false, "use_regex": false)") + "]}";
  };
  expect_pieces_by(with(""), {"a b", ".", ".", "c", "$", "1", "\u2014", "\u3002", "\u00A3"});
  expect_pieces_by(with(R"(, "behavior": "Contiguous")"), {"...", "a", "+=", " ", "~"});
  expect_pieces_by(with(R"(, "behavior": "MergedWithPrevious")"), {"a.", ".", "b!"});
  // Punctuation only in Unicode 9 and later, no longer punctuation in Unicode 12.
  expect_pieces_by(with(""), {"a\u2E43b", "\u166D"});
}

TEST(HuggingFacePatterns, SeeLettersForBytesBehindByteLevel) {
  const auto behind = [](const std::string& byte_level_flags, const std::string& steps) {
    return R"({"type": "Sequence", "pretokenizers": [)" + byte_level(byte_level_flags) + ", " +
           steps + "]}";
  };
  const std::string three_digits =
      R"({"type": "Split", "pattern": {"Regex": "[0-9][0-9][0-9]"}, "behavior": "Isolated"})";
  // As Falcon's tokenizers have it.
  expect_pieces_by(R"({"type": "Sequence", "pretokenizers": [{"type": "Punctuation",)"
                   R"("behavior": "Contiguous"}, )" +
                       byte_level(R"("add_prefix_space": false, "use_regex": true)") +
                       R"(, {"type": "Digits", "individual_digits": false}, )" + three_digits +
                       "]}",
                   {"In", " ", "123", "45", "!?", " it", "'", "s", " ", "678", "901", "."});
  // The byte B2 has the letter of a number, as every byte from A1 on has its own letter.
  expect_pieces_by(
      behind(R"("add_prefix_space": false, "use_regex": false)", R"({"type": "Digits"})"),
      {"a\xC4", "\xB2", "b"});
  // A blank has the letter U+0120.
  expect_pieces_by(behind(R"("add_prefix_space": false, "use_regex": false)",
                          R"({"type": "Split", "pattern": {"String": "\u0120"},)"
                          R"("behavior": "MergedWithNext"})"),
                   {"a", " b", " ", " c"});
}

TEST(HuggingFacePatterns, KeepOffsetsBehindByteLevel) {
  TokenizerFile file;
  file.member("pre_tokenizer", R"({"type": "Sequence", "pretokenizers": [)" +
                                   byte_level(R"("add_prefix_space": true, "use_regex": true)") +
                                   R"(, {"type": "Digits", "individual_digits": true}]})");
  file.ignore_merges().token(" ab").token(" x");
  const Encoding encoding = Encoding::parse_hugging_face("offsets", file.json());
  const std::vector<TokenId> ids = {file.id(" ab"), file.id("1"), file.id("2"), file.id(" x")};
  EXPECT_EQ(encoding.encode_ordinary("ab12 x"), ids);
  EXPECT_EQ(encoding.offsets("ab12 x"), (std::vector<std::size_t>{0, 2, 3, 4}));
}

TEST(HuggingFacePatterns, LookNoFurtherThanThePieceThatTheyCut) {
  // Behind "1" stands the end of a piece for the second step, whatever the first left there.
  const std::string split = R"({"type": "Split", "behavior": "Isolated", "pattern": {"Regex": )";
  expect_pieces_by(R"({"type": "Sequence", "pretokenizers": [)" + split + R"("1"}}, )" + split +
                       R"("a(?!.)|(?<!1)b"}}, )" +
                       byte_level(R"("add_prefix_space": false, "use_regex": false)") + "]}",
                   {"x", "a", "1", "b", "ax"});
}

TEST(HuggingFacePatterns, TakeLongRunsInLittleTime) {
  const std::string pattern =
      R"([!-/:-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*)"
      R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";
  TokenizerFile file;
  file.member("pre_tokenizer", split_by(pattern));
  const Encoding encoding = Encoding::parse_hugging_face("long", file.json());
  for (const char* unit : {"a", " ", "\n", "=", " \n", "\u65E5", "1", "a1"}) {
    std::string text;
    while (text.size() < 200'000) text += unit;
    EXPECT_EQ(encoding.count(text), text.size()) << unit;
    EXPECT_EQ(encoding.count(text + "x"), text.size() + 1) << unit;
  }
}

TEST(HuggingFacePatterns, FailWhereATextMakesThemSlow) {
  for (const char* pattern : {R"(a+b)", R"(\p{L}+?(?=1))", R"(a*a*b)", R"((?:a|b|ab)+c)"}) {
    TokenizerFile file;
    file.member("pre_tokenizer", split_by(pattern));
    const Encoding encoding = Encoding::parse_hugging_face("slow", file.json());
    EXPECT_EQ(encoding.count(std::string(100, 'a')), 100U) << pattern;
    try {
      (void)encoding.count(std::string(300'000, 'a'));
      ADD_FAILURE() << pattern << " was fast";
    } catch (const TokenizerError& error) {
      EXPECT_THAT(error.what(), HasSubstr("takes too long for this text"));
    }
  }
}

std::string error_of_json(const std::string& json) {
  try {
    (void)Encoding::parse_hugging_face("bad", json);
  } catch (const VocabularyError& error) {
    return error.what();
  }
  return "none";
}

std::string error_of_pattern(const std::string& pattern) {
  return error_of_json(TokenizerFile().member("pre_tokenizer", split_by(pattern)).json());
}

TEST(HuggingFacePatterns, AreRefusedWhereTheyMeanAnotherThingToAnother) {
  EXPECT_EQ(error_of_pattern(R"(a|\.{1,3}|[^a\]-]|(?:x(?!y))?z)"), "none");
  EXPECT_THAT(error_of_pattern(R"(ab\h)"),
              HasSubstr("pre_tokenizer.pretokenizers[0].pattern.Regex: at byte 4 of the pattern "
                        R"(ab\h: \h is not supported)"));
  for (const char* pattern :
       {"^a",      "a$",         R"(\w)",     R"(\ba)",  R"((a)\1)", R"([[:alpha:]])",  "[a&&b]",
        "[a[bc]]", "(?i)a",      "(?>a)",     "a++",     "a*+",      "a{1,3}+",         "a{,3}",
        "a**",     "(a+)+",      "(?:a*){2}", "a*b*c*",  "(?<n>a)",  R"(\p{Greekish})", R"(\pL)",
        "(*UCP)a", "a{2,1}",     "a{1001}",   "(?i:ss)", R"(\xFF)",  R"(\S\s[\S])",     "[]a]",
        "(?#a)",   "(?i:\u00DF)"}) {
    EXPECT_THAT(error_of_pattern(pattern), HasSubstr("is not supported")) << pattern;
  }
  for (const char* pattern : {"", "(a", "a)", "[a", "[a-", "a{", "\\", "*", "[b-a]", "(?<=a*)b"}) {
    EXPECT_NE(error_of_pattern(pattern), "none") << pattern;
  }
  EXPECT_THAT(error_of_pattern("a*"), HasSubstr("it matches nothing"));
}

std::string error_with(const std::string& member, const std::string& json) {
  return error_of_json(TokenizerFile().member(member, json).json());
}

TEST(HuggingFaceRefusals, NameWhatIsNotSupportedAndWhere) {
  EXPECT_THAT(error_with("normalizer", R"({"type": "NFKC"})"),
              HasSubstr("normalizer.type: the normalizer NFKC is not supported"));
  EXPECT_THAT(
      error_with("normalizer", R"({"type": "Sequence", "normalizers": [{"type": "Lowercase"}]})"),
      HasSubstr("normalizer.normalizers[0].type: the normalizer Lowercase"));
  EXPECT_THAT(error_with("pre_tokenizer", R"({"type": "Metaspace"})"),
              HasSubstr("pre_tokenizer.type: the pre-tokenizer Metaspace is not supported"));
  EXPECT_THAT(error_with("pre_tokenizer", "null"), HasSubstr("only byte-level BPE"));
  EXPECT_THAT(error_with("pre_tokenizer", R"({"type": "Digits"})"), HasSubstr("has no ByteLevel"));
  EXPECT_THAT(
      error_with("pre_tokenizer", R"({"type": "Sequence", "pretokenizers": [{"type": "ByteLevel"},)"
                                  R"({"type": "ByteLevel"}]})"),
      HasSubstr("pre_tokenizer.pretokenizers[1]: a second ByteLevel is not supported"));
  EXPECT_THAT(error_with("pre_tokenizer", R"({"type": "Punctuation", "behavior": "Removed"})"),
              HasSubstr("pre_tokenizer.behavior: the behavior Removed is not supported"));
  std::string steps = R"({"type": "ByteLevel"})";
  for (int n = 0; n < 17; ++n) steps += R"(, {"type": "Digits"})";
  EXPECT_THAT(
      error_with("pre_tokenizer", R"({"type": "Sequence", "pretokenizers": [)" + steps + "]}"),
      HasSubstr("pre_tokenizer.pretokenizers[17]: a step beyond the 16th is not supported"));
  EXPECT_THAT(error_with("pre_tokenizer", R"({"type": "Split", "behavior": "Removed",)"
                                          R"("pattern": {"String": "a"}})"),
              HasSubstr("pre_tokenizer.behavior: the behavior Removed is not supported"));
  EXPECT_THAT(error_with("pre_tokenizer", R"({"type": "Split", "behavior": "Isolated"})"),
              HasSubstr("pre_tokenizer: 'pattern' is missing"));
  EXPECT_THAT(error_of_json(TokenizerFile().added("a", 5, R"("lstrip": 1)").json()),
              HasSubstr("added_tokens[0].lstrip: true or false is wanted here"));
  std::string nested = R"({"type": "NFC"})";
  for (int n = 0; n < 10; ++n) nested = R"({"type": "Sequence", "normalizers": [)" + nested + "]}";
  EXPECT_THAT(error_with("normalizer", nested), HasSubstr("the normalizer Sequence"));
}

TEST(HuggingFaceRefusals, NameWhatIsWrongInTheModel) {
  const std::string good = TokenizerFile().merge("a", "b").json();
  const auto with = [&](const std::string& text, const std::string& other) {
    const std::size_t at = good.find(text);
    EXPECT_NE(at, std::string::npos) << text;
    return error_of_json(std::string(good).replace(at, text.size(), other));
  };
  EXPECT_EQ(error_of_json(good), "none");
  EXPECT_THAT(with(R"("BPE")", R"("WordPiece")"),
              HasSubstr("model.type: a model of the type WordPiece is not supported"));
  EXPECT_THAT(with(R"("dropout":null)", R"("dropout":0.1)"), HasSubstr("model.dropout: dropout"));
  EXPECT_THAT(with(R"("dropout":null)", R"("byte_fallback":true)"),
              HasSubstr("model.byte_fallback: byte_fallback is not supported"));
  EXPECT_THAT(with(R"("dropout":null)", R"("continuing_subword_prefix":"##")"),
              HasSubstr("model.continuing_subword_prefix: it is not supported"));
  EXPECT_THAT(with(R"("ab":1256)", R"("ab":-1)"),
              HasSubstr("model.vocab['ab']: a number from 0 to 4294967295 is wanted"));
  EXPECT_THAT(with(R"("ab":1256)", R"("ab":4000000)"), HasSubstr("ids beyond 2097150"));
  EXPECT_THAT(with(R"("ab":1256)", R"("ab":1000)"), HasSubstr("the id is that of another token"));
  EXPECT_THAT(with(R"("ab":1256)", R"("ab":1256,"ab":1257)"), HasSubstr("'ab' is there twice"));
  EXPECT_THAT(with(R"("ab":1256)", R"("":1256)"), HasSubstr("a token without text is not"));
  EXPECT_THAT(with(R"("ab":1256)", R"("abc":1256)"),
              HasSubstr("model.merges[0]: the vocabulary has no token 'ab'"));
  EXPECT_THAT(with(R"(["a","b"])", R"(["a"])"),
              HasSubstr("model.merges[0]: two tokens are wanted"));
  EXPECT_THAT(with(R"(["a","b"])", R"("a b c")"), HasSubstr("with a blank between"));
  EXPECT_THAT(with(R"(["a","b"])", "7"), HasSubstr("model.merges[0]: a string is wanted here"));
  EXPECT_THAT(with(R"("a":)", R"("aaaa":)"), HasSubstr("no token"));
  EXPECT_THAT(with(R"("Q":)", R"("QQQQ":)"), HasSubstr("the vocabulary has no token for the byte"));
}

TEST(HuggingFaceRefusals, TakeNoFileThatIsCutOff) {
  const std::string good = TokenizerFile().merge("a", "b").json();
  for (std::size_t size = 0; size < good.size(); size += 1 + size / 50) {
    ASSERT_THAT(error_of_json(good.substr(0, size)), HasSubstr("not valid JSON")) << size;
  }
  EXPECT_THAT(error_of_json("[]"), HasSubstr("an object is wanted"));
  EXPECT_THAT(error_of_json(std::string(2000, '[')), HasSubstr("not valid JSON"));
}

}  // namespace
}  // namespace cochain::testing
