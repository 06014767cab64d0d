// SPDX-License-Identifier: MIT
// Addresses of a simulated network: IPv4 hosts, and each host's own names for itself in both
// families.
#pragma once

#include <cstdint>

#include <sys/socket.h>

namespace heddle::testing::detail {

struct net_address {
  enum class kind : std::uint8_t { none, any, loopback, host };
  kind what = kind::none;
  std::uint32_t ip = 0;  // of a host, in host order
  std::uint16_t port = 0;
};

/// Returns kind none for what no simulated host can have.
net_address read_address(const sockaddr* from, socklen_t length) noexcept;
void write_address(const net_address& address, int family, sockaddr* into,
                   socklen_t* length) noexcept;

}  // namespace heddle::testing::detail
