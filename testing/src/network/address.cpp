// SPDX-License-Identifier: MIT
// Between net_address and the system's.
#include "network/address.hpp"

#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace heddle::testing::detail {

namespace {

using kind = net_address::kind;

net_address four(std::uint32_t ip, std::uint16_t port) noexcept {
  return {ip == INADDR_ANY ? kind::any_four : kind::four, ip, port};
}

net_address six(const in6_addr& ip, std::uint16_t port) noexcept {
  if (IN6_IS_ADDR_V4MAPPED(&ip) != 0) {
    std::uint32_t inner = 0;
    std::memcpy(&inner, ip.s6_addr + 12, sizeof inner);
    return four(ntohl(inner), port);
  }
  if (IN6_IS_ADDR_UNSPECIFIED(&ip) != 0) return {kind::any, 0, port};
  if (IN6_IS_ADDR_LOOPBACK(&ip) != 0) return {kind::six_loopback, 0, port};
  return {};
}

in6_addr as_six(const net_address& address) noexcept {
  if (address.what == kind::any) return in6addr_any;
  if (address.what == kind::six_loopback) return in6addr_loopback;
  in6_addr mapped{};
  mapped.s6_addr[10] = mapped.s6_addr[11] = 0xff;
  const std::uint32_t inner = htonl(address.ip);
  std::memcpy(mapped.s6_addr + 12, &inner, sizeof inner);
  return mapped;
}

}  // namespace

bool covers(const net_address& bound, const net_address& target) noexcept {
  if (bound.what == kind::any) return true;
  if (bound.what == kind::any_four) return target.what == kind::four;
  return bound.what == target.what && bound.ip == target.ip;
}

bool overlap(const net_address& one, const net_address& other) noexcept {
  return one.what == other.what ? one.ip == other.ip : covers(one, other) || covers(other, one);
}

net_address read_address(const sockaddr* from, socklen_t length) noexcept {
  if (from->sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
    sockaddr_in found{};
    std::memcpy(&found, from, sizeof found);
    return four(ntohl(found.sin_addr.s_addr), ntohs(found.sin_port));
  }
  if (from->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
    sockaddr_in6 found{};
    std::memcpy(&found, from, sizeof found);
    return six(found.sin6_addr, ntohs(found.sin6_port));
  }
  return {};
}

void write_address(const net_address& address, int family, sockaddr* into,
                   socklen_t* length) noexcept {
  if (family == AF_INET6) {
    sockaddr_in6 written{};
    written.sin6_family = AF_INET6;
    written.sin6_port = htons(address.port);
    written.sin6_addr = as_six(address);
    std::memcpy(into, &written, sizeof written);
    *length = sizeof written;
    return;
  }
  sockaddr_in written{};
  written.sin_family = AF_INET;
  written.sin_port = htons(address.port);
  written.sin_addr.s_addr = htonl(address.ip);
  std::memcpy(into, &written, sizeof written);
  *length = sizeof written;
}

}  // namespace heddle::testing::detail
