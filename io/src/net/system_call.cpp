// SPDX-License-Identifier: MIT
// Thin on purpose: what a call means is decided by its callers.
#include "net/system_call.hpp"

#include <heddle/runtime/socket_calls.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace heddle::io::detail {

__attribute__((noinline)) int last_error() noexcept { return errno; }

namespace {

/// Repeats `call` while signals interrupt it. Returns its result, or minus the errno value.
template <class Call>
auto uninterrupted(Call call) noexcept -> decltype(call()) {
  for (;;) {
    const auto result = call();
    if (result >= 0) return result;
    const int error = last_error();
    if (error != EINTR) return -error;
  }
}

int failure(int result) noexcept { return result < 0 ? -result : 0; }

transferred outcome(ssize_t result) noexcept {
  if (result < 0) return {0, static_cast<int>(-result)};
  return {static_cast<std::size_t>(result), 0};
}

opened descriptor(int result) noexcept {
  if (result < 0) return {owned_fd{}, -result};
  return {owned_fd{result}, 0};
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

/// While it lives, a write to a broken pipe raises no signal here, though a pipe has no
/// MSG_NOSIGNAL. Loops' threads block SIGPIPE anyway: then there is nothing to do.
class no_pipe_signal {
 public:
  no_pipe_signal() noexcept {
    ::sigemptyset(&pipe_signal_);
    ::sigaddset(&pipe_signal_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_signal_, &before_);
    was_blocked_ = ::sigismember(&before_, SIGPIPE) == 1;
  }
  ~no_pipe_signal() {
    if (!was_blocked_) ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  no_pipe_signal(const no_pipe_signal&) = delete;
  no_pipe_signal& operator=(const no_pipe_signal&) = delete;

  /// Takes the signal that a write has just raised.
  void swallow() const noexcept {
    if (was_blocked_) return;  // it waits, as whoever blocked it wants
    const timespec at_once{};
    while (::sigtimedwait(&pipe_signal_, nullptr, &at_once) < 0 && last_error() == EINTR) continue;
  }

 private:
  sigset_t pipe_signal_;
  sigset_t before_;
  bool was_blocked_;
};

/// Room for the descriptors of one message.
struct descriptor_space {
  static constexpr std::size_t most = 253;
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(most * sizeof(int))> bytes{};
};

}  // namespace

bool would_block(int error) noexcept { return error == EAGAIN || error == EWOULDBLOCK; }

transferred receive(int fd, std::span<std::byte> into) noexcept {
  return outcome(call(
      fd, [&](socket_calls& calls) { return calls.receive(fd, into); },
      [&] { return uninterrupted([&] { return ::recv(fd, into.data(), into.size(), 0); }); }));
}

bool can_receive(int fd) noexcept {
  const auto peek = [&] {
    std::byte first;
    return uninterrupted([&] { return ::recv(fd, &first, 1, MSG_PEEK | MSG_DONTWAIT); });
  };
  const ssize_t seen = call(
      fd, [&](socket_calls& calls) -> ssize_t { return calls.can_receive(fd) ? 0 : -EAGAIN; },
      peek);
  return !would_block(outcome(seen).error);
}

transferred send(int fd, std::span<const std::byte> from) noexcept {
  return outcome(call(
      fd, [&](socket_calls& calls) { return calls.send(fd, from); },
      [&] {
        return uninterrupted([&] { return ::send(fd, from.data(), from.size(), MSG_NOSIGNAL); });
      }));
}

transferred read_from(int fd, std::span<std::byte> into) noexcept {
  return outcome(uninterrupted([&] { return ::read(fd, into.data(), into.size()); }));
}

transferred write_to(int fd, std::span<const std::byte> from) noexcept {
  const no_pipe_signal guard;
  const auto result = uninterrupted([&] { return ::write(fd, from.data(), from.size()); });
  if (result == -EPIPE) guard.swallow();
  return outcome(result);
}

transferred read_at(int file, std::uint64_t offset, std::span<std::byte> into) noexcept {
  return outcome(uninterrupted(
      [&] { return ::pread(file, into.data(), into.size(), static_cast<off_t>(offset)); }));
}

opened_pipe open_pipe() noexcept {
  int ends[2];
  const int result = uninterrupted([&] { return ::pipe2(ends, O_NONBLOCK | O_CLOEXEC); });
  if (result < 0) return {owned_fd{}, owned_fd{}, -result};
  return {owned_fd{ends[0]}, owned_fd{ends[1]}, 0};
}

int make_non_blocking(int fd) noexcept {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0) return last_error();
  if ((flags & O_NONBLOCK) == 0 && ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
    return last_error();
  return ::fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 ? 0 : last_error();
}

opened open_socket(int family) noexcept {
  socket_calls* const simulated = family == AF_UNIX ? nullptr : simulated_sockets();
  if (simulated != nullptr) return descriptor(simulated->socket(family));
  return descriptor(uninterrupted(
      [&] { return ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }));
}

opened open_datagram_socket(int family) noexcept {
  return descriptor(uninterrupted(
      [&] { return ::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }));
}

transferred receive_from(int fd, std::span<std::byte> into, socket_address& from,
                         bool& cut) noexcept {
  iovec room{into.data(), into.size()};
  msghdr message{};
  message.msg_name = from.get();
  message.msg_iov = &room;
  message.msg_iovlen = 1;
  const auto result = uninterrupted([&] {
    message.msg_namelen = sizeof from.storage;
    return ::recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
  });
  from.length = message.msg_namelen;
  cut = result >= 0 && (message.msg_flags & MSG_TRUNC) != 0;
  return outcome(result);
}

transferred send_to(int fd, std::span<const std::byte> from, const socket_address* to) noexcept {
  return outcome(uninterrupted([&] {
    return to == nullptr
               ? ::send(fd, from.data(), from.size(), MSG_NOSIGNAL)
               : ::sendto(fd, from.data(), from.size(), MSG_NOSIGNAL, to->get(), to->length);
  }));
}

opened_pair open_socket_pair(int type) noexcept {
  int ends[2];
  const int result = uninterrupted(
      [&] { return ::socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends); });
  if (result < 0) return {owned_fd{}, owned_fd{}, -result};
  return {owned_fd{ends[0]}, owned_fd{ends[1]}, 0};
}

transferred send_with(int fd, std::span<const std::byte> from,
                      std::span<const int> descriptors) noexcept {
  iovec bytes{const_cast<std::byte*>(from.data()), from.size()};
  descriptor_space space;
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    message.msg_control = space.bytes.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
  }
  return outcome(uninterrupted([&] { return ::sendmsg(fd, &message, MSG_NOSIGNAL); }));
}

