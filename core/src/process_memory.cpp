// Reading another process: its memory by process_vm_readv, its sections from the ELF files that it
// has mapped.

#include "process_memory.hpp"

#include <elf.h>
#include <sys/uio.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>
#include <system_error>
#include <vector>

#include "cochain/core/error.hpp"

namespace cochain::detail {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kTextMax = 4096;

/// One line of /proc/PID/maps that has a file.
struct Mapping {
  Address start = 0;
  Address offset = 0;
  std::string path;
};

std::vector<Mapping> file_mappings(int pid) {
  std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
  if (!maps) {
    if (::access(("/proc/" + std::to_string(pid)).c_str(), F_OK) != 0) {
      throw Error("there is no process " + std::to_string(pid));
    }
    throw Error("not permitted to look at process " + std::to_string(pid));
  }
  std::vector<Mapping> mappings;
  std::string line;
  while (std::getline(maps, line)) {
    std::istringstream words(line);
    Mapping mapping;
    char dash = 0;
    std::string permissions;
    std::string device;
    std::string inode;
    words >> std::hex >> mapping.start >> dash;
    Address end = 0;
    words >> end >> permissions >> mapping.offset >> device >> inode >> std::ws;
    std::getline(words, mapping.path);
    if (!mapping.path.empty() && mapping.path[0] == '/') mappings.push_back(std::move(mapping));
  }
  if (mappings.empty() && maps.bad()) {
    throw Error("not permitted to look at process " + std::to_string(pid));
  }
  return mappings;
}

template <class T>
bool read_at(std::ifstream& file, std::uint64_t offset, T* to, std::size_t count = 1) {
  file.clear();
  file.seekg(static_cast<std::streamoff>(offset));
  file.read(reinterpret_cast<char*>(to), static_cast<std::streamsize>(count * sizeof(T)));
  return bool(file);
}

/// The address of a section as the file has it, and of the file's first byte.
struct SectionPlace {
  Address section = 0;
  Address first_byte = 0;
};

std::optional<SectionPlace> section_in(std::ifstream& file, const char* name) {
  Elf64_Ehdr header;
  if (!read_at(file, 0, &header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
      header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_shoff == 0 ||
      header.e_shstrndx >= header.e_shnum) {
    return std::nullopt;
  }
  std::vector<Elf64_Shdr> sections(header.e_shnum);
  std::vector<Elf64_Phdr> segments(header.e_phnum);
  if (!read_at(file, header.e_shoff, sections.data(), sections.size()) ||
      !read_at(file, header.e_phoff, segments.data(), segments.size())) {
    return std::nullopt;
  }
  const Elf64_Shdr& names = sections[header.e_shstrndx];
  std::vector<char> texts(names.sh_size + 1, '\0');
  if (!read_at(file, names.sh_offset, texts.data(), names.sh_size)) return std::nullopt;
  SectionPlace place;
  bool found = false;
  for (const Elf64_Shdr& section : sections) {
    if (section.sh_name < names.sh_size && std::strcmp(&texts[section.sh_name], name) == 0) {
      place.section = section.sh_addr;
      found = true;
    }
  }
  if (!found) return std::nullopt;
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_type == PT_LOAD && segment.p_offset / kPage == 0) {
      place.first_byte = segment.p_vaddr - segment.p_offset;
      break;
    }
  }
  return place;
}

}  // namespace

std::optional<std::string> ProcessMemory::text(Address from) const {
  std::string text;
  while (text.size() < kTextMax) {
    char piece[kPage];
    const std::size_t to_page_end = kPage - static_cast<std::size_t>(from % kPage);
    const std::size_t bytes = std::min<std::size_t>(to_page_end, 256);
    if (!read(from, piece, bytes)) return std::nullopt;
    const void* zero = std::memchr(piece, '\0', bytes);
    if (zero) {
      text.append(piece, static_cast<std::size_t>(static_cast<const char*>(zero) - piece));
      return text;
    }
    text.append(piece, bytes);
    from += bytes;
  }
  return text;
}

std::optional<std::string> OwnMemory::text(Address from) const {
  const auto* first = reinterpret_cast<const char*>(from);
  return std::string(first, ::strnlen(first, kTextMax));
}

bool OwnMemory::read(Address from, void* to, std::size_t bytes) const noexcept {
  std::memcpy(to, reinterpret_cast<const void*>(from), bytes);
  return true;
}

bool KernelCopiedMemory::read(Address from, void* to, std::size_t bytes) const noexcept {
  iovec local{to, bytes};
  iovec remote{reinterpret_cast<void*>(from), bytes};
  const ssize_t got = ::process_vm_readv(pid_, &local, 1, &remote, 1, 0);
  return got == static_cast<ssize_t>(bytes);
}

std::optional<Address> find_section(int pid, const char* name) {
  std::set<std::string> seen;
  for (const Mapping& mapping : file_mappings(pid)) {
    if (mapping.offset != 0 || !seen.insert(mapping.path).second) continue;
    // By way of the process's own root: it may live in a container.
    std::ifstream file("/proc/" + std::to_string(pid) + "/root" + mapping.path, std::ios::binary);
    if (!file && seen.size() == 1) {  // the program itself may have been deleted or replaced
      file.open("/proc/" + std::to_string(pid) + "/exe", std::ios::binary);
    }
    if (!file) continue;
    if (const auto place = section_in(file, name)) {
      return mapping.start + (place->section - place->first_byte);
    }
  }
  return std::nullopt;
}

}  // namespace cochain::detail
