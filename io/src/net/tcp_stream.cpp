// SPDX-License-Identifier: MIT
// What only TCP has: its options.
#include <heddle/io/tcp.hpp>

#include "net/call_now.hpp"
#include "net/socket.hpp"
#include "net/stream_settings.hpp"

#include <cerrno>

namespace heddle::io {

namespace {

using detail::socket_use;

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

void tcp_stream::set_no_delay(toggle value, std::error_code& error) {
  detail::call_now(socket_use(socket_.get()), put_no_delay(value), error);
}

void tcp_stream::set_no_delay(toggle value) {
  detail::call_or_throw(socket_use(socket_.get()), put_no_delay(value),
                        "set no_delay of the stream to");
}

void tcp_stream::set_give_up_after(std::chrono::seconds silence, std::error_code& error) {
  detail::call_now(socket_use(socket_.get()), put_give_up_after(silence), error);
}

void tcp_stream::set_give_up_after(std::chrono::seconds silence) {
  detail::call_or_throw(socket_use(socket_.get()), put_give_up_after(silence),
                        "set give_up_after of the stream to");
}

}  // namespace heddle::io
