// SPDX-License-Identifier: MIT
// Connecting: non-blocking, against a deadline, with the descriptor owned from its first moment.
#include <heddle/io/tcp.hpp>

#include "net/address.hpp"
#include "net/socket.hpp"
#include "net/stream_settings.hpp"
#include "net/system_call.hpp"

#include <heddle/runtime/park.hpp>
#include <heddle/runtime/this_fiber.hpp>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <netinet/in.h>

namespace heddle::io {

namespace {

using detail::system_error_code;
using direction = readiness::direction;

/// Waits for the outcome of a connect that the kernel goes on with.
std::error_code finish_connect(detail::socket& pending, deadline limit) {
  auto seen = pending.watched().look(direction::write);
  for (;;) {
    pending.watched().drained(direction::write, seen);
    if (const auto error = pending.wait(direction::write, limit)) return error;
    seen = pending.watched().look(direction::write);
    if (const int failed = detail::pending_error(pending.fd())) return system_error_code(failed);
    detail::socket_address peer;
    const int unconnected = detail::peer_address(pending.fd(), peer);
    if (unconnected != ENOTCONN) return system_error_code(unconnected);  // 0: connected
  }
}

/// Connects to a UNIX socket. When its backlog is full the kernel neither goes on nor tells when
/// there is room, so ask again, ever less often.
std::error_code connect_local(detail::socket& pending, const detail::socket_address& peer,
                              deadline limit) {
  constexpr std::chrono::milliseconds longest_pause{20};
  for (std::chrono::milliseconds pause{1};; pause = std::min(2 * pause, longest_pause)) {
    const int failed = detail::connect_to(pending.fd(), peer);
    if (failed == 0 || failed == EISCONN) return {};
    if (!detail::would_block(failed) && failed != EINTR) return system_error_code(failed);
    if (limit.passed()) return std::make_error_code(std::errc::timed_out);
    this_fiber::sleep_until(std::min(limit, deadline::after(pause)));
  }
}

/// A TCP socket that connects to a free port of its own range may get that port itself and meet
/// itself: then nobody was there.
bool met_itself(const detail::socket& connected) {
  detail::socket_address local;
  return detail::local_address(connected.fd(), local) == 0 &&
         detail::endpoint_access::from_system(local) == connected.name();
}

/// Returns 0 or an errno value. A port is chosen when the peer is known: others may have it, too.
int bind_local(int fd, const endpoint& local) noexcept {
  if (local.kind() == endpoint::family::none) return 0;
  if (const int failed = detail::set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1)) return failed;
  if (local.port() == 0) {
    if (const int failed = detail::set_option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)) {
      return failed;
    }
  }
  return detail::bind_to(fd, detail::endpoint_access::to_system(local));
}

std::error_code connect_tcp(detail::socket& pending, const detail::socket_address& peer,
                            const connect_options& options, deadline limit) {
  if (const int failed = detail::apply(pending.fd(), options.stream)) {
    return system_error_code(failed);
  }
  if (const int failed = bind_local(pending.fd(), options.local)) return system_error_code(failed);
  const int failed = detail::connect_to(pending.fd(), peer);
  // An interrupted connect goes on, as one in progress does.
  if (failed == EINPROGRESS || failed == EINTR) {
    if (const auto error = finish_connect(pending, limit)) return error;
  } else if (failed != 0) {
    return system_error_code(failed);
  }
  if (!met_itself(pending)) return {};
  detail::reset_connection(pending.fd());  // so that the port is not taken for a minute
  return std::make_error_code(std::errc::connection_refused);
}

}  // namespace

tcp_stream tcp_stream::connect(const endpoint& peer, const connect_options& options,
                               std::error_code& error) {
  error.clear();
  detail::check(options.stream);
  const deadline limit = deadline::after(options.timeout);
  cooperate();
  if (peer.kind() == endpoint::family::none) {
    error = std::make_error_code(std::errc::destination_address_required);
    return {};
  }
  if (options.local.kind() != endpoint::family::none && options.local.kind() != peer.kind()) {
    error = std::make_error_code(std::errc::address_family_not_supported);
    return {};
  }
  const detail::socket_address address = detail::endpoint_access::to_system(peer);
  detail::opened made = detail::open_socket(address.storage.ss_family);
  if (made.error != 0) {
    error = system_error_code(made.error);
    return {};
  }
  tcp_stream pending(detail::socket_handle(new detail::socket(std::move(made.fd), peer)));
  detail::socket& connecting = *pending.socket_.get();
  if (!connecting.is_tcp() && options.local.kind() != endpoint::family::none) {
    error = std::make_error_code(std::errc::operation_not_supported);
    return {};
  }
  error = connecting.is_tcp() ? connect_tcp(connecting, address, options, limit)
                              : connect_local(connecting, address, limit);
  return error ? tcp_stream() : std::move(pending);
}

tcp_stream tcp_stream::connect(const endpoint& peer, std::error_code& error) {
  return connect(peer, connect_options{}, error);
}

tcp_stream tcp_stream::connect(const endpoint& peer, const connect_options& options) {
  std::error_code error;
  tcp_stream connected = connect(peer, options, error);
  if (error) throw io_error(error, "connect to", peer);
  return connected;
}

}  // namespace heddle::io
