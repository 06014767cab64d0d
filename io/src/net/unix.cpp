// SPDX-License-Identifier: MIT
// What only UNIX sockets have: pairs, descriptors on the way, credentials.
#include <heddle/io/unix.hpp>

#include "net/address.hpp"
#include "net/call_now.hpp"
#include "net/failure.hpp"
#include "net/socket.hpp"
#include "net/system_call.hpp"
#include "net/transfer.hpp"

#include <stdexcept>
#include <string>

namespace heddle::io {

namespace {

using detail::socket_use;

void check_is_local(const endpoint& where, const char* operation) {
  if (where.kind() == endpoint::family::local) return;
  throw std::invalid_argument("heddle::io: " + std::string(operation) + " " + where.to_string() +
                              ": not a unix: endpoint");
}

endpoint unnamed_local() {
  detail::socket_address nameless;
  nameless.storage.ss_family = AF_UNIX;
  nameless.length = sizeof nameless.storage.ss_family;
  return detail::endpoint_access::from_system(nameless);
}

detail::socket_handle record_of(owned_fd fd, endpoint named) {
  return detail::socket_handle(new detail::socket(std::move(fd), std::move(named)));
}

std::pair<detail::socket_handle, detail::socket_handle> pair_of(int type) {
  detail::opened_pair made = detail::open_socket_pair(type);
  const endpoint unnamed = unnamed_local();
  if (made.error != 0) {
    throw io_error(detail::system_error_code(made.error), "make a pair at", unnamed);
  }
  detail::socket_handle first = record_of(std::move(made.first), unnamed);
  return {std::move(first), record_of(std::move(made.second), unnamed)};
}

}  // namespace

unix_stream::unix_stream(tcp_stream&& stream) {
  if (stream.is_open()) check_is_local(stream.peer_endpoint(), "unix_stream of");
  socket_ = detail::stream_access::take(std::move(stream));
}

unix_stream unix_stream::connect(const endpoint& peer, const connect_options& options) {
  check_is_local(peer, "unix_stream::connect to");
  return unix_stream(tcp_stream::connect(peer, options));
}

std::pair<unix_stream, unix_stream> unix_stream::make_pair() {
  auto both = pair_of(SOCK_STREAM);
  return {unix_stream(std::move(both.first)), unix_stream(std::move(both.second))};
}

std::size_t unix_stream::send_descriptors(std::span<const std::byte> from,
                                          std::span<const int> descriptors) {
  if (from.empty() || descriptors.size() > most_descriptors) {
    throw std::invalid_argument(
        "heddle::io: send_descriptors: " + std::to_string(descriptors.size()) +
        " descriptors with " + std::to_string(from.size()) +
        " bytes; there must be a byte to go with them, and at most 253 of them");
  }
  const socket_use use(socket_.get());
  std::error_code error;
  const std::size_t bytes = detail::send_with_descriptors(use, from, descriptors, error);
  detail::throw_if(error, "send descriptors to", use);
  return bytes;
}

unix_stream::with_descriptors unix_stream::receive_descriptors(std::span<std::byte> into,
                                                               std::size_t most) {
  const socket_use use(socket_.get());
  std::error_code error;
  with_descriptors found;
  found.bytes =
      detail::receive_with_descriptors(use, into, most, found.descriptors, found.lost_some, error);
  detail::throw_if(error, "receive descriptors from", use);
  return found;
}

peer_credentials unix_stream::credentials() const {
  const socket_use use(socket_.get());
  ucred found{};
  detail::call_or_throw(
      use, [&found](detail::socket& on) { return detail::peer_credentials(on.fd(), found); },
      "ask for the credentials of");
  return {found.pid, found.uid, found.gid};
}

unix_listener unix_listener::bind(const endpoint& local, const listen_options& options) {
  check_is_local(local, "unix_listener::bind to");
  return unix_listener(tcp_listener::bind(local, options));
}

unix_datagram unix_datagram::bind(const endpoint& local) {
  check_is_local(local, "unix_datagram::bind to");
  detail::opened made = detail::open_datagram_socket(AF_UNIX);
  const int failed =
      made.error != 0 ? made.error
                      : detail::bind_to(made.fd.get(), detail::endpoint_access::to_system(local));
  if (failed != 0) throw io_error(detail::system_error_code(failed), "bind to", local);
  return unix_datagram(record_of(std::move(made.fd), local));
}

unix_datagram unix_datagram::open() {
  detail::opened made = detail::open_datagram_socket(AF_UNIX);
  const endpoint unnamed = unnamed_local();
  if (made.error != 0) throw io_error(detail::system_error_code(made.error), "open", unnamed);
  return unix_datagram(record_of(std::move(made.fd), unnamed));
}

std::pair<unix_datagram, unix_datagram> unix_datagram::make_pair() {
  auto both = pair_of(SOCK_DGRAM);
  return {unix_datagram(std::move(both.first)), unix_datagram(std::move(both.second))};
}

}  // namespace heddle::io
