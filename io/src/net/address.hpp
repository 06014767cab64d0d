// SPDX-License-Identifier: MIT
// Between endpoint and the system's socket addresses.
#pragma once

#include <heddle/io/endpoint.hpp>

#include <cstdint>

#include <netinet/in.h>
#include <sys/socket.h>

namespace heddle::io::detail {

struct socket_address {
  sockaddr_storage storage{};
  socklen_t length = 0;

  sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
};

/// The one door to an endpoint's representation.
struct endpoint_access {
  /// Shape: `where` is not none.
  static socket_address to_system(const endpoint& where) noexcept;

  /// Returns none for a family that endpoint does not know. Errors: std::bad_alloc.
  static endpoint from_system(const socket_address& address);

  static endpoint from_ip(const sockaddr_in& address);
  static endpoint from_ip(const sockaddr_in6& address);

  /// Shape: `address` is ipv4 or ipv6.
  static endpoint with_port(endpoint address, std::uint16_t port) {
    address.port_ = port;
    return address;
  }
};

}  // namespace heddle::io::detail
