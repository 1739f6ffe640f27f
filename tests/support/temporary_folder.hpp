// A folder that nobody else has, so that tests may run beside each other.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace cochain::testing {

/// A folder of its own for one test, removed with all that is in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  /// The path of a file in it.
  [[nodiscard]] std::string path(const std::string& name) const;
  [[nodiscard]] std::filesystem::path operator/(const char* name) const { return path_ / name; }
  /// Writes a file and gives its path.
  [[nodiscard]] std::string file(const std::string& name, std::string_view text) const;

 private:
  std::filesystem::path path_;
};

}  // namespace cochain::testing
