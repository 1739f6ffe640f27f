// Writes files that others may be looking for at the same time.
#pragma once

#include <filesystem>
#include <string_view>

namespace cochain::detail {

/// Under another name first, so that whoever looks finds all of it or nothing.
/// Errors: VocabularyError naming the file.
void write_whole_file(const std::filesystem::path& path, std::string_view text);

}  // namespace cochain::detail
