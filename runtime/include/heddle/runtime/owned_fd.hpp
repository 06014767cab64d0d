// SPDX-License-Identifier: MIT
// A descriptor that its owner closes. Invariants: (1) one owner at a time, and it closes once; (2)
// a simulation's descriptor is closed by its simulation, and by nobody once that is over.
#pragma once

#include <utility>

namespace heddle {

/// Move-only. Default-constructed or moved from, it owns none.
class owned_fd {
 public:
  owned_fd() noexcept = default;
  /// Takes over `fd`; -1 is none.
  explicit owned_fd(int fd) noexcept : fd_(fd) {}
  owned_fd(owned_fd&& other) noexcept : fd_(other.release()) {}
  owned_fd& operator=(owned_fd&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  ~owned_fd() { reset(); }

  /// Returns the descriptor; -1 if it owns none.
  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  /// Gives the descriptor up without closing it.
  int release() noexcept { return std::exchange(fd_, -1); }
  /// Closes what it owns, and takes over `fd`.
  void reset(int fd = -1) noexcept;

 private:
  int fd_ = -1;
};

}  // namespace heddle
