// SPDX-License-Identifier: MIT
// Thin on purpose: what a call means is decided by its callers.
#include "net/system_call.hpp"

#include <heddle/runtime/socket_calls.hpp>

#include <cerrno>

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace heddle::io::detail {

namespace {

/// Repeats `call` while signals interrupt it. Returns its result, or minus the errno value.
template <class Call>
auto uninterrupted(Call call) noexcept -> decltype(call()) {
  for (;;) {
    const auto result = call();
    if (result >= 0) return result;
    if (errno != EINTR) return -errno;
  }
}

int failure(int result) noexcept { return result < 0 ? -result : 0; }

transferred outcome(ssize_t result) noexcept {
  if (result < 0) return {0, static_cast<int>(-result)};
  return {static_cast<std::size_t>(result), 0};
}

opened descriptor(int result) noexcept {
  if (result < 0) return {unique_fd{}, -result};
  return {unique_fd{result}, 0};
}

/// Makes `of_simulation(calls)` if `fd` is a simulation's, else `of_kernel()`. A descriptor that
/// has outlived its simulation is as good as closed.
template <class Simulated, class Kernel>
auto call(int fd, Simulated of_simulation, Kernel of_kernel) noexcept -> decltype(of_kernel()) {
  if (!is_simulated(fd)) [[likely]]
    return of_kernel();
  socket_calls* const calls = simulated_sockets();
  return calls == nullptr ? -EBADF : of_simulation(*calls);
}

}  // namespace

void close_descriptor(int fd) noexcept {
  if (!is_simulated(fd)) {
    ::close(fd);
  } else if (socket_calls* const calls = simulated_sockets()) {
    calls->close(fd);
  }
}

bool would_block(int error) noexcept { return error == EAGAIN || error == EWOULDBLOCK; }

transferred receive(int fd, std::span<std::byte> into) noexcept {
  return outcome(call(
      fd, [&](socket_calls& calls) { return calls.receive(fd, into); },
      [&] { return uninterrupted([&] { return ::recv(fd, into.data(), into.size(), 0); }); }));
}

transferred send(int fd, std::span<const std::byte> from) noexcept {
  return outcome(call(
      fd, [&](socket_calls& calls) { return calls.send(fd, from); },
      [&] {
        return uninterrupted([&] { return ::send(fd, from.data(), from.size(), MSG_NOSIGNAL); });
      }));
}

opened open_socket(int family) noexcept {
  socket_calls* const simulated = family == AF_UNIX ? nullptr : simulated_sockets();
  if (simulated != nullptr) return descriptor(simulated->socket(family));
  return descriptor(uninterrupted(
      [&] { return ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }));
}

opened accept_from(int listening, socket_address& peer) noexcept {
  const auto kernel = [&] {
    return uninterrupted([&] {
      peer.length = sizeof peer.storage;
      return ::accept4(listening, peer.get(), &peer.length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    });
  };
  return descriptor(call(
      listening,
      [&](socket_calls& calls) { return calls.accept(listening, peer.get(), &peer.length); },
      kernel));
}

opened open_placeholder() noexcept {
  return descriptor(uninterrupted([&] { return ::eventfd(0, EFD_CLOEXEC); }));
}

int connect_to(int fd, const socket_address& peer) noexcept {
  return failure(call(
      fd, [&](socket_calls& calls) { return calls.connect(fd, peer.get(), peer.length); },
      [&] { return ::connect(fd, peer.get(), peer.length) == 0 ? 0 : -errno; }));
}

int bind_to(int fd, const socket_address& local) noexcept {
  return failure(call(
      fd, [&](socket_calls& calls) { return calls.bind(fd, local.get(), local.length); },
      [&] { return uninterrupted([&] { return ::bind(fd, local.get(), local.length); }); }));
}

int listen_on(int fd, int backlog) noexcept {
  return failure(call(
      fd, [&](socket_calls& calls) { return calls.listen(fd, backlog); },
      [&] { return uninterrupted([&] { return ::listen(fd, backlog); }); }));
}

int shut_down_writing(int fd) noexcept {
  return failure(call(
      fd, [&](socket_calls& calls) { return calls.shut_down_writing(fd); },
      [&] { return uninterrupted([&] { return ::shutdown(fd, SHUT_WR); }); }));
}

int shut_down_both(int fd) noexcept {
  return failure(call(
      fd, [&](socket_calls& calls) { return calls.shut_down_writing(fd); },
      [&] { return uninterrupted([&] { return ::shutdown(fd, SHUT_RDWR); }); }));
}

int set_option(int fd, int level, int name, int value) noexcept {
  return failure(call(
      fd, [&](socket_calls& calls) { return calls.set_option(fd, level, name, value); },
      [&] {
        return uninterrupted([&] { return ::setsockopt(fd, level, name, &value, sizeof value); });
      }));
}

int local_address(int fd, socket_address& found) noexcept {
  found.length = sizeof found.storage;
  return failure(call(
      fd, [&](socket_calls& calls) { return calls.local_address(fd, found.get(), &found.length); },
      [&] {
        return uninterrupted([&] { return ::getsockname(fd, found.get(), &found.length); });
      }));
}

int peer_address(int fd, socket_address& found) noexcept {
  found.length = sizeof found.storage;
  return failure(call(
      fd, [&](socket_calls& calls) { return calls.peer_address(fd, found.get(), &found.length); },
      [&] {
        return uninterrupted([&] { return ::getpeername(fd, found.get(), &found.length); });
      }));
}

int pending_error(int fd) noexcept {
  if (is_simulated(fd)) {
    socket_calls* const calls = simulated_sockets();
    return calls == nullptr ? EBADF : calls->pending_error(fd);
  }
  int value = 0;
  socklen_t length = sizeof value;
  const int failed = failure(
      uninterrupted([&] { return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &length); }));
  return failed != 0 ? failed : value;
}

void reset_connection(int fd) noexcept {
  if (is_simulated(fd)) {
    if (socket_calls* const calls = simulated_sockets()) calls->reset(fd);
    return;
  }
  const linger at_once{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  sockaddr nobody{};
  nobody.sa_family = AF_UNSPEC;
  // TCP drops the connection with a reset. By number: TSAN takes connect() for the birth of the
  // descriptor, and a call that is under way on it for a race.
  static_cast<void>(::syscall(SYS_connect, fd, &nobody, sizeof nobody));
}

}  // namespace heddle::io::detail
