// Certificates that a test makes for itself, as PEM text.
#pragma once

#include <chrono>
#include <memory>
#include <string>

namespace cochain::testing {

/// A certificate and its key.
class PemIdentity {
 public:
  PemIdentity(std::string chain, std::string private_key)
      : certificate(std::move(chain)), key(std::move(private_key)) {}
  std::string certificate;
  std::string key;
};

/// An authority that issues certificates.
class TestAuthority {
 public:
  TestAuthority();
  ~TestAuthority();
  TestAuthority(const TestAuthority&) = delete;
  TestAuthority& operator=(const TestAuthority&) = delete;

  [[nodiscard]] const std::string& pem() const noexcept { return pem_; }
  /// A certificate for `names`, as OpenSSL writes them ("DNS:localhost,IP:127.0.0.1"), whose time
  /// ends `valid_for` from now; a negative one has expired.
  [[nodiscard]] PemIdentity issue(const std::string& names,
                                  std::chrono::seconds valid_for = std::chrono::hours(1)) const;

 private:
  class State;
  std::unique_ptr<State> state_;
  std::string pem_;
};

}  // namespace cochain::testing
