// SPDX-License-Identifier: MIT
// UDP: messages of up to 65,507 bytes, which may be lost, doubled, or overtake one another. How
// calls behave: datagram_socket.hpp.
#pragma once

#include <heddle/io/datagram_socket.hpp>
#include <heddle/io/toggle.hpp>

#include <cstddef>
#include <system_error>

namespace heddle::io {

struct udp_options {
  /// Lets several sockets share the port; the kernel spreads the senders (SO_REUSEPORT).
  toggle reuse_port = toggle::off;
  /// Allows to send to broadcast addresses (SO_BROADCAST).
  toggle broadcast = toggle::off;
  /// Has a socket at an IPv6 address take IPv6 only. Off: "[::]:port" takes IPv4, too.
  toggle ipv6_only = toggle::off;
  /// As of stream_options. What finds the receive buffer full is lost.
  std::size_t send_buffer_bytes = 0;
  std::size_t receive_buffer_bytes = 0;
};

class udp_socket : public datagram_socket {
 public:
  udp_socket() noexcept = default;

  /// Opens a socket at `local`; port 0 has the system choose one: "0.0.0.0:0" is what a client
  /// takes. Errors: io_error naming `local` (address_in_use, ...; invalid_argument for a UNIX
  /// path); std::invalid_argument that names the option. Suspends: no.
  static udp_socket bind(const endpoint& local, const udp_options& options = {});
  static udp_socket bind(const endpoint& local, const udp_options& options, std::error_code& error);

  /// Has the socket receive what is sent to the multicast address of `group` (its port counts for
  /// nothing), on the interface that the system chooses, until it is closed. Errors: io_error
  /// (invalid_argument if it is none). Suspends: no.
  void join_multicast(const endpoint& group);

 private:
  explicit udp_socket(detail::socket_handle opened) noexcept : datagram_socket(std::move(opened)) {}
};

}  // namespace heddle::io
