// The simulator in a process of its own, so that its work is on nobody else's account.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

#include "cochain/providers/simulator_options.hpp"

namespace cochain::bench {

class ServerProcess {
 public:
  /// Forks: make it before anything starts a thread.
  explicit ServerProcess(SimulatorOptions options);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;
  [[nodiscard]] const std::string& base_url() const noexcept { return base_url_; }

 private:
  pid_t child_;
  std::string base_url_;
};

/// Runs `work` in a forked child and gives the line that it returns: for figures of a process's
/// own, such as its memory.
std::string in_child(const std::function<std::string()>& work);

/// CPU time of this process so far, all threads, user and system, in seconds.
double cpu_seconds();
/// Peak resident memory of this process, in KiB.
long peak_rss_kib();
/// Raises the limit of descriptors as far as it goes.
void raise_descriptor_limit();

}  // namespace cochain::bench
