// SPDX-License-Identifier: MIT
// The socket calls of the system, with the error in the result instead of in errno. Invariants: (1)
// errno is read by last_error() only: a compiler may keep its address over a suspension, which
// these functions do not have, but one that takes them in at link time may; (2) a call that a
// signal interrupted is repeated, but not connect, which goes on by itself; (3) every descriptor
// made here is non-blocking and close-on-exec from birth; (4) no write raises SIGPIPE.
#pragma once

#include <heddle/runtime/owned_fd.hpp>
#include "net/address.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <system_error>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>

namespace heddle::io::detail {

/// What a call transferred, or the errno value that stopped it.
struct transferred {
  std::size_t bytes = 0;
  int error = 0;
};

/// A new descriptor, or the errno value that says why there is none.
struct opened {
  owned_fd fd;
  int error = 0;
};

/// Returns errno, of the thread that calls. Never inlined.
int last_error() noexcept;

inline std::error_code system_error_code(int error) noexcept {
  return {error, std::system_category()};
}

/// Returns whether `error` means that the call would have had to wait.
bool would_block(int error) noexcept;

transferred receive(int fd, std::span<std::byte> into) noexcept;
/// Returns whether receive() of something would not have to wait.
bool can_receive(int fd) noexcept;
transferred send(int fd, std::span<const std::byte> from) noexcept;

/// For what is no socket.
transferred read_from(int fd, std::span<std::byte> into) noexcept;
transferred write_to(int fd, std::span<const std::byte> from) noexcept;

/// Blocks the thread while the file's pages come from the disk.
transferred read_at(int file, std::uint64_t offset, std::span<std::byte> into) noexcept;

/// The two ends of a new pipe, or the errno value that says why there is none.
struct opened_pipe {
  owned_fd reader;
  owned_fd writer;
  int error = 0;
};
opened_pipe open_pipe() noexcept;

/// Two UNIX sockets that are connected with one another, or the errno value that says why not.
struct opened_pair {
  owned_fd first;
  owned_fd second;
  int error = 0;
};
opened_pair open_socket_pair(int type) noexcept;

transferred send_with(int fd, std::span<const std::byte> from,
                      std::span<const int> descriptors) noexcept;
/// Appends what came to `descriptors`, which has room for `most` more.
transferred receive_with(int fd, std::span<std::byte> into, std::size_t most,
                         std::vector<owned_fd>& descriptors, bool& lost_some) noexcept;
/// Returns 0 or an errno value.
int peer_credentials(int fd, ucred& found) noexcept;
/// Returns 0 or an errno value.
int make_non_blocking(int fd) noexcept;

/// Receives one message; `cut`: it was longer.
transferred receive_from(int fd, std::span<std::byte> into, socket_address& from,
                         bool& cut) noexcept;
/// Sends one message, to where the socket is connected if `to` is null.
transferred send_to(int fd, std::span<const std::byte> from, const socket_address* to) noexcept;

opened open_socket(int family) noexcept;
opened open_datagram_socket(int family) noexcept;
/// Takes a newcomer; `peer` gets its address.
opened accept_from(int listening, socket_address& peer) noexcept;
/// Returns a descriptor good for nothing but to be given back.
opened open_placeholder() noexcept;

/// These return 0 or an errno value.
int connect_to(int fd, const socket_address& peer) noexcept;
int bind_to(int fd, const socket_address& local) noexcept;
int listen_on(int fd, int backlog) noexcept;
int shut_down_writing(int fd) noexcept;
int shut_down_both(int fd) noexcept;
int set_option(int fd, int level, int name, int value) noexcept;
int set_option(int fd, int level, int name, const ip_mreqn& value) noexcept;
int set_option(int fd, int level, int name, const ipv6_mreq& value) noexcept;
int local_address(int fd, socket_address& found) noexcept;
int peer_address(int fd, socket_address& found) noexcept;

/// Returns and clears the error that the socket met while nobody asked; 0 if none.
int pending_error(int fd) noexcept;

/// Has the peer of a TCP connection see a reset, now, and wakes whoever waits on `fd`.
void reset_connection(int fd) noexcept;

}  // namespace heddle::io::detail
