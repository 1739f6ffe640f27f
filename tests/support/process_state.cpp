// Read from /proc and getrusage's relatives; a descriptor that the reading itself needs is not
// counted.
#include "process_state.hpp"

#include <dirent.h>
#include <unistd.h>
#include <algorithm>
#include <ctime>
#include <fstream>

namespace cochain::testing {

std::size_t open_descriptors() {
  DIR* directory = ::opendir("/proc/self/fd");
  if (directory == nullptr) {
    return 0;
  }
  std::size_t entries = 0;
  while (::readdir(directory) != nullptr) {
    ++entries;
  }
  ::closedir(directory);
  return entries - 3;  // ".", "..", and the directory's own
}

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t all_pages = 0;
  std::size_t resident_pages = 0;
  file >> all_pages >> resident_pages;
  return resident_pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

std::chrono::nanoseconds processor_time() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

DescriptorLimit::DescriptorLimit(std::size_t descriptors) {
  ::getrlimit(RLIMIT_NOFILE, &before_);
  rlimit wanted = before_;
  wanted.rlim_cur = std::min<rlim_t>(descriptors, before_.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &wanted);
  granted_ = static_cast<std::size_t>(wanted.rlim_cur);
}

DescriptorLimit::~DescriptorLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }

}  // namespace cochain::testing
