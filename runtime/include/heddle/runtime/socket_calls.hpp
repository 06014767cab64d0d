// SPDX-License-Identifier: MIT
// The socket calls of a simulation, in the place of the kernel's: how io's code meets a simulated
// network without knowing it. Invariants: (1) descriptors of a simulation are numbers that the
// kernel never gives, so one comparison tells who is to be called; (2) a call returns what the
// kernel's would: its result, or minus an errno value; none waits. Written for io and
// heddle::testing; a client library of a third party may use it too.
#pragma once

#include <cstddef>
#include <span>

#include <sys/socket.h>

namespace heddle {

inline constexpr int first_simulated_descriptor = 1 << 30;

/// Returns whether `fd` is a simulation's.
constexpr bool is_simulated(int fd) noexcept { return fd >= first_simulated_descriptor; }

/// Each does what the function of its name does; sockets are streams that do not block.
class socket_calls {
 public:
  virtual ~socket_calls() = default;

  virtual int socket(int family) noexcept = 0;
  virtual int bind(int fd, const sockaddr* local, socklen_t length) noexcept = 0;
  virtual int listen(int fd, int backlog) noexcept = 0;
  virtual int accept(int fd, sockaddr* peer, socklen_t* length) noexcept = 0;
  virtual int connect(int fd, const sockaddr* peer, socklen_t length) noexcept = 0;
  virtual ssize_t receive(int fd, std::span<std::byte> into) noexcept = 0;
  /// Returns whether receive() of something would not say EAGAIN.
  virtual bool can_receive(int fd) noexcept = 0;
  virtual ssize_t send(int fd, std::span<const std::byte> from) noexcept = 0;
  virtual int shut_down_writing(int fd) noexcept = 0;
  virtual int set_option(int fd, int level, int name, int value) noexcept = 0;
  virtual int local_address(int fd, sockaddr* found, socklen_t* length) noexcept = 0;
  virtual int peer_address(int fd, sockaddr* found, socklen_t* length) noexcept = 0;
  /// Returns and clears the error that the socket has met; 0 if none.
  virtual int pending_error(int fd) noexcept = 0;
  /// Drops the connection with a reset.
  virtual void reset(int fd) noexcept = 0;
  virtual void close(int fd) noexcept = 0;
};

/// Returns who is to be called by the running fiber; null if that is the kernel: in production, and
/// on a plain thread. Suspends: no.
socket_calls* simulated_sockets() noexcept;

}  // namespace heddle
