// The tools of `cochain chat --tool`, called by hand.

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "builtin_tools.hpp"
#include "cochain/chains/tools/tool.hpp"
#include "exit_code.hpp"
#include "program.hpp"

namespace cochain::cli {
namespace {

namespace fs = std::filesystem;

std::string problem_of(const std::string& expression) {
  try {
    return "gave " + std::to_string(calculate(expression));
  } catch (const ToolError& error) {
    return error.what();
  }
}

std::string problem_of_file(const std::string& path) {
  try {
    return "gave " + read_file_below(path);
  } catch (const ToolError& error) {
    return error.what();
  }
}

/// Makes a folder the current one.
class InFolder {
 public:
  explicit InFolder(const fs::path& folder) : before_(fs::current_path()) {
    fs::current_path(folder);
  }
  InFolder(const InFolder&) = delete;
  InFolder& operator=(const InFolder&) = delete;
  ~InFolder() { fs::current_path(before_); }

 private:
  fs::path before_;
};

TEST(Calculator, FollowsTheRulesOfArithmetic) {
  EXPECT_DOUBLE_EQ(calculate("2 + 3 * 4"), 14);
  EXPECT_DOUBLE_EQ(calculate("(2 + 3) * 4"), 20);
  EXPECT_DOUBLE_EQ(calculate("2 ^ 3 ^ 2"), 512);
  EXPECT_DOUBLE_EQ(calculate("-2 ^ 2"), -4);
  EXPECT_DOUBLE_EQ(calculate("10 - 4 - 3"), 3);
  EXPECT_DOUBLE_EQ(calculate("1e3 / 8"), 125);
}

TEST(Calculator, SaysWhereAnExpressionIsWrong) {
  EXPECT_EQ(problem_of(""), "a number is missing at character 1");
  EXPECT_EQ(problem_of("2 +"), "a number is missing at character 4");
  EXPECT_EQ(problem_of("(2"), "a ')' is missing at character 3");
  EXPECT_EQ(problem_of("2 x"),
            "there is something that is no part of the expression at character 3");
  EXPECT_EQ(problem_of("1 / 0"), "division by zero");
  EXPECT_EQ(problem_of("9 ^ 9999"), "the result is no finite number");
}

TEST(Calculator, StopsAtEndlessBrackets) {
  EXPECT_NE(problem_of(std::string(100000, '(')).find("too deep"), std::string::npos);
  EXPECT_NE(problem_of(std::string(100000, '-')).find("too deep"), std::string::npos);
}

TEST(ReadFile, ReadsBelowTheCurrentFolderAlone) {
  const testing::TemporaryFolder folder;
  const fs::path inside = folder.path("inside");
  fs::create_directories(inside / "deep");
  (void)folder.file("secret", "secret");
  (void)folder.file("inside/deep/note", "a note");
  fs::create_symlink("../secret", inside / "link");
  fs::create_symlink("deep/note", inside / "fine");
  const InFolder here(inside);
  EXPECT_EQ(read_file_below("deep/note"), "a note");
  EXPECT_EQ(read_file_below("fine"), "a note");
  const std::string outside = "the path leads out of the current folder";
  EXPECT_EQ(problem_of_file("../secret"), outside);
  EXPECT_EQ(problem_of_file("deep/../../secret"), outside);
  EXPECT_EQ(problem_of_file(folder.path("secret")), outside);
  EXPECT_EQ(problem_of_file("link"), outside);
}

TEST(ReadFile, RefusesWhatIsNoTextOfABearableSize) {
  const testing::TemporaryFolder folder;
  (void)folder.file("large", std::string(64 * 1024 + 1, 'x'));
  (void)folder.file("full", std::string(64 * 1024, 'x'));
  (void)folder.file("binary", "\xff\xfe");
  const InFolder here(folder.path("."));
  EXPECT_EQ(read_file_below("full").size(), 64U * 1024U);
  EXPECT_EQ(problem_of_file("large"), "the file has more than 64 KiB");
  EXPECT_EQ(problem_of_file("binary"), "the file is no text in UTF-8");
  EXPECT_EQ(problem_of_file("."), "the path is not that of a file");
  EXPECT_NE(problem_of_file("nowhere").find("cannot be opened"), std::string::npos);
  EXPECT_EQ(problem_of_file(std::string("full\0.txt", 9)), "the path has a zero byte");
}

TEST(BuiltinTools, AreGivenByNameAndOnce) {
  const auto tools = make_builtin_tools({"calculator", "clock", "calculator"});
  ASSERT_EQ(tools.size(), 2U);
  EXPECT_EQ(tools[0]->name(), "clock");
  EXPECT_EQ(tools[1]->name(), "calculator");
  EXPECT_THROW((void)make_builtin_tools({"rm"}), UsageError);
}

}  // namespace
}  // namespace cochain::cli
