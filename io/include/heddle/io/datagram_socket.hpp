// SPDX-License-Identifier: MIT
// Messages that arrive whole or not at all, each by itself: what udp_socket and unix_datagram have
// in common.
//
// Every call works in a fiber, which parks, and on a plain thread, which blocks. A call with a
// trailing std::error_code& reports there what its twin throws as io_error; both throw `cancelled`.
//
// Invariants: (1) any number of fibers may send, receive and close at once; (2) close() ends the
// calls under way with std::errc::operation_canceled and later ones with
// std::errc::bad_file_descriptor; (3) a message that did not fit into its buffer is said to be cut.
#pragma once

#include <heddle/io/detail/socket_handle.hpp>
#include <heddle/io/endpoint.hpp>
#include <heddle/io/error.hpp>

#include <cstddef>
#include <span>
#include <system_error>
#include <utility>

namespace heddle::io {

/// What receive() found.
struct received {
  std::size_t bytes = 0;  ///< in the buffer; 0 is a message, too
  endpoint from = {};     ///< `none` if the sender has no name
  bool cut = false;       ///< it was longer than the buffer; the rest is lost
};

/// A socket for messages. Move-only. Default-constructed or moved from, it is closed. Destroying it
/// closes it; calls under way in other fibers then end as by close().
class datagram_socket {
 public:
  /// Waits for a message, and takes it. Errors: io_error; after connect() also what became of what
  /// was sent (connection_refused). Suspends: while there is none, cancel-safe. Cost: one recvmsg
  /// if there is one.
  received receive(std::span<std::byte> into);
  received receive(std::span<std::byte> into, std::error_code& error);

  /// Sends one message to where connect() has said. Errors: io_error (message_size if it is too
  /// long to be one). Suspends: while the kernel's buffer is full, cancel-safe. Cost: one sendmsg.
  void send(std::span<const std::byte> message);
  void send(std::span<const std::byte> message, std::error_code& error);

  /// Sends one message to `to`. As send().
  void send_to(std::span<const std::byte> message, const endpoint& to);
  void send_to(std::span<const std::byte> message, const endpoint& to, std::error_code& error);

  /// Has send() send to `peer`, and receive() take what comes from there only. Errors: io_error.
  /// Suspends: no.
  void connect(const endpoint& peer);
  void connect(const endpoint& peer, std::error_code& error);

  /// Closes. Calls under way in other fibers and threads end with operation_canceled. From any
  /// fiber or thread; a second call does nothing. Suspends: no.
  void close() noexcept;
  /// Returns whether it has been neither closed nor moved from. Suspends: no.
  bool is_open() const noexcept;

  /// Returns where it is bound, with the port that the system chose, also after close().
  endpoint local_endpoint() const;
  /// Returns the descriptor, for options not offered here; -1 if closed. It stays the socket's.
  int native_handle() const noexcept;

 protected:
  datagram_socket() noexcept = default;
  explicit datagram_socket(detail::socket_handle opened) noexcept : socket_(std::move(opened)) {}
  datagram_socket(datagram_socket&&) noexcept = default;
  datagram_socket& operator=(datagram_socket&&) noexcept = default;
  ~datagram_socket() = default;

  detail::socket_handle socket_;
};

}  // namespace heddle::io
