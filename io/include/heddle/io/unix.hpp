// SPDX-License-Identifier: MIT
// UNIX sockets, for what TCP cannot do: descriptors handed to another process, and who that is. How
// calls behave: stream_socket.hpp, datagram_socket.hpp. tcp_stream and tcp_listener serve unix:
// endpoints too, where a server need not know the difference.
#pragma once

#include <heddle/io/datagram_socket.hpp>
#include <heddle/io/stream_socket.hpp>
#include <heddle/io/tcp.hpp>
#include <heddle/runtime/owned_fd.hpp>

#include <chrono>
#include <cstddef>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace heddle::io {

/// Who is at the other end of a UNIX stream; as the kernel says, when it connected.
struct peer_credentials {
  pid_t process = 0;
  uid_t user = 0;
  gid_t group = 0;
};

/// A stream over a UNIX socket.
class unix_stream : public stream_socket {
 public:
  /// Descriptors that one message carries, at most (the kernel's limit).
  static constexpr std::size_t most_descriptors = 253;

  unix_stream() noexcept = default;
  /// Takes over a stream that was accepted, or connected, over a unix: endpoint. Errors:
  /// std::invalid_argument if it was not, and `stream` keeps it.
  explicit unix_stream(tcp_stream&& stream);

  /// As tcp_stream::connect(), to a unix: endpoint. Errors: as there; std::invalid_argument if
  /// `peer` is none.
  static unix_stream connect(const endpoint& peer, const connect_options& options = {});

  /// Makes two that are connected with one another. Errors: io_error. Suspends: no.
  static std::pair<unix_stream, unix_stream> make_pair();

  /// Writes what the kernel takes of `from`, and hands the descriptors over with the first byte of
  /// it: the peer gets copies. Shape: `from` is not empty; at most most_descriptors
  /// (std::invalid_argument). Returns: how many bytes were written. Errors: io_error. Suspends:
  /// while the kernel takes nothing, cancel-safe.
  std::size_t send_descriptors(std::span<const std::byte> from, std::span<const int> descriptors);

  /// What receive_descriptors() found.
  struct with_descriptors {
    std::size_t bytes = 0;
    std::vector<owned_fd> descriptors = {};  ///< close-on-exec
    bool lost_some = false;  ///< more were sent than there was room for, or than may be open
  };
  /// Reads as read_some(), and takes up to `most` descriptors that came with the bytes.
  /// (read_some() closes them.) Errors: io_error. Suspends: as read_some(), cancel-safe.
  with_descriptors receive_descriptors(std::span<std::byte> into, std::size_t most);

  /// Returns who connected, or listens. Errors: io_error. Suspends: no.
  peer_credentials credentials() const;

 private:
  explicit unix_stream(detail::socket_handle connected) noexcept
      : stream_socket(std::move(connected)) {}
};

/// A socket that accepts unix_streams. It removes its path when it closes, if that is its own
/// still.
class unix_listener {
 public:
  unix_listener() noexcept = default;

  /// As tcp_listener::bind(), at a unix: endpoint. Errors: as there; std::invalid_argument if
  /// `local` is none.
  static unix_listener bind(const endpoint& local, const listen_options& options = {});

  /// As tcp_listener::accept().
  unix_stream accept() { return unix_stream(listener_.accept()); }
  endpoint local_endpoint() const { return listener_.local_endpoint(); }
  void close() noexcept { listener_.close(); }
  bool is_open() const noexcept { return listener_.is_open(); }
  int native_handle() const noexcept { return listener_.native_handle(); }

 private:
  explicit unix_listener(tcp_listener bound) noexcept : listener_(std::move(bound)) {}

  tcp_listener listener_;
};

/// A socket for messages between processes of one machine: none is lost, and a sender waits for a
/// receiver that is slow.
class unix_datagram : public datagram_socket {
 public:
  unix_datagram() noexcept = default;

  /// Opens a socket at a unix: endpoint; its path is not removed. Errors: io_error;
  /// std::invalid_argument if it is none. Suspends: no.
  static unix_datagram bind(const endpoint& local);
  /// Opens one that has no name: it can send. Errors: io_error. Suspends: no.
  static unix_datagram open();
  /// Makes two that are connected with one another. Errors: io_error. Suspends: no.
  static std::pair<unix_datagram, unix_datagram> make_pair();

 private:
  explicit unix_datagram(detail::socket_handle opened) noexcept
      : datagram_socket(std::move(opened)) {}
};

}  // namespace heddle::io
