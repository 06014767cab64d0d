// SPDX-License-Identifier: MIT
// tcp_stream after it is connected (connect.cpp connects it).
#include <heddle/io/tcp.hpp>

#include "net/address.hpp"
#include "net/failure.hpp"
#include "net/socket.hpp"
#include "net/stream_settings.hpp"
#include "net/system_call.hpp"
#include "net/transfer.hpp"

#include <cerrno>
#include <utility>

namespace heddle::io {

namespace {

using detail::socket_use;

/// Makes one call that does not wait, and puts its errno value into `error`.
template <class Call>
void call_now(const socket_use& use, Call call, std::error_code& error) {
  error.clear();
  if (!use) {
    error = detail::closed_before();
  } else if (const int failed = call(*use); failed != 0) {
    error = use->closed() ? detail::closed_meanwhile() : detail::system_error_code(failed);
  }
}

/// As call_now, but throws.
template <class Call>
void call_or_throw(const socket_use& use, Call call, std::string_view operation) {
  std::error_code error;
  call_now(use, call, error);
  detail::throw_if(error, operation, use);
}

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

auto put_no_delay(toggle value) {
  return [value](detail::socket& on) {
    return on.is_tcp() ? detail::apply_no_delay(on.fd(), value) : EOPNOTSUPP;
  };
}

auto put_give_up_after(std::chrono::seconds silence) {
  detail::check_give_up_after(silence);
  return [silence](detail::socket& on) {
    return on.is_tcp() ? detail::apply_give_up_after(on.fd(), silence) : EOPNOTSUPP;
  };
}

}  // namespace

tcp_stream::tcp_stream(detail::socket_handle connected) noexcept : socket_(std::move(connected)) {}

std::size_t tcp_stream::read_some(std::span<std::byte> into, std::error_code& error) {
  return detail::read_some(socket_use(socket_.get()), into, error);
}

std::size_t tcp_stream::read_some(std::span<std::byte> into) {
  const socket_use use(socket_.get());
  std::error_code error;
  const std::size_t bytes = detail::read_some(use, into, error);
  detail::throw_if(error, "read from", use);
  return bytes;
}

std::size_t tcp_stream::write_some(std::span<const std::byte> from, std::error_code& error) {
  return detail::write_some(socket_use(socket_.get()), from, error);
}

std::size_t tcp_stream::write_some(std::span<const std::byte> from) {
  const socket_use use(socket_.get());
  std::error_code error;
  const std::size_t bytes = detail::write_some(use, from, error);
  detail::throw_if(error, "write to", use);
  return bytes;
}

std::size_t tcp_stream::read_exactly(std::span<std::byte> into, std::error_code& error) {
  return io::read_exactly(socket_use(socket_.get()), into, error);
}

void tcp_stream::read_exactly(std::span<std::byte> into) {
  const socket_use use(socket_.get());
  std::error_code error;
  io::read_exactly(use, into, error);
  detail::throw_if(error, "read from", use);
}

std::size_t tcp_stream::write_all(std::span<const std::byte> from, std::error_code& error) {
  return io::write_all(socket_use(socket_.get()), from, error);
}

void tcp_stream::write_all(std::span<const std::byte> from) {
  const socket_use use(socket_.get());
  std::error_code error;
  io::write_all(use, from, error);
  detail::throw_if(error, "write to", use);
}

void tcp_stream::shutdown_write(std::error_code& error) {
  call_now(socket_use(socket_.get()), end_writing, error);
}

void tcp_stream::shutdown_write() {
  call_or_throw(socket_use(socket_.get()), end_writing, "shut down writing to");
}

void tcp_stream::close() noexcept {
  if (socket_.get() != nullptr) socket_.get()->close(detail::ending::graceful);
}

void tcp_stream::abort() noexcept {
  if (socket_.get() != nullptr) socket_.get()->close(detail::ending::reset);
}

bool tcp_stream::is_open() const noexcept {
  return socket_.get() != nullptr && !socket_.get()->closed();
}

endpoint tcp_stream::peer_endpoint() const {
  return socket_.get() == nullptr ? endpoint() : socket_.get()->name();
}

endpoint tcp_stream::local_endpoint(std::error_code& error) const {
  detail::socket_address found;
  call_now(socket_use(socket_.get()), find_local(found), error);
  return error ? endpoint() : detail::endpoint_access::from_system(found);
}

endpoint tcp_stream::local_endpoint() const {
  detail::socket_address found;
  call_or_throw(socket_use(socket_.get()), find_local(found),
                "find the local endpoint of the stream to");
  return detail::endpoint_access::from_system(found);
}

void tcp_stream::set_no_delay(toggle value, std::error_code& error) {
  call_now(socket_use(socket_.get()), put_no_delay(value), error);
}

void tcp_stream::set_no_delay(toggle value) {
  call_or_throw(socket_use(socket_.get()), put_no_delay(value), "set no_delay of the stream to");
}

void tcp_stream::set_give_up_after(std::chrono::seconds silence, std::error_code& error) {
  call_now(socket_use(socket_.get()), put_give_up_after(silence), error);
}

void tcp_stream::set_give_up_after(std::chrono::seconds silence) {
  call_or_throw(socket_use(socket_.get()), put_give_up_after(silence),
                "set give_up_after of the stream to");
}

int tcp_stream::native_handle() const noexcept { return is_open() ? socket_.get()->fd() : -1; }

}  // namespace heddle::io
