// SPDX-License-Identifier: MIT
// A descriptor with one owner. Invariant: closed exactly once; -1 is none.
#pragma once

#include <utility>

namespace heddle::io::detail {

/// Closes; an error, EINTR too, is ignored: on Linux the number is free in any case.
void close_descriptor(int fd) noexcept;

class unique_fd {
 public:
  unique_fd() noexcept = default;
  explicit unique_fd(int fd) noexcept : fd_(fd) {}
  unique_fd(unique_fd&& other) noexcept : fd_(other.release()) {}
  unique_fd& operator=(unique_fd&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  ~unique_fd() { reset(); }

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  int release() noexcept { return std::exchange(fd_, -1); }
  void reset(int fd = -1) noexcept {
    const int old = std::exchange(fd_, fd);
    if (old >= 0) close_descriptor(old);
  }

 private:
  int fd_ = -1;
};

}  // namespace heddle::io::detail
