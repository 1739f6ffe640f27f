// Reads headers by pread(), and believes no number in them.

#include "elf_section.hpp"

#include <elf.h>
#include <unistd.h>
#include <bit>
#include <cstring>
#include <vector>

namespace cochain::detail {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kNamesMax = 16 << 20;  // bytes; those of big programs have some hundred
constexpr unsigned char kOrder =
    std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;

template <class T>
bool read_at(int fd, std::uint64_t offset, T* to, std::size_t count = 1) {
  const std::size_t bytes = count * sizeof(T);
  return offset <= INT64_MAX &&
         ::pread(fd, to, bytes, static_cast<off_t>(offset)) == static_cast<ssize_t>(bytes);
}

bool is_ours(const Elf64_Ehdr& header) {
  return std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
         header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_ident[EI_DATA] == kOrder;
}

}  // namespace

SectionSearch find_section_in(int fd, const char* name) {
  SectionSearch search;
  Elf64_Ehdr header;
  if (!read_at(fd, 0, &header) || !is_ours(header)) return search;
  if (header.e_shoff == 0 || header.e_shstrndx >= header.e_shnum ||
      header.e_shentsize != sizeof(Elf64_Shdr) || header.e_phentsize != sizeof(Elf64_Phdr)) {
    return search;
  }
  std::vector<Elf64_Shdr> sections(header.e_shnum);
  std::vector<Elf64_Phdr> segments(header.e_phnum);
  if (!read_at(fd, header.e_shoff, sections.data(), sections.size()) ||
      !read_at(fd, header.e_phoff, segments.data(), segments.size())) {
    return search;
  }
  const Elf64_Shdr& names = sections[header.e_shstrndx];
  if (names.sh_size > kNamesMax) return search;
  std::vector<char> texts(names.sh_size + 1, '\0');
  if (!read_at(fd, names.sh_offset, texts.data(), names.sh_size)) return search;
  search.has_sections = true;
  SectionPlace place;
  bool found = false;
  for (const Elf64_Shdr& section : sections) {
    if (section.sh_name < names.sh_size && std::strcmp(&texts[section.sh_name], name) == 0) {
      place.section = section.sh_addr;
      found = true;
    }
  }
  if (!found) return search;
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_type == PT_LOAD && segment.p_offset / kPage == 0) {
      place.first_byte = segment.p_vaddr - segment.p_offset;
      break;
    }
  }
  search.place = place;
  return search;
}

}  // namespace cochain::detail
