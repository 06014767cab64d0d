// SPDX-License-Identifier: MIT
// Addresses of a simulated network: IPv4, and each host's own names for itself in both families.
// IPv4 addresses that IPv6 sockets use (::ffff:10.0.0.1) are IPv4 here; they are written as the
// family of the socket wants them.
#pragma once

#include <cstdint>

#include <sys/socket.h>

namespace heddle::testing::detail {

struct net_address {
  // any_four and any: 0.0.0.0, and ::, which takes both families; four: ip; six_loopback: ::1
  enum class kind : std::uint8_t { none, any_four, any, four, six_loopback };
  kind what = kind::none;
  std::uint32_t ip = 0;  // of kind four, in host order
  std::uint16_t port = 0;

  bool is_any() const noexcept { return what == kind::any_four || what == kind::any; }
  /// Returns whether it is one of 127.0.0.0/8, or ::1.
  bool is_loopback() const noexcept {
    return what == kind::six_loopback || (what == kind::four && ip >> 24 == 127);
  }
};

/// Returns whether a listener at `bound` is meant by a request to `target`, whatever the ports.
bool covers(const net_address& bound, const net_address& target) noexcept;
/// Returns whether one request could mean either, whatever the ports.
bool overlap(const net_address& one, const net_address& other) noexcept;

/// Returns kind none for what no simulated host can have.
net_address read_address(const sockaddr* from, socklen_t length) noexcept;
void write_address(const net_address& address, int family, sockaddr* into,
                   socklen_t* length) noexcept;

}  // namespace heddle::testing::detail
