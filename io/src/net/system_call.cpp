// SPDX-License-Identifier: MIT
// Thin on purpose: what a call means is decided by its callers.
#include "net/system_call.hpp"

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

}  // namespace

void close_descriptor(int fd) noexcept { ::close(fd); }

bool would_block(int error) noexcept { return error == EAGAIN || error == EWOULDBLOCK; }

transferred receive(int fd, std::span<std::byte> into) noexcept {
  return outcome(uninterrupted([&] { return ::recv(fd, into.data(), into.size(), 0); }));
}

transferred send(int fd, std::span<const std::byte> from) noexcept {
  return outcome(uninterrupted([&] { return ::send(fd, from.data(), from.size(), MSG_NOSIGNAL); }));
}

opened open_socket(int family) noexcept {
  return descriptor(uninterrupted(
      [&] { return ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }));
}

opened accept_from(int listening, socket_address& peer) noexcept {
  return descriptor(uninterrupted([&] {
    peer.length = sizeof peer.storage;
    return ::accept4(listening, peer.get(), &peer.length, SOCK_NONBLOCK | SOCK_CLOEXEC);
  }));
}

opened open_placeholder() noexcept {
  return descriptor(uninterrupted([&] { return ::eventfd(0, EFD_CLOEXEC); }));
}

int connect_to(int fd, const socket_address& peer) noexcept {
  return ::connect(fd, peer.get(), peer.length) == 0 ? 0 : errno;
}

int bind_to(int fd, const socket_address& local) noexcept {
  return failure(uninterrupted([&] { return ::bind(fd, local.get(), local.length); }));
}

int listen_on(int fd, int backlog) noexcept {
  return failure(uninterrupted([&] { return ::listen(fd, backlog); }));
}

int shut_down_writing(int fd) noexcept {
  return failure(uninterrupted([&] { return ::shutdown(fd, SHUT_WR); }));
}

int shut_down_both(int fd) noexcept {
  return failure(uninterrupted([&] { return ::shutdown(fd, SHUT_RDWR); }));
}

int set_option(int fd, int level, int name, int value) noexcept {
  return failure(
      uninterrupted([&] { return ::setsockopt(fd, level, name, &value, sizeof value); }));
}

int local_address(int fd, socket_address& found) noexcept {
  found.length = sizeof found.storage;
  return failure(uninterrupted([&] { return ::getsockname(fd, found.get(), &found.length); }));
}

int peer_address(int fd, socket_address& found) noexcept {
  found.length = sizeof found.storage;
  return failure(uninterrupted([&] { return ::getpeername(fd, found.get(), &found.length); }));
}

int pending_error(int fd) noexcept {
  int value = 0;
  socklen_t length = sizeof value;
  const int failed = failure(
      uninterrupted([&] { return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &length); }));
  return failed != 0 ? failed : value;
}

void reset_connection(int fd) noexcept {
  const linger at_once{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  sockaddr nobody{};
  nobody.sa_family = AF_UNSPEC;
  // TCP drops the connection with a reset. By number: TSAN takes connect() for the birth of the
  // descriptor, and a call that is under way on it for a race.
  static_cast<void>(::syscall(SYS_connect, fd, &nobody, sizeof nobody));
}

}  // namespace heddle::io::detail
