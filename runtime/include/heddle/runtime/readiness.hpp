// SPDX-License-Identifier: MIT
// How a fiber waits until a descriptor can be read or written: io's sockets and third-party
// clients.
//
// The edge-triggered protocol, free of lost edges: look(); if it says not ready, wait(). Try
// the system call. If it found nothing (EAGAIN), say would_block(view); if a stream read came back
// short, drained(view): they mark the direction not ready unless an edge has come since the view
// was taken. Start again.
//
// Invariants: (1) a readiness is registered with the epoll set of the loop on which its first wait
// ran, once, for both directions; (2) an event wakes every fiber that waits for its direction; they
// try again; (3) close() wakes them all with `closed`, and no event of a reused descriptor number
// reaches them. Not here: reading and writing (io/). On a plain thread waits use poll(2), and
// close() does not end them.
#pragma once

#include <heddle/runtime/deadline.hpp>
#include <heddle/runtime/park.hpp>

#include <cstdint>
#include <memory>

namespace heddle {

namespace detail {
class registration;
}

/// Watches one non-blocking descriptor, which it does not own.
class readiness {
 public:
  enum class direction : std::uint8_t { read, write };

  /// What was known of a direction at one moment.
  struct view {
    bool maybe_ready;    ///< worth a try
    bool hung_up;        ///< the peer hung up or an error is pending: read on to the end
    std::uint32_t edge;  ///< counts the edges seen
  };

  readiness() noexcept;
  /// Errors: std::bad_alloc.
  explicit readiness(int fd);
  readiness(readiness&&) noexcept;
  readiness& operator=(readiness&&) noexcept;
  /// Closes: nobody may wait on it any more, or they are woken with `closed`.
  ~readiness();

  /// Returns what is known now; ready before the first wait. Suspends: no. Cost: one load.
  view look(direction which) const noexcept;

  /// Marks `which` not ready, unless it has hung up, or an edge has come since `seen`. Cost: one
  /// CAS.
  void drained(direction which, view seen) noexcept;

  /// Marks `which` not ready, hung up or not, unless an edge has come since `seen`: after EAGAIN.
  /// What had hung up lives again then: a FIFO has its next writer, a datagram socket has told of
  /// its error. Cost: one CAS.
  void would_block(direction which, view seen) noexcept;

  /// Waits until `which` may be ready. Returns: event, timeout or closed.
  /// Errors: throws `cancelled`; std::system_error if the descriptor cannot be watched (EBADF,
  /// ENOSPC). A descriptor that epoll does not take (a regular file) is always ready. Suspends:
  /// yes, cancel-safe. Cost: ready: one load; else a park, the first time also an epoll_ctl.
  wake_reason wait(direction which, deadline limit = {});

  /// Stops watching and wakes all waiters with `closed`; call it before ::close(fd). From any fiber
  /// or thread, also while others wait. A second call does nothing.
  void close() noexcept;

  /// Returns the descriptor, also after close(); -1 if moved from. Suspends: no.
  int fd() const noexcept;

 private:
  std::shared_ptr<detail::registration> watched_;
};

/// Waits until `fd` can be read without blocking, or has hung up. Returns: false if `limit` passed
/// first. Errors: throws `cancelled`; std::system_error. Suspends: yes, cancel-safe. Cost: two
/// epoll_ctl calls.
bool wait_readable(int fd, deadline limit = {});

/// As wait_readable, for writing.
bool wait_writable(int fd, deadline limit = {});

}  // namespace heddle
