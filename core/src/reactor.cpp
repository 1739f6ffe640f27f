// Descriptors, by Boost.Asio: it is used for readiness only. Coroutines, timers and cancellation
// are the loop's own (arming a near timerfd costs 30 microseconds on a virtual machine).

#include "cochain/core/reactor.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <system_error>
#include <utility>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>

#include "asio_reactor.hpp"

namespace cochain {

void detail::Reactor::arm_all() {
  arming_.swap(to_arm_);
  for (const std::shared_ptr<Armable>& descriptor : arming_) descriptor->arm();
  arming_.clear();
}

void detail::Reactor::poll() {
  arm_all();
  context_.poll();
}

// One handler at a time: the others of the same look stay in Asio's queue, and the idle loop comes
// back for them at once. Draining the queue here would end each time with a second epoll_wait().
void detail::Reactor::wait_for(Duration limit) {
  arm_all();
  context_.run_one_for(limit);
}

void detail::Reactor::wait() {
  arm_all();
  context_.run_one();
}

void detail::Reactor::wake() {
  boost::asio::post(context_, [] {});
}

namespace {

[[noreturn]] void throw_cannot_watch(int error) {
  const char* hint = error == EMFILE ? " (see `ulimit -n`)" : "";
  throw std::system_error(error, std::generic_category(),
                          std::string("cannot watch one more file descriptor") + hint);
}

}  // namespace

// Asio waits for one readiness at a time, so each direction has a wait of its own in flight, and a
// wait that comes back is started again as long as it is wanted. The handlers hold the state, so it
// outlives a watcher destroyed by its own callback.
class FdWatcher::State final : public detail::Armable, public std::enable_shared_from_this<State> {
 public:
  State(EventLoop& loop, int fd, std::function<void(Readiness)> on_ready)
      : loop_(loop),
        reactor_(loop.reactor()),
        descriptor_(reactor_.context()),
        on_ready_(std::move(on_ready)) {
    struct stat status{};
    if (::fstat(fd, &status) == 0 && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode))) {
      // Asio takes them, and then reports each wait as an error.
      throw std::system_error(EPERM, std::generic_category(), "plain files cannot be watched");
    }
    // A duplicate, because Asio must never meet a number that its owner closed and the kernel
    // gave to someone else; close-on-exec, because children have no business with it.
    const int own = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (own < 0) throw_cannot_watch(errno);
    boost::system::error_code error;
    descriptor_.assign(own, error);
    if (error) {
      ::close(own);
      throw std::system_error(error.value(), std::generic_category(), "cannot watch descriptor");
    }
  }

  void watch(Readiness wanted) {
    wanted_ = wanted;
    const bool missing = (wanted.read && !waiting_.read) || (wanted.write && !waiting_.write);
    if (!missing || arming_) return;
    arming_ = true;
    reactor_.arm_before_poll(shared_from_this());
  }

  void arm() override {
    arming_ = false;
    if (wanted_.read && !waiting_.read) wait_for(Direction::kRead);
    if (wanted_.write && !waiting_.write) wait_for(Direction::kWrite);
  }

  void close() noexcept {
    closed_ = true;
    wanted_ = Readiness();
    boost::system::error_code ignored;
    descriptor_.close(ignored);
  }

 private:
  enum class Direction { kRead, kWrite };

  void wait_for(Direction direction) {
    const bool read = direction == Direction::kRead;
    (read ? waiting_.read : waiting_.write) = true;
    descriptor_.async_wait(
        read ? boost::asio::posix::descriptor_base::wait_read
             : boost::asio::posix::descriptor_base::wait_write,
        [self = shared_from_this(), direction](const boost::system::error_code& error) {
          self->on_wait_over(direction, error);
        });
  }

  void on_wait_over(Direction direction, const boost::system::error_code& error) {
    const bool read = direction == Direction::kRead;
    (read ? waiting_.read : waiting_.write) = false;
    if (closed_ || error == boost::asio::error::operation_aborted) return;
    const bool wanted = read ? wanted_.read : wanted_.write;
    if (!wanted) return;
    try {
      on_ready_(Readiness(read, !read));
    } catch (...) {
      ExceptionContext report;
      report.message = "exception in the callback of a watched descriptor";
      report.exception = std::current_exception();
      loop_.call_exception_handler(report);
    }
    if (!closed_) watch(wanted_);
  }

  EventLoop& loop_;
  detail::Reactor& reactor_;
  boost::asio::posix::stream_descriptor descriptor_;
  std::function<void(Readiness)> on_ready_;
  Readiness wanted_;
  Readiness waiting_;
  bool arming_ = false;  // in the reactor's list
  bool closed_ = false;
};

FdWatcher::FdWatcher(EventLoop& loop, int fd, std::function<void(Readiness)> on_ready) try
    : state_(std::make_shared<State>(loop, fd, std::move(on_ready))) {
} catch (const boost::system::system_error& error) {
  throw_cannot_watch(error.code().value());  // Asio makes its epoll when first asked for one
}

FdWatcher::~FdWatcher() { state_->close(); }

void FdWatcher::watch(Readiness wanted) { state_->watch(wanted); }

}  // namespace cochain
