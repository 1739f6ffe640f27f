// The program's own getaddrinfo() goes before libc's, for every library that it is linked with.
#include "slow_dns.hpp"

#include <dlfcn.h>
#include <netdb.h>
#include <poll.h>
#include <string_view>

extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints,
                           addrinfo** result) {
  using Function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  const std::string_view host(name != nullptr ? name : "");
  if (host.starts_with("slow.")) {
    ::poll(nullptr, 0, static_cast<int>(cochain::testing::kSlowDns.count()));
  }
  if (host.ends_with(".invalid")) {
    return EAI_NONAME;
  }
  static const auto next = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  return next(name, service, hints, result);
}
