// The seam between what moves bytes (a descriptor, a TLS session over one) and what uses them.
// asyncio's Transport and BufferedProtocol. Everything happens on the loop's thread, and a protocol
// only stores and wakes: no user code runs inside these calls.
#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "cochain/core/event_loop.hpp"
#include "cochain/core/socket_address.hpp"
#include "cochain/core/tls.hpp"

namespace cochain::detail {

/// What a transport tells.
class Protocol {
 public:
  virtual ~Protocol() = default;
  /// Room for the next bytes; never empty.
  virtual std::span<char> read_space() = 0;
  /// So many bytes were put there.
  virtual void data_received(std::size_t bytes) = 0;
  /// No more will come. True if the transport stays open for writing.
  virtual bool eof_received() = 0;
  virtual void pause_writing() noexcept = 0;
  virtual void resume_writing() noexcept = 0;
  /// The last call. Null if the connection was closed on purpose.
  virtual void connection_lost(std::exception_ptr error) noexcept = 0;
};

/// What a protocol can ask for. A transport is kept alive by itself until its connection is lost.
class Transport : public std::enable_shared_from_this<Transport> {
 public:
  virtual ~Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  /// Who is told from now on. The transport holds it until the connection is lost.
  virtual void set_protocol(std::shared_ptr<Protocol> protocol) = 0;
  virtual void write(std::string_view data) = 0;
  virtual void write_eof() = 0;
  [[nodiscard]] virtual bool can_write_eof() const noexcept = 0;
  /// Stops reading; the connection is lost when everything is written.
  virtual void close() noexcept = 0;
  /// The connection is lost now, with `error`.
  virtual void abort(std::exception_ptr error) noexcept = 0;
  [[nodiscard]] virtual bool is_closing() const noexcept = 0;
  virtual void pause_reading() noexcept = 0;
  virtual void resume_reading() noexcept = 0;
  virtual void set_write_buffer_limits(std::size_t high, std::size_t low) noexcept = 0;
  [[nodiscard]] virtual std::size_t write_buffer_size() const noexcept = 0;
  [[nodiscard]] virtual const SocketAddress& peername() const noexcept = 0;
  [[nodiscard]] virtual const SocketAddress& sockname() const noexcept = 0;
  [[nodiscard]] virtual std::optional<TlsInfo> tls_info() const { return std::nullopt; }
  [[nodiscard]] virtual EventLoop& loop() const noexcept = 0;

 protected:
  Transport() = default;
};

inline constexpr std::size_t kWriteHighWater = std::size_t{64} * 1024;
inline constexpr std::size_t kWriteLowWater = std::size_t{16} * 1024;

}  // namespace cochain::detail
