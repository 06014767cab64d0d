// SPDX-License-Identifier: MIT
// Packs and unpacks socket addresses by copying, never by casting one kind to another.
#include "net/address.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>

#include <netinet/in.h>
#include <sys/un.h>

namespace heddle::io::detail {

namespace {

// sockaddr_storage is read and written through copies: no aliasing, no alignment to think of.
template <class Address>
socket_address pack(const Address& address, std::size_t length) noexcept {
  socket_address packed;
  std::memcpy(&packed.storage, &address, sizeof address);
  packed.length = static_cast<socklen_t>(length);
  return packed;
}

template <class Address>
Address unpack(const socket_address& packed) noexcept {
  Address address{};
  std::memcpy(&address, &packed.storage, std::min<std::size_t>(sizeof address, packed.length));
  return address;
}

socket_address pack_path(std::string_view path) noexcept {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const bool abstract = path.starts_with('@');
  std::memcpy(address.sun_path, path.data(), path.size());
  if (abstract) address.sun_path[0] = '\0';
  // An abstract name ends where the length says, a path at its NUL, which is counted.
  return pack(address, offsetof(sockaddr_un, sun_path) + path.size() + (abstract ? 0 : 1));
}

std::string unpack_path(const socket_address& packed) {
  const auto address = unpack<sockaddr_un>(packed);
  const std::size_t before = offsetof(sockaddr_un, sun_path);
  if (packed.length <= before) return {};
  const std::size_t room = std::min<std::size_t>(packed.length - before, sizeof address.sun_path);
  if (address.sun_path[0] != '\0') return {address.sun_path, strnlen(address.sun_path, room)};
  return "@" + std::string(address.sun_path + 1, room - 1);
}

}  // namespace

socket_address endpoint_access::to_system(const endpoint& where) noexcept {
  if (where.family_ == endpoint::family::local) return pack_path(where.path_);
  if (where.family_ == endpoint::family::ipv6) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(where.port_);
    address.sin6_scope_id = where.scope_;
    std::memcpy(&address.sin6_addr, where.address_.data(), sizeof address.sin6_addr);
    return pack(address, sizeof address);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(where.port_);
  std::memcpy(&address.sin_addr, where.address_.data(), sizeof address.sin_addr);
  return pack(address, sizeof address);
}

endpoint endpoint_access::from_ip(const sockaddr_in& address) {
  endpoint found;
  found.family_ = endpoint::family::ipv4;
  found.port_ = ntohs(address.sin_port);
  std::memcpy(found.address_.data(), &address.sin_addr, sizeof address.sin_addr);
  return found;
}

endpoint endpoint_access::from_ip(const sockaddr_in6& address) {
  endpoint found;
  found.family_ = endpoint::family::ipv6;
  found.port_ = ntohs(address.sin6_port);
  found.scope_ = address.sin6_scope_id;
  std::memcpy(found.address_.data(), &address.sin6_addr, sizeof address.sin6_addr);
  return found;
}

endpoint endpoint_access::from_system(const socket_address& packed) {
  if (packed.storage.ss_family == AF_INET) return from_ip(unpack<sockaddr_in>(packed));
  if (packed.storage.ss_family == AF_INET6) return from_ip(unpack<sockaddr_in6>(packed));
  endpoint found;
  if (packed.storage.ss_family == AF_UNIX) {
    found.family_ = endpoint::family::local;
    found.path_ = unpack_path(packed);
  }
  return found;
}

}  // namespace heddle::io::detail
