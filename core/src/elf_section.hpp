// Where an ELF file has a section of some name. The file may be anything.
#pragma once

#include <cstdint>
#include <optional>

namespace cochain::detail {

/// The address of a section as the file has it, and of the file's first byte.
struct SectionPlace {
  std::uint64_t section = 0;
  std::uint64_t first_byte = 0;
};

/// What looking for a section found.
class SectionSearch {
 public:
  SectionSearch() = default;
  std::optional<SectionPlace> place;
  bool has_sections = false;  // false: no ELF file of this machine, or one that lost its sections
};

[[nodiscard]] SectionSearch find_section_in(int fd, const char* name);

}  // namespace cochain::detail
