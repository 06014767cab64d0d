// SPDX-License-Identifier: MIT
// Between net_address and the system's.
#include "network/address.hpp"

#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace heddle::testing::detail {

namespace {

net_address::kind kind_of(std::uint32_t ip) noexcept {
  if (ip == INADDR_ANY) return net_address::kind::any;
  return ip >> 24 == 127 ? net_address::kind::loopback : net_address::kind::host;
}

std::uint32_t ip_of(const net_address& address) noexcept {
  switch (address.what) {
    case net_address::kind::loopback:
      return INADDR_LOOPBACK;
    case net_address::kind::host:
      return address.ip;
    case net_address::kind::none:
    case net_address::kind::any:
      break;
  }
  return INADDR_ANY;
}

}  // namespace

net_address read_address(const sockaddr* from, socklen_t length) noexcept {
  if (from->sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
    sockaddr_in four{};
    std::memcpy(&four, from, sizeof four);
    const std::uint32_t ip = ntohl(four.sin_addr.s_addr);
    return {kind_of(ip), ip, ntohs(four.sin_port)};
  }
  if (from->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
    sockaddr_in6 six{};
    std::memcpy(&six, from, sizeof six);
    const bool any = IN6_IS_ADDR_UNSPECIFIED(&six.sin6_addr) != 0;
    const bool loopback = IN6_IS_ADDR_LOOPBACK(&six.sin6_addr) != 0;
    const auto what = any        ? net_address::kind::any
                      : loopback ? net_address::kind::loopback
                                 : net_address::kind::none;
    return {what, 0, ntohs(six.sin6_port)};
  }
  return {};
}

void write_address(const net_address& address, int family, sockaddr* into,
                   socklen_t* length) noexcept {
  if (family == AF_INET6) {
    sockaddr_in6 six{};
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(address.port);
    six.sin6_addr = address.what == net_address::kind::any ? in6addr_any : in6addr_loopback;
    std::memcpy(into, &six, sizeof six);
    *length = sizeof six;
    return;
  }
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_port = htons(address.port);
  four.sin_addr.s_addr = htonl(ip_of(address));
  std::memcpy(into, &four, sizeof four);
  *length = sizeof four;
}

}  // namespace heddle::testing::detail
