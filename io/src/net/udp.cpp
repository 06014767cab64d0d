// SPDX-License-Identifier: MIT
// What only UDP has: its options, and groups of receivers.
#include <heddle/io/udp.hpp>

#include "net/address.hpp"
#include "net/call_now.hpp"
#include "net/socket.hpp"
#include "net/stream_settings.hpp"
#include "net/system_call.hpp"

#include <cerrno>

#include <netinet/in.h>

namespace heddle::io {

namespace {

/// Returns 0 or an errno value; on success `bound` is where the socket is.
int open_at(int fd, const detail::socket_address& local, const udp_options& options,
            detail::socket_address& bound) noexcept {
  if (options.reuse_port == toggle::on) {
    if (const int error = detail::set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1)) return error;
  }
  if (options.broadcast == toggle::on) {
    if (const int error = detail::set_option(fd, SOL_SOCKET, SO_BROADCAST, 1)) return error;
  }
  if (local.storage.ss_family == AF_INET6) {
    const int value = options.ipv6_only == toggle::on ? 1 : 0;
    if (const int error = detail::set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, value)) return error;
  }
  if (const int error =
          detail::apply_buffers(fd, options.send_buffer_bytes, options.receive_buffer_bytes)) {
    return error;
  }
  if (const int error = detail::bind_to(fd, local)) return error;
  return detail::local_address(fd, bound);
}

int join(int fd, const detail::socket_address& group) noexcept {
  if (group.storage.ss_family == AF_INET) {
    ip_mreqn request{};
    request.imr_multiaddr = reinterpret_cast<const sockaddr_in&>(group.storage).sin_addr;
    return detail::set_option(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, request);
  }
  const auto& address = reinterpret_cast<const sockaddr_in6&>(group.storage);
  ipv6_mreq request{};
  request.ipv6mr_multiaddr = address.sin6_addr;
  request.ipv6mr_interface = address.sin6_scope_id;
  return detail::set_option(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, request);
}

bool is_ip(const endpoint& where) {
  return where.kind() == endpoint::family::ipv4 || where.kind() == endpoint::family::ipv6;
}

}  // namespace

udp_socket udp_socket::bind(const endpoint& local, const udp_options& options,
                            std::error_code& error) {
  error.clear();
  detail::check_buffer("udp_options::send_buffer_bytes", options.send_buffer_bytes);
  detail::check_buffer("udp_options::receive_buffer_bytes", options.receive_buffer_bytes);
  if (!is_ip(local)) {
    error = std::make_error_code(std::errc::invalid_argument);
    return {};
  }
  const detail::socket_address address = detail::endpoint_access::to_system(local);
  detail::opened made = detail::open_datagram_socket(address.storage.ss_family);
  detail::socket_address bound;
  const int failed = made.error != 0 ? made.error : open_at(made.fd.get(), address, options, bound);
  if (failed != 0) {
    error = detail::system_error_code(failed);
    return {};
  }
  return udp_socket(detail::socket_handle(
      new detail::socket(std::move(made.fd), detail::endpoint_access::from_system(bound))));
}

udp_socket udp_socket::bind(const endpoint& local, const udp_options& options) {
  std::error_code error;
  udp_socket bound = bind(local, options, error);
  if (error) throw io_error(error, "bind to", local);
  return bound;
}

void udp_socket::join_multicast(const endpoint& group) {
  std::error_code error = std::make_error_code(std::errc::invalid_argument);
  if (is_ip(group)) {
    const detail::socket_address address = detail::endpoint_access::to_system(group);
    detail::call_now(
        detail::socket_use(socket_.get()),
        [&address](detail::socket& on) { return join(on.fd(), address); }, error);
  }
  if (error) throw io_error(error, "join multicast group", group);
}

}  // namespace heddle::io
