// Descriptors: the loop's epoll, and FdWatcher on top of it.
//
// Level-triggered, because a look tells each descriptor once however much there is to read, and
// nobody has to read until EAGAIN: one receive for one message, as in a hand-written loop.

#include "cochain/core/reactor.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <algorithm>
#include <cerrno>
#include <climits>
#include <system_error>
#include <utility>

#include "epoll_reactor.hpp"

namespace cochain {
namespace detail {

void throw_cannot_watch(int error) {
  const char* hint = error == EMFILE ? " (see `ulimit -n`)" : "";
  throw std::system_error(error, std::generic_category(),
                          std::string("cannot watch one more file descriptor") + hint);
}

FdRegistration::FdRegistration(Reactor& reactor, UniqueFd fd)
    : reactor_(reactor), fd_(std::move(fd)) {
  epoll_event event{};
  event.events = EPOLLET;  // nothing wanted yet
  event.data.ptr = this;
  if (::epoll_ctl(reactor.epoll_.get(), EPOLL_CTL_ADD, fd_.get(), &event) != 0) {
    throw_cannot_watch(errno);
  }
}

FdRegistration::~FdRegistration() { (void)leave(); }

UniqueFd FdRegistration::leave() noexcept {
  if (!fd_) return UniqueFd();
  unlink();
  ::epoll_ctl(reactor_.epoll_.get(), EPOLL_CTL_DEL, fd_.get(), nullptr);
  for (std::size_t i = reactor_.told_; i < reactor_.came_; ++i) {
    if (reactor_.events_[i].data.ptr == this) reactor_.events_[i].events = 0;
  }
  return std::move(fd_);
}

void FdRegistration::want(std::uint32_t events) noexcept {
  wanted_ = events;
  if (wanted_ == asked_) {
    unlink();
  } else if (!linked()) {
    link_before(reactor_.changed_);
  }
}

Reactor::Reactor()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!epoll_ || !wake_) throw_cannot_watch(errno);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event) != 0) throw_cannot_watch(errno);
}

void Reactor::wait_for(Duration limit) {
  using std::chrono::milliseconds;
  const auto rounded_up = std::chrono::ceil<milliseconds>(limit).count();
  look(static_cast<int>(std::clamp<milliseconds::rep>(rounded_up, 0, INT_MAX)));
}

void Reactor::wake() noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
}

bool Reactor::look(int timeout_ms) {
  tell_kernel();
  const int count =
      ::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), timeout_ms);
  came_ = count > 0 ? static_cast<std::size_t>(count) : 0;  // a signal may have ended the sleep
  for (told_ = 0; told_ < came_;) {
    const epoll_event event = events_[told_++];
    if (!event.data.ptr) {
      std::uint64_t ignored = 0;
      [[maybe_unused]] const ssize_t got = ::read(wake_.get(), &ignored, sizeof ignored);
    } else if (event.events != 0) {
      static_cast<FdRegistration*>(event.data.ptr)->on_events(event.events);
    }
  }
  told_ = came_ = 0;
  return count > 0;
}

void Reactor::tell_kernel() noexcept {
  while (changed_.linked()) {
    auto& registration = static_cast<FdRegistration&>(*changed_.next());
    static_cast<ListNode&>(registration).unlink();
    epoll_event event{};
    event.events = registration.wanted_ ? registration.wanted_ : std::uint32_t{EPOLLET};
    event.data.ptr = &registration;
    registration.asked_ = registration.wanted_;
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, registration.fd_.get(), &event);
  }
}

}  // namespace detail

// A watcher keeps its state alive while its callback runs, so that the callback may destroy it.
class FdWatcher::State final : private detail::FdRegistration,
                               public std::enable_shared_from_this<State> {
 public:
  State(EventLoop& loop, detail::UniqueFd own, std::function<void(Readiness)> on_ready)
      : FdRegistration(loop.reactor(), std::move(own)),
        loop_(loop),
        on_ready_(std::move(on_ready)) {}

  void watch(Readiness wanted) noexcept {
    want((wanted.read ? std::uint32_t{EPOLLIN} : 0U) |
         (wanted.write ? std::uint32_t{EPOLLOUT} : 0U));
  }

 private:
  void on_events(std::uint32_t events) noexcept override {
    // An error is something to read, and to write: the call that is made then tells it.
    const bool failed = (events & (EPOLLERR | EPOLLHUP)) != 0;
    const bool read = (wanted() & EPOLLIN) != 0 && (failed || (events & EPOLLIN) != 0);
    const bool write = (wanted() & EPOLLOUT) != 0 && (failed || (events & EPOLLOUT) != 0);
    if (!read && !write) return;
    const std::shared_ptr<State> self = shared_from_this();
    try {
      on_ready_(Readiness(read, write));
    } catch (...) {
      ExceptionContext report;
      report.message = "exception in the callback of a watched descriptor";
      report.exception = std::current_exception();
      loop_.call_exception_handler(report);
    }
  }

  EventLoop& loop_;
  std::function<void(Readiness)> on_ready_;
};

FdWatcher::FdWatcher(EventLoop& loop, int fd, std::function<void(Readiness)> on_ready) {
  struct stat status{};
  if (::fstat(fd, &status) == 0 && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode))) {
    throw std::system_error(EPERM, std::generic_category(), "plain files cannot be watched");
  }
  // A duplicate, because the kernel must never be asked about a number that its owner closed and
  // that was given to someone else; close-on-exec, because children have no business with it.
  detail::UniqueFd own(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!own) detail::throw_cannot_watch(errno);
  state_ = std::make_shared<State>(loop, std::move(own), std::move(on_ready));
}

FdWatcher::~FdWatcher() { state_->watch(Readiness()); }

void FdWatcher::watch(Readiness wanted) { state_->watch(wanted); }

}  // namespace cochain
