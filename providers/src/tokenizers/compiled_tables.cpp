// The file: a head, then the arrays, each at a multiple of 64 bytes, in the byte order of the
// machine that wrote it.

#include "compiled_tables.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

#include "cochain/providers/tokenizers/tokenizer_error.hpp"
#include "file_descriptor.hpp"
#include "whole_file.hpp"

namespace cochain::detail {
namespace {

constexpr std::array<char, 8> kCompiledMagic = {'\x89', 'c', 'o', 'c', 'h', '\r', '\n', '\x1A'};
constexpr std::uint32_t kCompiledByteOrder = 0x01020304;
constexpr std::uint32_t kCompiledVersion = 2;
constexpr std::uint64_t kArrayAlignment = 64;

struct CompiledArray {
  std::uint64_t begin;
  std::uint64_t count;
};

struct CompiledHead {
  std::array<char, 8> magic;
  std::uint32_t byte_order;
  std::uint32_t version;
  std::uint64_t checksum;  // of all that is behind it
  std::uint64_t file_bytes;
  SourceDigest source;
  BpeFacts facts;
  std::uint32_t unused;
  std::array<CompiledArray, kBpeArrays> arrays;
};
static_assert(std::is_trivially_copyable_v<CompiledHead>);
static_assert(std::has_unique_object_representations_v<CompiledHead>, "no padding is written");
constexpr std::size_t kChecksumEnd = offsetof(CompiledHead, file_bytes);

std::string errno_text(int error) { return std::generic_category().message(error); }

/// The file in memory. All of it is read for the checksum, so its pages are asked for at once.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path) {
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat facts{};
    if (file.get() < 0 || ::fstat(file.get(), &facts) != 0) {
      throw VocabularyError("cannot open the compiled vocabulary " + path.string() + ": " +
                            errno_text(errno));
    }
    if (!S_ISREG(facts.st_mode)) throw VocabularyError(path.string() + " is not a file");
    size_ = static_cast<std::size_t>(facts.st_size);
    if (size_ < sizeof(CompiledHead)) {
      throw VocabularyError(path.string() + " is no compiled vocabulary, or is cut off: it has " +
                            std::to_string(size_) + " bytes");
    }
    begin_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file.get(), 0);
    if (begin_ == MAP_FAILED) {
      throw VocabularyError("cannot map " + path.string() + ": " + errno_text(errno));
    }
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile() {
    if (begin_ != MAP_FAILED) ::munmap(begin_, size_);
  }
  [[nodiscard]] const std::byte* begin() const noexcept {
    return static_cast<const std::byte*>(begin_);
  }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  void* begin_ = MAP_FAILED;
  std::size_t size_ = 0;
};

std::uint64_t checksum_of(const std::byte* begin, std::size_t size) {
  return XXH3_64bits(begin + kChecksumEnd, size - kChecksumEnd);
}

/// What is wrong with the head of a file of this size; nothing if it fits.
std::string problem_of(const CompiledHead& head, const MappedFile& file) {
  if (head.magic != kCompiledMagic) return "is no compiled vocabulary";
  if (head.byte_order != kCompiledByteOrder) {
    return "was compiled on a machine of another byte order";
  }
  if (head.version != kCompiledVersion) {
    return "was compiled by another version of cochain: its form is " +
           std::to_string(head.version) + ", not " + std::to_string(kCompiledVersion);
  }
  if (head.file_bytes > file.size()) {
    return "is cut off: it has " + std::to_string(file.size()) + " of " +
           std::to_string(head.file_bytes) + " bytes";
  }
  if (head.file_bytes != file.size() || checksum_of(file.begin(), file.size()) != head.checksum) {
    return "is damaged: its checksum is another";
  }
  return {};
}

/// Whether the arrays have sizes that go together. The checksum says that they are those that were
/// written; this, that what wrote them was the compiler of vocabularies.
bool sizes_fit(const BpeArrays& arrays) {
  constexpr std::size_t kTwoBytes = std::size_t{1} << 16U;
  const std::size_t tokens = arrays.tokens.size();
  return tokens < kRankEnd && arrays.bytes.size() >= kReadBeyond &&
         arrays.two_bytes.size() == kTwoBytes && arrays.characters.size() == kTwoBytes &&
         std::has_single_bit(arrays.slots.size()) && std::has_single_bit(arrays.pairs.size()) &&
         std::has_single_bit(arrays.pair_filter.size()) &&
         std::has_single_bit(arrays.trie.size()) &&
         (arrays.ids.empty() ? arrays.ranks.empty() : arrays.ids.size() == tokens);
}

/// False if an array is not inside the file.
bool find_arrays(const CompiledHead& head, const MappedFile& file, BpeArrays& arrays) {
  std::size_t n = 0;
  bool fits = true;
  BpeArrays::for_each([&](auto array) {
    using Span = std::remove_reference_t<decltype(arrays.*array)>;
    using Element = typename Span::element_type;
    const CompiledArray place = head.arrays[n++];
    if (place.begin % kArrayAlignment != 0 || place.begin > file.size() ||
        place.count > (file.size() - place.begin) / sizeof(Element)) {
      fits = false;
      return;
    }
    arrays.*array = Span(reinterpret_cast<Element*>(file.begin() + place.begin),
                         static_cast<std::size_t>(place.count));
  });
  return fits && sizes_fit(arrays);
}

std::string compiled_bytes(const BpeTables& tables, const SourceDigest& source) {
  CompiledHead head{};
  head.magic = kCompiledMagic;
  head.byte_order = kCompiledByteOrder;
  head.version = kCompiledVersion;
  head.source = source;
  head.facts = tables.facts();
  std::string file(sizeof head, '\0');
  std::size_t n = 0;
  BpeArrays::for_each([&](auto array) {
    const auto& elements = tables.arrays().*array;
    file.resize((file.size() + kArrayAlignment - 1) / kArrayAlignment * kArrayAlignment);
    head.arrays[n++] = {file.size(), elements.size()};
    const auto bytes = std::as_bytes(elements);
    file.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  });
  head.file_bytes = file.size();
  std::memcpy(file.data(), &head, sizeof head);
  head.checksum = checksum_of(reinterpret_cast<const std::byte*>(file.data()), file.size());
  std::memcpy(file.data(), &head, sizeof head);
  return file;
}

}  // namespace

void save_tables(const BpeTables& tables, const SourceDigest& source,
                 const std::filesystem::path& path) {
  write_whole_file(path, compiled_bytes(tables, source));
}

bool is_compiled_file(const std::filesystem::path& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  std::array<char, kCompiledMagic.size()> magic{};
  const ssize_t got = file.get() < 0 ? -1 : ::pread(file.get(), magic.data(), magic.size(), 0);
  return got == static_cast<ssize_t>(magic.size()) && magic == kCompiledMagic;
}

CompiledTables open_tables(const std::filesystem::path& path) {
  auto file = std::make_shared<const MappedFile>(path);
  CompiledHead head{};
  std::memcpy(&head, file->begin(), sizeof head);
  const std::string problem = problem_of(head, *file);
  if (!problem.empty()) throw VocabularyError(path.string() + " " + problem);
  BpeArrays arrays;
  if (!find_arrays(head, *file, arrays)) {
    throw VocabularyError(path.string() + " is damaged: its arrays do not fit");
  }
  return {std::make_shared<const BpeTables>(arrays, head.facts, std::move(file)), head.source};
}

}  // namespace cochain::detail
