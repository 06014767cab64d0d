// SPDX-License-Identifier: MIT
// What all connected streams do (connect.cpp connects them).
#include <heddle/io/stream_socket.hpp>

#include "net/address.hpp"
#include "net/call_now.hpp"
#include "net/failure.hpp"
#include "net/socket.hpp"
#include "net/system_call.hpp"
#include "net/transfer.hpp"

namespace heddle::io {

namespace {

using detail::socket_use;

std::size_t read_exactly(const socket_use& use, std::span<std::byte> into, std::error_code& error) {
  error.clear();
  std::size_t bytes = 0;
  while (bytes < into.size() && !error) {
    const std::size_t more = detail::read_some(use, into.subspan(bytes), error);
    if (more == 0 && !error) error = io_errc::unexpected_end;
    bytes += more;
  }
  return bytes;
}

std::size_t write_all(const socket_use& use, std::span<const std::byte> from,
                      std::error_code& error) {
  error.clear();
  std::size_t bytes = 0;
  while (bytes < from.size() && !error) {
    bytes += detail::write_some(use, from.subspan(bytes), error);
  }
  return bytes;
}

int end_writing(detail::socket& on) { return detail::shut_down_writing(on.fd()); }

auto find_local(detail::socket_address& found) {
  return [&found](detail::socket& on) { return detail::local_address(on.fd(), found); };
}

}  // namespace

std::size_t stream_socket::read_some(std::span<std::byte> into, std::error_code& error) {
  return detail::read_some(socket_use(socket_.get()), into, error);
}

std::size_t stream_socket::read_some(std::span<std::byte> into) {
  const socket_use use(socket_.get());
  std::error_code error;
  const std::size_t bytes = detail::read_some(use, into, error);
  detail::throw_if(error, "read from", use);
  return bytes;
}

std::size_t stream_socket::try_read_some(std::span<std::byte> into, std::error_code& error) {
  return detail::try_read_some(socket_use(socket_.get()), into, error);
}

void stream_socket::wait_readable(std::error_code& error) {
  detail::wait_readable(socket_use(socket_.get()), error);
}

void stream_socket::wait_readable() {
  const socket_use use(socket_.get());
  std::error_code error;
  detail::wait_readable(use, error);
  detail::throw_if(error, "wait for bytes from", use);
}

bool stream_socket::is_readable() const noexcept {
  return detail::is_readable(socket_use(socket_.get()));
}

std::size_t stream_socket::write_some(std::span<const std::byte> from, std::error_code& error) {
  return detail::write_some(socket_use(socket_.get()), from, error);
}

std::size_t stream_socket::try_write_some(std::span<const std::byte> from, std::error_code& error) {
  return detail::try_write_some(socket_use(socket_.get()), from, error);
}

std::size_t stream_socket::write_some(std::span<const std::byte> from) {
  const socket_use use(socket_.get());
  std::error_code error;
  const std::size_t bytes = detail::write_some(use, from, error);
  detail::throw_if(error, "write to", use);
  return bytes;
}

std::size_t stream_socket::read_exactly(std::span<std::byte> into, std::error_code& error) {
  return io::read_exactly(socket_use(socket_.get()), into, error);
}

void stream_socket::read_exactly(std::span<std::byte> into) {
  const socket_use use(socket_.get());
  std::error_code error;
  io::read_exactly(use, into, error);
  detail::throw_if(error, "read from", use);
}

std::size_t stream_socket::write_all(std::span<const std::byte> from, std::error_code& error) {
  return io::write_all(socket_use(socket_.get()), from, error);
}

void stream_socket::write_all(std::span<const std::byte> from) {
  const socket_use use(socket_.get());
  std::error_code error;
  io::write_all(use, from, error);
  detail::throw_if(error, "write to", use);
}

void stream_socket::shutdown_write(std::error_code& error) {
  detail::call_now(socket_use(socket_.get()), end_writing, error);
}

void stream_socket::shutdown_write() {
  detail::call_or_throw(socket_use(socket_.get()), end_writing, "shut down writing to");
}

void stream_socket::close() noexcept {
  if (socket_.get() != nullptr) socket_.get()->close(detail::ending::graceful);
}

void stream_socket::abort() noexcept {
  if (socket_.get() != nullptr) socket_.get()->close(detail::ending::reset);
}

bool stream_socket::is_open() const noexcept {
  return socket_.get() != nullptr && !socket_.get()->closed();
}

endpoint stream_socket::peer_endpoint() const {
  return socket_.get() == nullptr ? endpoint() : socket_.get()->name();
}

endpoint stream_socket::local_endpoint(std::error_code& error) const {
  detail::socket_address found;
  detail::call_now(socket_use(socket_.get()), find_local(found), error);
  return error ? endpoint() : detail::endpoint_access::from_system(found);
}

endpoint stream_socket::local_endpoint() const {
  detail::socket_address found;
  detail::call_or_throw(socket_use(socket_.get()), find_local(found),
                        "find the local endpoint of the stream to");
  return detail::endpoint_access::from_system(found);
}

int stream_socket::native_handle() const noexcept { return is_open() ? socket_.get()->fd() : -1; }

}  // namespace heddle::io
