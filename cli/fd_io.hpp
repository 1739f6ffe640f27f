// Files and pipes without holding up the loop: a pipe is touched only when it is ready.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "cochain/core/coro.hpp"

namespace cochain::cli {

/// Owns a descriptor; -1 is none. 0, 1 and 2 are not closed.
class UniqueFd {
 public:
  UniqueFd() noexcept = default;
  explicit UniqueFd(int fd) noexcept : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept;
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  ~UniqueFd();
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_ = -1;
};

/// Reads a descriptor block by block.
/// Suspends: read() until there is something, if it is a pipe, socket or terminal; cancellable at
///           once. Regular files are read where they are, 64 KiB at a time.
/// Lives:    longer than its reads.
/// Errors:   std::system_error, naming the file.
class FdReader {
 public:
  FdReader(UniqueFd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}
  /// The next block; empty at the end.
  [[nodiscard]] Coro<std::string> read();
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

 private:
  UniqueFd fd_;
  std::string name_;
};

/// Writes to a descriptor through a buffer.
/// Shape:    add() text, then flush(). A flush that is cancelled keeps what is left, so that the
///           next one goes on in the middle of the line.
/// Suspends: flush() while a pipe or terminal takes no more; cancellable. Regular files are written
///           where they are.
/// Lives:    longer than its flushes; nothing is flushed by the destructor.
/// Errors:   BrokenPipe if the reader is gone; std::system_error, naming the file.
class FdWriter {
 public:
  FdWriter(UniqueFd fd, std::string name);
  void add(std::string_view text) { buffer_.append(text); }
  [[nodiscard]] std::size_t buffered() const noexcept { return buffer_.size() - written_; }
  Coro<> flush();
  /// The same without a loop, for the last moments: gives up when nothing was taken for a second.
  /// False if something is left.
  bool flush_now();
  /// Asks the system to bring a regular file to the disk.
  void sync();
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  void write_some();

  UniqueFd fd_;
  std::string name_;
  std::string buffer_;
  std::size_t written_ = 0;
  std::size_t piece_max_;
};

}  // namespace cochain::cli
