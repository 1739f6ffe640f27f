// Accepting, and the life of each client: a task, a connection, and the end of both.

#include "server_state.hpp"

#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace cochain::detail {
namespace {

constexpr Duration kAcceptRetryDelay = std::chrono::seconds(1);  // asyncio's

}  // namespace

class ServerState::Listener final : public FdRegistration {
 public:
  Listener(ServerState& server, UniqueFd socket)
      : FdRegistration(server.loop_.reactor(), std::move(socket)),
        server_(server),
        address_(sockname_of(fd())) {}
  ~Listener() = default;
  [[nodiscard]] const SocketAddress& address() const noexcept { return address_; }

 private:
  void on_events(std::uint32_t) noexcept override {
    if (wanted() != 0) server_.accept_all(fd());  // a socket that does not listen yet hangs up
  }

  ServerState& server_;
  SocketAddress address_;
};

/// One connection and its task; ends when both have ended.
class ServerState::Client final : public Joiner, public LossListener {
 public:
  Client(ServerState& owner, std::shared_ptr<Transport> over, std::shared_ptr<TlsTransport> with)
      : server(owner), transport(std::move(over)), tls(std::move(with)) {
    in_server.link_before(owner.clients_);
  }
  ~Client() {
    if (stream) stream->on_lost = nullptr;
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void on_done(FutureBase& done) noexcept override {
    if (done.failed()) {
      ExceptionContext report;
      report.message = "Unhandled exception in client_connected_cb";
      report.exception = done.take_error();
      server.loop_.call_exception_handler(report);
    }
    if (done.failed() || done.cancelled() || !stream) transport->close();
    task_over = true;
    server.on_change(*this);
  }
  void on_connection_lost() noexcept override {
    stream = nullptr;
    server.on_change(*this);
  }
  [[nodiscard]] bool over() const noexcept { return task_over && !stream; }

  class Link final : public ListNode {
   public:
    explicit Link(Client& owner) noexcept : client(owner) {}
    Client& client;
  };
  ServerState& server;
  std::shared_ptr<Transport> transport;
  std::shared_ptr<TlsTransport> tls;  // null without TLS; the same as `transport` otherwise
  StreamState* stream = nullptr;      // null before the handshake is over, and after the end
  AnyTask task;
  bool task_over = false;
  Link in_server{*this};
};

ServerState::ServerState(EventLoop& loop, ClientConnected client_connected, ServerOptions options)
    : loop_(loop), client_connected_(std::move(client_connected)), options_(std::move(options)) {
  join(loop);
}

ServerState::~ServerState() {
  close();
  while (clients_.linked()) delete &static_cast<Client::Link&>(*clients_.next()).client;
}

template <class F>
void ServerState::for_each_client(F&& visit) {
  // The visit may end clients, the next one too: so they are counted by what is left to see.
  std::vector<Client*> all;
  for (ListNode* node = clients_.next(); node != &clients_; node = node->next()) {
    all.push_back(&static_cast<Client::Link&>(*node).client);
  }
  for (Client* each : all) {
    for (ListNode* node = clients_.next(); node != &clients_; node = node->next()) {
      if (&static_cast<Client::Link&>(*node).client != each) continue;
      visit(*each);
      break;
    }
  }
}

void ServerState::add_socket(UniqueFd socket) {
  listeners_.push_back(std::make_unique<Listener>(*this, std::move(socket)));
}

void ServerState::own_path(std::string path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return;
  path_ = std::move(path);
  path_device_ = status.st_dev;
  path_inode_ = status.st_ino;
}

void ServerState::remove_path() noexcept {
  struct stat status{};
  if (path_.empty() || ::stat(path_.c_str(), &status) != 0) return;
  if (status.st_dev == path_device_ && status.st_ino == path_inode_) ::unlink(path_.c_str());
  path_.clear();
}

void ServerState::start_serving() {
  if (closed_) throw InvalidStateError("this server is closed");
  if (serving_) return;
  for (const auto& listener : listeners_) {
    if (::listen(listener->fd(), options_.backlog) != 0) {
      const std::error_code code(errno, std::generic_category());
      throw ConnectionError(
          "cannot listen on " + listener->address().to_string() + ": " + code.message(), code);
    }
  }
  serving_ = true;
  accept_from_now();
}

void ServerState::accept_from_now() noexcept {
  for (const auto& listener : listeners_) listener->want(EPOLLIN);
}

void ServerState::accept_all(int listener) noexcept {
  const std::shared_ptr<ServerState> self = shared_from_this();  // the handler may end it
  for (int left = std::max(options_.backlog, 1); left > 0; --left) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    auto* address = reinterpret_cast<sockaddr*>(&from);
    UniqueFd socket(::accept4(listener, address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket) {
      const int error = errno;
      if (error == EAGAIN || error == EWOULDBLOCK) return;
      // What became of one connection says nothing of the next (accept(2) names these).
      if (error == EINTR || error == ECONNABORTED || error == EPROTO || error == EPERM ||
          error == ENETDOWN || error == ENETUNREACH || error == EHOSTUNREACH) {
        continue;
      }
      return pause_accepting(error);
    }
    try {
      add_client(std::move(socket), Endpoint(address, size).to_address());
    } catch (const std::bad_alloc&) {
      return pause_accepting(ENOMEM);
    } catch (const std::system_error& error) {  // the epoll takes no more
      return pause_accepting(error.code().value());
    } catch (...) {
      ExceptionContext report;
      report.message = "a client that connected could not be served";
      report.exception = std::current_exception();
      loop_.call_exception_handler(report);
    }
  }
}

void ServerState::pause_accepting(int error) noexcept {
  for (const auto& listener : listeners_) listener->want(0);
  loop_.arm(retry_, deadline_after(loop_.time(), kAcceptRetryDelay));
  ExceptionContext report;
  report.message = "accept() failed; it is tried again in a second";
  report.exception =
      std::make_exception_ptr(std::system_error(error, std::generic_category(), "accept"));
  loop_.call_exception_handler(report);
}

void ServerState::add_client(UniqueFd socket, SocketAddress peer) {
  if (peer.family() != SocketAddress::Family::kUnix) send_without_delay(socket.get());
  EndAddresses addresses(sockname_of(socket.get()), std::move(peer));
  const std::shared_ptr<Transport> plain =
      FdTransport::of_socket(loop_, std::move(socket), std::move(addresses));
  try {
    std::shared_ptr<TlsTransport> tls;
    if (options_.ssl) {
      TlsSessionOptions session(*options_.ssl, std::string());
      session.handshake_timeout = options_.ssl_handshake_timeout;
      session.shutdown_timeout = options_.ssl_shutdown_timeout;
      tls = std::make_shared<TlsTransport>(plain, std::move(session));
      tls->start();
    }
    start_client(plain, std::move(tls));
  } catch (...) {
    plain->abort(nullptr);
    throw;
  }
}

void ServerState::start_client(std::shared_ptr<Transport> plain,
                               std::shared_ptr<TlsTransport> tls) {
  std::shared_ptr<Transport> transport = tls ? tls : std::move(plain);
  auto client = std::make_unique<Client>(*this, std::move(transport), std::move(tls));
  TaskOptions options;
  options.start(TaskStart::kNextPass);  // whatever the loop's default: it finds `client` complete
  const Task<> task = loop_.create_task(serve(shared_from_this(), *client), std::move(options));
  client->task = task;
  task.get()->join(*client.release());
}

Coro<> ServerState::serve(std::shared_ptr<ServerState> self, Client& client) {
  if (client.tls) {
    bool speaks = true;
    try {
      co_await TlsTransport::wait_for_handshake(client.tls);
    } catch (const Error&) {
      speaks = false;  // whoever knocks with something else than TLS is no news
    }
    if (!speaks) co_return;
  }
  const auto stream = std::make_shared<StreamState>(client.transport, self->options_.limit);
  client.stream = stream.get();
  stream->on_lost = &client;
  StreamReader reader(stream->reader());
  StreamWriter writer(std::make_shared<WriterEnd>(stream));
  stream->start();
  Coro<> serving = self->client_connected_(std::move(reader), std::move(writer));
  co_await std::move(serving);
}

void ServerState::on_change(Client& client) noexcept {
  if (client.over()) delete &client;
  wake_all(watchers);
}

bool ServerState::over_for(const TaskBase* task) const noexcept {
  if (!closed_) return false;
  for (ListNode* node = clients_.next(); node != &clients_; node = node->next()) {
    if (static_cast<Client::Link&>(*node).client.task.get() != task) return false;
  }
  return true;
}

void ServerState::close() noexcept {
  if (std::exchange(closed_, true)) return;
  retry_.disarm();
  remove_path();
  listeners_.clear();
  wake_all(watchers);
}

void ServerState::close_clients() noexcept {
  for_each_client([](Client& client) { client.transport->close(); });
}

void ServerState::abort_clients() noexcept {
  for_each_client([](Client& client) { client.transport->abort(nullptr); });
}

void ServerState::shut_down() noexcept {
  close();
  for_each_client([this](Client& client) {
    if (client.task_over) return;
    if (client.task.get() == loop_.running_task()) {
      client.task.cancel();
    } else {
      client.task.get()->kill();
    }
  });
}

void ServerState::on_loop_end() noexcept { close(); }

std::vector<SocketAddress> ServerState::addresses() const {
  std::vector<SocketAddress> all;
  for (const auto& listener : listeners_) all.push_back(listener->address());
  return all;
}

std::vector<int> ServerState::sockets() const {
  std::vector<int> all;
  for (const auto& listener : listeners_) all.push_back(listener->fd());
  return all;
}

}  // namespace cochain::detail
