// Tables as a file that is mapped as it is: from the tables that were built to those of a later
// process, which needs to build none.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>

#include "bpe_tables.hpp"

namespace cochain::detail {

/// The SHA-256 of the file that tables were built from; zeros if it is not known.
using SourceDigest = std::array<std::uint8_t, 32>;

struct CompiledTables {
  std::shared_ptr<const BpeTables> tables;
  SourceDigest source;
};

/// Writes another file and gives it this name, so that nobody sees a half one.
/// Errors: VocabularyError naming the file.
void save_tables(const BpeTables& tables, const SourceDigest& source,
                 const std::filesystem::path& path);

/// Whether a file begins as compiled ones do. False if it cannot be read.
[[nodiscard]] bool is_compiled_file(const std::filesystem::path& path);

/// Lives:  the file is mapped, and must not be written to; replaced or removed it may be.
/// Errors: VocabularyError naming the file if it is none, cut off, damaged, or of another version
///         or machine. The checksum tells of accidents: whoever writes a file on purpose to mislead
///         can.
[[nodiscard]] CompiledTables open_tables(const std::filesystem::path& path);

}  // namespace cochain::detail
