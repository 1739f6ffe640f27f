// Files of vocabularies: read whole, if that is what they are, and written so that others who look
// for them find all of them or nothing.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace cochain::detail {

/// Far above what any vocabulary has.
inline constexpr std::size_t kVocabularyBytesMax = std::size_t{64} << 20U;

/// The bytes of a file; nothing if there is none.
/// Errors: VocabularyError naming it, if it cannot be read, has more than kVocabularyBytesMax or is
///         something else: a folder, a pipe that nobody writes to.
[[nodiscard]] std::optional<std::string> read_whole_file(const std::filesystem::path& path);

/// Under another name first. A folder that is not there is made, and nobody else may write to it.
/// Errors: VocabularyError naming the file.
void write_whole_file(const std::filesystem::path& path, std::string_view text);

}  // namespace cochain::detail
