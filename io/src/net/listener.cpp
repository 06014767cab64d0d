// SPDX-License-Identifier: MIT
// tcp_listener: binding, and the calls that listening.hpp carries out.
#include <heddle/io/tcp.hpp>

#include "net/address.hpp"
#include "net/failure.hpp"
#include "net/listening.hpp"
#include "net/stream_settings.hpp"
#include "net/system_call.hpp"

#include <heddle/runtime/park.hpp>
#include <heddle/runtime/runtime.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include <netinet/in.h>

namespace heddle::io {

namespace {

detail::socket_handle accept_one(const detail::socket_use& use, std::error_code& error) {
  error.clear();
  if (!use) {
    error = detail::closed_before();
    return {};
  }
  cooperate();
  return static_cast<detail::listening&>(*use).accept(error);
}

void check(const listen_options& options) {
  detail::check(options.stream);
  if (options.backlog >= 0) return;
  throw std::invalid_argument("listen_options::backlog is " + std::to_string(options.backlog) +
                              "; it must not be negative");
}

/// Gives a fresh TCP socket its options. Returns 0 or an errno value.
int prepare(int fd, const endpoint& local, const listen_options& options) noexcept {
  if (local.kind() == endpoint::family::ipv6) {
    const int value = options.ipv6_only == toggle::on ? 1 : 0;
    if (const int error = detail::set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, value)) return error;
  }
  if (const int error = detail::set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1)) return error;
  if (options.reuse_port == toggle::on) {
    if (const int error = detail::set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1)) return error;
  }
  return detail::apply(fd, options.stream);
}

/// Returns 0 or an errno value; on success `bound` is where the socket listens.
int listen_at(int fd, const endpoint& local, const listen_options& options,
              detail::socket_address& bound) noexcept {
  const bool tcp = local.kind() != endpoint::family::local;
  if (const int error = tcp ? prepare(fd, local, options) : 0) return error;
  if (const int error = detail::bind_to(fd, detail::endpoint_access::to_system(local))) {
    return error;
  }
  if (const int error = detail::listen_on(fd, options.backlog)) return error;
  return detail::local_address(fd, bound);
}

}  // namespace

tcp_listener::tcp_listener(detail::socket_handle listening) noexcept
    : socket_(std::move(listening)) {}

tcp_listener tcp_listener::bind(const endpoint& local, const listen_options& options,
                                std::error_code& error) {
  error.clear();
  check(options);
  if (local.kind() == endpoint::family::none) {
    error = std::make_error_code(std::errc::address_not_available);
    return {};
  }
  const auto address = detail::endpoint_access::to_system(local);
  detail::opened made = detail::open_socket(address.storage.ss_family);
  detail::socket_address bound;
  const int failed = made.error != 0 ? made.error : listen_at(made.fd.get(), local, options, bound);
  if (failed != 0) {
    error = detail::system_error_code(failed);
    return {};
  }
  return tcp_listener(detail::socket_handle(new detail::listening(
      std::move(made.fd), detail::endpoint_access::from_system(bound), options.on_shortage)));
}

tcp_listener tcp_listener::bind(const endpoint& local, std::error_code& error) {
  return bind(local, listen_options{}, error);
}

tcp_listener tcp_listener::bind(const endpoint& local, const listen_options& options) {
  std::error_code error;
  tcp_listener bound = bind(local, options, error);
  if (error) throw io_error(error, "listen at", local);
  return bound;
}

tcp_stream detail::listener_access::stream(socket_handle accepted) noexcept {
  return tcp_stream(std::move(accepted));
}

std::vector<tcp_listener> tcp_listener::bind_each(const endpoint& local, std::size_t count,
                                                  const listen_options& options) {
  if (local.kind() == endpoint::family::local) {
    throw io_error(std::make_error_code(std::errc::operation_not_supported), "listen twice at",
                   local);
  }
  if (count == 0) count = runtime::current().settings().loops;
  listen_options shared = options;
  shared.reuse_port = toggle::on;
  std::vector<tcp_listener> all;
  all.reserve(count);
  all.push_back(bind(local, shared));
  while (all.size() < count) all.push_back(bind(all.front().local_endpoint(), shared));
  return all;
}

tcp_stream tcp_listener::accept(std::error_code& error) {
  return tcp_stream(accept_one(detail::socket_use(socket_.get()), error));
}

tcp_stream tcp_listener::accept() {
  const detail::socket_use use(socket_.get());
  std::error_code error;
  tcp_stream newcomer(accept_one(use, error));
  detail::throw_if(error, "accept at", use);
  return newcomer;
}

endpoint tcp_listener::local_endpoint() const {
  return socket_.get() == nullptr ? endpoint() : socket_.get()->name();
}

std::uint64_t tcp_listener::refused() const noexcept {
  return socket_.get() == nullptr ? 0 : static_cast<detail::listening*>(socket_.get())->refused();
}

void tcp_listener::close() noexcept {
  if (socket_.get() != nullptr) socket_.get()->close(detail::ending::graceful);
}

bool tcp_listener::is_open() const noexcept {
  return socket_.get() != nullptr && !socket_.get()->closed();
}

int tcp_listener::native_handle() const noexcept { return is_open() ? socket_.get()->fd() : -1; }

}  // namespace heddle::io
