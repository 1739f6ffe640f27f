// What stands behind a Server: its sockets, and a record of each client.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "cochain/core/server.hpp"
#include "loop_member.hpp"
#include "sockets.hpp"
#include "stream_state.hpp"
#include "tls_transport.hpp"

namespace cochain::detail {

class ServerState final : public LoopMember, public std::enable_shared_from_this<ServerState> {
 public:
  ServerState(EventLoop& loop, ClientConnected client_connected, ServerOptions options);
  ~ServerState();

  /// Errors: std::system_error.
  void add_socket(UniqueFd socket);
  /// The file of a Unix domain socket, to be removed at the end.
  void own_path(std::string path);

  void start_serving();
  void close() noexcept;
  void close_clients() noexcept;
  void abort_clients() noexcept;
  /// The Server is gone.
  void shut_down() noexcept;
  void on_loop_end() noexcept override;

  [[nodiscard]] bool serving() const noexcept { return serving_ && !closed_; }
  [[nodiscard]] bool closed() const noexcept { return closed_; }
  [[nodiscard]] std::vector<SocketAddress> addresses() const;
  [[nodiscard]] std::vector<int> sockets() const;
  /// Closed, and no client is left but the one that `task` serves.
  [[nodiscard]] bool over_for(const TaskBase* task) const noexcept;

  class Change;
  ListNode watchers;  // of Change; woken when something ends
  bool serving_for_ever = false;

 private:
  class Listener;
  class Client;
  class Retry final : public Timer {
   public:
    explicit Retry(ServerState& owner) noexcept : owner_(owner) {}
    ~Retry() = default;
    void fire() noexcept override { owner_.accept_from_now(); }

   private:
    ServerState& owner_;
  };

  static Coro<> serve(std::shared_ptr<ServerState> self, Client& client);
  void accept_from_now() noexcept;
  void accept_all(int listener) noexcept;
  void add_client(UniqueFd socket, SocketAddress peer);
  void start_client(std::shared_ptr<Transport> plain, std::shared_ptr<TlsTransport> tls);
  void pause_accepting(int error) noexcept;
  void on_change(Client& client) noexcept;
  void remove_path() noexcept;
  template <class F>
  void for_each_client(F&& visit);

  EventLoop& loop_;
  ClientConnected client_connected_;
  ServerOptions options_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  ListNode clients_;
  std::string path_;
  std::uint64_t path_device_ = 0;
  std::uint64_t path_inode_ = 0;
  bool serving_ = false;
  bool closed_ = false;
  Retry retry_{*this};
};

/// Suspends until something of a server ends.
class ServerState::Change final : public Waiter {
 public:
  explicit Change(ServerState& server) noexcept : server_(server) {}
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> frame) {
    link_before(server_.watchers);
    suspend(frame);
  }
  void await_resume() { throw_if_cancelled(); }

 private:
  ServerState& server_;
};

}  // namespace cochain::detail
