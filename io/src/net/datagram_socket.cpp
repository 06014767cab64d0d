// SPDX-License-Identifier: MIT
// Sending and receiving whole messages.
#include <heddle/io/datagram_socket.hpp>

#include "net/address.hpp"
#include "net/call_now.hpp"
#include "net/failure.hpp"
#include "net/socket.hpp"
#include "net/system_call.hpp"
#include "net/transfer.hpp"

#include <cerrno>

namespace heddle::io {

namespace {

using detail::socket_use;

received receive(const socket_use& use, std::span<std::byte> into, std::error_code& error) {
  detail::socket_address from;
  bool cut = false;
  const std::size_t bytes = detail::receive_message(use, into, from, cut, error);
  if (error) return {};
  return {bytes, detail::endpoint_access::from_system(from), cut};
}

void send_to(const socket_use& use, std::span<const std::byte> message, const endpoint& to,
             std::error_code& error) {
  if (to.kind() == endpoint::family::none) {
    error = std::make_error_code(std::errc::destination_address_required);
    return;
  }
  const detail::socket_address address = detail::endpoint_access::to_system(to);
  detail::send_message(use, message, &address, error);
}

auto connect_to(const endpoint& peer) {
  return [&peer](detail::socket& on) {
    if (peer.kind() == endpoint::family::none) return EDESTADDRREQ;
    return detail::connect_to(on.fd(), detail::endpoint_access::to_system(peer));
  };
}

}  // namespace

received datagram_socket::receive(std::span<std::byte> into, std::error_code& error) {
  return io::receive(socket_use(socket_.get()), into, error);
}

received datagram_socket::receive(std::span<std::byte> into) {
  const socket_use use(socket_.get());
  std::error_code error;
  received message = io::receive(use, into, error);
  detail::throw_if(error, "receive at", use);
  return message;
}

void datagram_socket::send(std::span<const std::byte> message, std::error_code& error) {
  detail::send_message(socket_use(socket_.get()), message, nullptr, error);
}

void datagram_socket::send(std::span<const std::byte> message) {
  const socket_use use(socket_.get());
  std::error_code error;
  detail::send_message(use, message, nullptr, error);
  detail::throw_if(error, "send from", use);
}

void datagram_socket::send_to(std::span<const std::byte> message, const endpoint& to,
                              std::error_code& error) {
  io::send_to(socket_use(socket_.get()), message, to, error);
}

void datagram_socket::send_to(std::span<const std::byte> message, const endpoint& to) {
  std::error_code error;
  send_to(message, to, error);
  if (error) throw io_error(error, "send to", to);
}

void datagram_socket::connect(const endpoint& peer, std::error_code& error) {
  detail::call_now(socket_use(socket_.get()), connect_to(peer), error);
}

void datagram_socket::connect(const endpoint& peer) {
  std::error_code error;
  connect(peer, error);
  if (error) throw io_error(error, "connect to", peer);
}

void datagram_socket::close() noexcept {
  if (socket_.get() != nullptr) socket_.get()->close(detail::ending::graceful);
}

bool datagram_socket::is_open() const noexcept {
  return socket_.get() != nullptr && !socket_.get()->closed();
}

endpoint datagram_socket::local_endpoint() const {
  return socket_.get() == nullptr ? endpoint() : socket_.get()->name();
}

int datagram_socket::native_handle() const noexcept { return is_open() ? socket_.get()->fd() : -1; }

}  // namespace heddle::io
