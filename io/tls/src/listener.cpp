// SPDX-License-Identifier: MIT
// What serve() does with one connection, and accepting.
#include <heddle/tls/listener.hpp>

#include "context.hpp"

#include <heddle/runtime/cancel.hpp>

#include <array>
#include <utility>

namespace heddle::tls {

namespace detail {

namespace {

void report(const stream& failed, const std::error_code& error, const server_config& config) {
  config_access::of(config).count_failure();
  const auto context = config_access::of(config).now();
  const auto& tell = context->options().on_handshake_failure;
  if (!tell) return;
  std::string reason = failed.failure();
  tell({failed.peer_endpoint(), error, reason.empty() ? error.message() : std::move(reason)});
}

/// Says the end, and waits until the peer has taken it: closing with bytes unread would have the
/// kernel reset the connection, and the peer lose the last of what it was sent.
void say_goodbye(stream& to, std::chrono::nanoseconds limit) {
  if (limit <= limit.zero()) return;
  move_on_after(limit, [&to] {
    std::error_code error;
    to.shutdown_write(error);
    std::array<std::byte, 1024> unread;
    while (!error && to.read_some(unread, error) > 0) {
    }
  });
}

}  // namespace

io::tcp_listener& listener_under(listener& from) noexcept { return from.over_; }

void serve_one(io::tcp_stream newcomer, const server_config& config, handler_ref handler) {
  stream one = stream::server(std::move(newcomer), config);
  std::error_code error;
  one.handshake(error);
  if (error) return report(one, error, config);
  const auto limit = config_access::of(config).now()->options().goodbye_timeout;
  handler.call(handler.object, one);
  if (one.is_open()) say_goodbye(one, limit);
}

}  // namespace detail

stream listener::accept() { return stream::server(over_.accept(), config_); }

stream listener::accept(std::error_code& error) {
  io::tcp_stream newcomer = over_.accept(error);
  return error ? stream() : stream::server(std::move(newcomer), config_);
}

}  // namespace heddle::tls