transferred receive_with(int fd, std::span<std::byte> into, std::size_t most,
                         std::vector<owned_fd>& descriptors, bool& lost_some) noexcept {
  iovec bytes{into.data(), into.size()};
  descriptor_space space;
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = space.bytes.data();
  const auto result = uninterrupted([&] {
    message.msg_controllen = space.bytes.size();
    return ::recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
  });
  if (result < 0) return outcome(result);
  lost_some = (message.msg_flags & MSG_CTRUNC) != 0;
  for (cmsghdr* each = CMSG_FIRSTHDR(&message); each != nullptr;
       each = CMSG_NXTHDR(&message, each)) {
    if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (each->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t n = 0; n < count; ++n) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(each) + n * sizeof number, sizeof number);
      owned_fd one(number);
      if (descriptors.size() == most) {
        lost_some = true;  // and closed
      } else {
        descriptors.push_back(std::move(one));
      }
    }
  }
  return outcome(result);
}

int peer_credentials(int fd, ucred& found) noexcept {
  socklen_t length = sizeof found;
  return failure(
      uninterrupted([&] { return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &found, &length); }));
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
      [&] { return ::connect(fd, peer.get(), peer.length) == 0 ? 0 : -last_error(); }));
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

int set_option(int fd, int level, int name, const ip_mreqn& value) noexcept {
  return failure(
      uninterrupted([&] { return ::setsockopt(fd, level, name, &value, sizeof value); }));
}

int set_option(int fd, int level, int name, const ipv6_mreq& value) noexcept {
  return failure(
      uninterrupted([&] { return ::setsockopt(fd, level, name, &value, sizeof value); }));
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
