// SPDX-License-Identifier: MIT
// Connecting by name: the lookup and the attempts, under one deadline. An address, which nobody
// need look up, is connected to as an endpoint, and named so in errors.
#include <heddle/io/resolver.hpp>
#include <heddle/io/tcp.hpp>

#include "dns/host_name.hpp"
#include "net/connect_first.hpp"

#include <heddle/runtime/clock.hpp>

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace heddle::io {

namespace {

using namespace std::chrono_literals;

void check(const connect_options& options) {
  if (options.next_address_after >= 10ms && options.next_address_after <= 1h) return;
  throw std::invalid_argument("connect_options::next_address_after is " +
                              std::to_string(options.next_address_after.count()) +
                              " ns; give 10 ms..1 h");
}

resolver_options remembering_nothing() {
  resolver_options options;
  options.cache_entries = 0;
  return options;
}

/// What came of it; `how` is about the attempts, and empty if there were none.
struct outcome {
  tcp_stream stream = {};
  std::error_code error = {};
  std::string how = {};
};

outcome connect_by_name(std::string_view host, int port, const connect_options& options) {
  const deadline limit = deadline::after(options.timeout);
  outcome result;
  std::optional<resolver> own;
  resolver& names = options.names != nullptr ? *options.names : own.emplace(remembering_nothing());
  const auto addresses = detail::in_turns(names.resolve_until(limit, host, port, result.error));
  if (result.error) return result;
  const detail::connect_step step = [&options](const endpoint& peer, deadline until,
                                               std::error_code& error) {
    connect_options one = options;
    // Its own limit, too, is counted from now, so that a deadline is never made later.
    if (!until.is_never()) one.timeout = until.when() - clock::now();
    return tcp_stream::connect(peer, one, error);
  };
  auto tried = detail::connect_first(addresses, step, {limit, options.next_address_after});
  result.stream = std::move(tried.winner);
  if (result.stream.is_open()) return result;
  result.error = tried.telling();
  result.how = detail::describe(addresses, tried.errors);
  return result;
}

}  // namespace

tcp_stream tcp_stream::connect_to_host(std::string_view host, int port,
                                       const connect_options& options, std::error_code& error) {
  check(options);
  if (detail::is_numeric(host)) return connect(endpoint(host, port), options, error);
  outcome result = connect_by_name(host, port, options);
  error = result.error;
  return std::move(result.stream);
}

tcp_stream tcp_stream::connect_to_host(std::string_view host, int port,
                                       const connect_options& options) {
  check(options);
  if (detail::is_numeric(host)) return connect(endpoint(host, port), options);
  outcome result = connect_by_name(host, port, options);
  if (!result.error) return std::move(result.stream);
  std::string name = detail::for_message(host) + " port " + std::to_string(port);
  if (!result.how.empty()) name += " (" + result.how + ")";
  throw io_error(result.error, "connect to", no_endpoint{name});
}

}  // namespace heddle::io
