// SPDX-License-Identifier: MIT
// network: checks, and hands over to the wire.
#include <heddle/testing/network.hpp>

#include <heddle/runtime/socket_calls.hpp>

#include "network/wire.hpp"

#include <stdexcept>
#include <utility>

namespace heddle::testing {

namespace detail {

context_var<std::string>& host_variable() noexcept {
  static context_var<std::string> host("main");
  return host;
}

}  // namespace detail

namespace {

void check(const link_options& options) {
  const auto require = [](bool holds, const char* what) {
    if (!holds) throw std::invalid_argument(std::string("heddle::testing::link_options::") + what);
  };
  constexpr std::size_t most = std::size_t{1} << 30;
  constexpr std::chrono::hours longest{24};
  require(options.latency.count() >= 0 && options.latency <= longest, "latency: range 0..24 h");
  require(options.jitter.count() >= 0 && options.jitter <= longest, "jitter: range 0..24 h");
  require(options.window >= 1 && options.window <= most, "window: range 1..2^30");
  require(options.segment >= 1 && options.segment <= most, "segment: range 1..2^30");
}

}  // namespace

network network::current() {
  auto* const here = dynamic_cast<detail::wire*>(simulated_sockets());
  if (here == nullptr) {
    throw std::logic_error("heddle::testing::network::current: not in a fiber of a simulation");
  }
  return network(*here);
}

std::string network::address(std::string_view host) {
  const std::uint32_t ip = wire_->address_of(host);
  return std::to_string(ip >> 24) + "." + std::to_string(ip >> 16 & 255) + "." +
         std::to_string(ip >> 8 & 255) + "." + std::to_string(ip & 255);
}

std::pair<io::tcp_stream, io::tcp_stream> network::connected_pair(std::string_view one,
                                                                  std::string_view other) {
  if (simulated_sockets() != wire_) {
    throw std::logic_error(
        "heddle::testing::network::connected_pair: not in a fiber of its simulation");
  }
  io::tcp_listener listener =
      on(other, [&] { return io::tcp_listener::bind(io::endpoint(address(other) + ":0")); });
  io::tcp_stream near = on(one, [&] { return io::tcp_stream::connect(listener.local_endpoint()); });
  return {std::move(near), listener.accept()};
}

void network::set_links(const link_options& options) {
  check(options);
  wire_->set_links(options);
}

void network::set_link(std::string_view one, std::string_view other, const link_options& options) {
  check(options);
  wire_->set_link(one, other, options);
}

void network::part(std::string_view one, std::string_view other) { wire_->part(one, other, true); }
void network::heal(std::string_view one, std::string_view other) { wire_->part(one, other, false); }

void network::reset_connections(std::string_view one, std::string_view other) {
  wire_->reset_connections(one, other);
}

void network::crash(std::string_view host) { wire_->crash(host); }
void network::restart(std::string_view host) { wire_->restart(host); }
network_stats network::stats() const noexcept { return wire_->stats(); }

}  // namespace heddle::testing
