// cochain tokens: how many tokens texts have, or which.

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include <boost/json.hpp>

#include "cochain/providers/tokenizers/vocabulary_cache.hpp"
#include "commands.hpp"
#include "fd_io.hpp"
#include "line_splitter.hpp"

namespace cochain::cli {
namespace {

namespace json = boost::json;

/// Whether the file begins as JSON does, and no rank file.
bool is_tokenizer_file(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return false;  // opening a pipe may wait
  char first = 0;
  return std::ifstream(path) >> std::ws >> first && first == '{';
}

Encoding encoding_of(const TokensArguments& arguments) {
  if (is_tokenizer_file(arguments.vocabulary)) {
    if (!arguments.encoding.empty() || !arguments.model.empty()) {
      throw UsageError(arguments.vocabulary +
                       " is a tokenizer.json, which says itself how texts are encoded; leave out " +
                       (arguments.model.empty() ? "-e" : "-m"));
    }
    return Encoding::open_hugging_face(arguments.vocabulary);
  }
  std::string name = arguments.encoding;
  if (name.empty()) {
    name = arguments.model.empty() ? "o200k_base" : encoding_name_for_model(arguments.model);
  }
  if (!arguments.vocabulary.empty()) return Encoding::open(name, arguments.vocabulary);
  return VocabularyCache::from_environment().load(name);
}

/// A file or stdin, a block at a time. Nothing else goes on here, so reading may wait.
class BlockReader {
 public:
  explicit BlockReader(const std::string& path) : name_(path == "-" ? "stdin" : path) {
    fd_ = UniqueFd(path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd_.get() < 0) fail();
  }
  /// The next block; empty at the end.
  std::string read() {
    std::string block(kBlockBytes, '\0');
    ssize_t got = ::read(fd_.get(), block.data(), block.size());
    while (got < 0 && (errno == EINTR || errno == EAGAIN)) {
      if (errno == EAGAIN) {  // whoever shares it made it so
        pollfd ready{fd_.get(), POLLIN, 0};
        ::poll(&ready, 1, -1);
      }
      got = ::read(fd_.get(), block.data(), block.size());
    }
    if (got < 0) fail();
    block.resize(static_cast<std::size_t>(got));
    return block;
  }

 private:
  static constexpr std::size_t kBlockBytes = std::size_t{256} * 1024;
  [[noreturn]] void fail() const { throw std::system_error(errno, std::generic_category(), name_); }
  std::string name_;
  UniqueFd fd_;
};

void write_all(FdWriter& out) {
  while (!out.flush_now()) {  // a reader that takes its time, such as a pager
  }
}

/// The tokens of a text that is read a block at a time, so that it may be of any length.
class TokenReader {
 public:
  TokenReader(const Encoding& encoding, const std::string& path)
      : blocks_(path), encoder_(encoding.incremental()) {}
  /// The next tokens, perhaps none yet; nothing after the last.
  std::optional<std::vector<TokenId>> read() {
    if (ended_) return std::nullopt;
    const std::string block = blocks_.read();
    ended_ = block.empty();
    if (ended_) {
      encoder_->finish();
    } else {
      encoder_->append(block);
    }
    return encoder_->take();
  }

 private:
  BlockReader blocks_;
  std::unique_ptr<IncrementalEncoder> encoder_;
  bool ended_ = false;
};

std::size_t count_file(const Encoding& encoding, const std::string& path) {
  TokenReader reader(encoding, path);
  std::size_t count = 0;
  while (const std::optional<std::vector<TokenId>> ids = reader.read()) count += ids->size();
  return count;
}

void write_ids(const Encoding& encoding, const std::string& path, FdWriter& out) {
  TokenReader reader(encoding, path);
  bool first = true;
  while (const std::optional<std::vector<TokenId>> ids = reader.read()) {
    std::string text;
    for (const TokenId id : *ids) {
      text += (first ? "" : " ") + std::to_string(id);
      first = false;
    }
    out.add(text);
    write_all(out);
  }
  out.add("\n");
}

/// The text of a line of JSON; nothing, and `problem` says why, if it is of another form.
std::optional<std::string> text_of_line(const TextLine& line, std::string& problem) {
  if (line.too_long) {
    problem = "the line is longer than 8 MiB";
    return std::nullopt;
  }
  boost::system::error_code error;
  const json::value row = json::parse(line.text, error);
  if (error) {
    problem = "not valid JSON: " + error.message();
    return std::nullopt;
  }
  const json::object* object = row.if_object();
  const json::value* text = object ? object->if_contains("text") : nullptr;
  if (text == nullptr || !text->is_string()) {
    problem = R"(wanted an object with a string "text")";
    return std::nullopt;
  }
  return std::string(text->get_string());
}

/// False if the line was none of the wanted form.
bool answer_line(const Encoding& encoding, const TextLine& line, FdWriter& out) {
  std::string problem;
  const std::optional<std::string> text = text_of_line(line, problem);
  json::object answer;
  if (text) {
    const std::vector<TokenId> ids = encoding.encode_ordinary(*text);
    answer["ids"] = json::array(ids.begin(), ids.end());
  } else {
    answer["error"] = "line " + std::to_string(line.number) + ": " + problem;
  }
  out.add(json::serialize(answer) + '\n');
  return text.has_value();
}

ExitCode answer_lines(const Encoding& encoding, const std::string& path, FdWriter& out) {
  BlockReader reader(path);
  LineSplitter lines;
  bool good = true;
  const auto answer_those_there = [&] {
    while (const std::optional<TextLine> line = lines.next()) {
      if (!line->blank()) good = answer_line(encoding, *line, out) && good;
    }
    write_all(out);
  };
  for (std::string block = reader.read(); !block.empty(); block = reader.read()) {
    lines.feed(block);
    answer_those_there();
  }
  lines.finish();
  answer_those_there();
  return good ? ExitCode::kOk : ExitCode::kPartial;
}

}  // namespace

ExitCode run_tokens(const TokensArguments& arguments) {
  const Encoding encoding = encoding_of(arguments);
  std::vector<std::string> files = arguments.files;
  if (files.empty()) files.emplace_back("-");
  FdWriter out(UniqueFd(STDOUT_FILENO), "stdout");
  ExitCode code = ExitCode::kOk;
  std::size_t sum = 0;
  for (const std::string& file : files) {
    if (arguments.output == TokensOutput::kJsonLines) {
      if (answer_lines(encoding, file, out) != ExitCode::kOk) code = ExitCode::kPartial;
    } else if (arguments.output == TokensOutput::kIds) {
      write_ids(encoding, file, out);
    } else {
      const std::size_t count = count_file(encoding, file);
      sum += count;
      out.add(std::to_string(count) + (files.size() > 1 ? "  " + file : "") + '\n');
    }
    write_all(out);
  }
  const bool several = arguments.output == TokensOutput::kCount && files.size() > 1;
  if (several) out.add(std::to_string(sum) + "  in all\n");
  write_all(out);
  return code;
}

}  // namespace cochain::cli
