// A transport on a socket, a pipe end, or a pair of pipe ends.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "byte_buffer.hpp"
#include "epoll_reactor.hpp"
#include "loop_member.hpp"
#include "transport.hpp"
#include "unique_fd.hpp"

namespace cochain::detail {

/// Addresses of both ends, as a socket knows them; empty for pipes.
class EndAddresses {
 public:
  EndAddresses() = default;
  EndAddresses(SocketAddress own, SocketAddress of_peer)
      : sockname(std::move(own)), peername(std::move(of_peer)) {}
  SocketAddress sockname;
  SocketAddress peername;
};

class FdTransport final : public Transport {
 public:
  /// A connected stream socket, used both ways.
  /// Errors: std::system_error if it cannot be watched; then it is closed.
  static std::shared_ptr<FdTransport> of_socket(EventLoop& loop, UniqueFd socket,
                                                EndAddresses addresses = EndAddresses());
  /// What is read from one descriptor and written to another. Either may be missing. Both are made
  /// non-blocking.
  static std::shared_ptr<FdTransport> of_pipes(EventLoop& loop, UniqueFd read, UniqueFd write);

  ~FdTransport() override;

  void set_protocol(std::shared_ptr<Protocol> protocol) override;
  void write(std::string_view data) override;
  void write_eof() override;
  [[nodiscard]] bool can_write_eof() const noexcept override { return true; }
  void close() noexcept override;
  void abort(std::exception_ptr error) noexcept override { lose(std::move(error)); }
  [[nodiscard]] bool is_closing() const noexcept override { return closing_; }
  void pause_reading() noexcept override;
  void resume_reading() noexcept override;
  void set_write_buffer_limits(std::size_t high, std::size_t low) noexcept override;
  [[nodiscard]] std::size_t write_buffer_size() const noexcept override { return unsent_.size(); }
  [[nodiscard]] const SocketAddress& peername() const noexcept override {
    return addresses_.peername;
  }
  [[nodiscard]] const SocketAddress& sockname() const noexcept override {
    return addresses_.sockname;
  }
  [[nodiscard]] EventLoop& loop() const noexcept override { return loop_; }

 private:
  class Watch;
  class Membership final : public LoopMember {
   public:
    explicit Membership(FdTransport& owner) noexcept : owner_(owner) {}
    ~Membership() = default;
    void begin() { join(owner_.loop_); }
    void on_loop_end() noexcept override;

   private:
    FdTransport& owner_;
  };
  enum class Kind : std::uint8_t { kSocket, kPipes };

  FdTransport(EventLoop& loop, Kind kind, EndAddresses addresses);
  void open(std::shared_ptr<FdTransport> self);
  void on_events(bool read_end, std::uint32_t events) noexcept;
  void on_read_end(std::uint32_t events);
  void on_write_end(std::uint32_t events);
  void read_some();
  void flush();
  void update_wanted() noexcept;
  void end_writing();
  void fail(int error, const char* what) noexcept;
  void lose(std::exception_ptr error) noexcept;
  [[nodiscard]] ssize_t send_now(std::string_view data) const noexcept;
  [[nodiscard]] Watch* write_watch() noexcept;

  EventLoop& loop_;
  Kind kind_;
  EndAddresses addresses_;
  std::shared_ptr<Protocol> protocol_;
  std::unique_ptr<Watch> read_end_;   // of a socket both ends
  std::unique_ptr<Watch> write_end_;  // of a pipe
  ByteBuffer unsent_;
  std::size_t high_water_ = kWriteHighWater;
  std::size_t low_water_ = kWriteLowWater;
  bool reading_ = true;    // wanted by the protocol
  bool read_eof_ = false;  // the peer has ended its side
  bool write_eof_ = false;
  bool writing_paused_ = false;
  bool closing_ = false;
  bool lost_ = false;
  std::shared_ptr<FdTransport> self_;  // until the connection is lost
  Membership membership_{*this};
};

}  // namespace cochain::detail
