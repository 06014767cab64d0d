// SPDX-License-Identifier: MIT
// Makes connections to the origins of URLs: names, addresses, TLS, within one deadline. The client
// and WebSockets have one each.
// Invariants: (1) what it returns has done its handshake, and its server was verified as the config
// says; (2) files of certificates are read once.
#pragma once

#include "client/proxies.hpp"
#include "connection/transport.hpp"

#include <heddle/http/client_config.hpp>
#include <heddle/http/client_error.hpp>
#include <heddle/http/url.hpp>
#include <heddle/io/tcp.hpp>
#include <heddle/runtime/deadline.hpp>
#include <heddle/sync/mutex.hpp>
#include <heddle/tls/stream.hpp>

#include <memory>
#include <optional>
#include <string>
#include <system_error>

namespace heddle::http::detail {

/// Thrown where no connection comes of it. Its catchers know for which request it was.
struct dial_failure {
  client_phase phase = client_phase::connect;
  std::error_code code = {};
  std::string why = {};  ///< more than the code says; may be empty
};

class dialer {
 public:
  /// `config` outlives it.
  explicit dialer(const client_config& config) : config_(config), proxies_(config) {}

  /// Returns the proxy by which `where` is reached; null: there is none. Errors: dial_failure if it
  /// cannot be used.
  const proxy* proxy_for(const url& where) const;

  /// What a connection is for: requests, which a proxy may be given whole, or what it does not
  /// speak.
  enum class purpose : bool { requests, tunnel };

  /// Connects to the origin of `where` by `by`, if it is not null. Errors: dial_failure. Suspends:
  /// yes, cancel-safe: nothing is left behind.
  std::unique_ptr<transport> dial(const url& where, const proxy* by, purpose wanted);

 private:
  io::tcp_stream connect(const std::string& host, std::uint16_t port);
  io::tcp_stream connect_to(const proxy& by);
  void ask_for_tunnel(io::tcp_stream& over, const url& where, const proxy& by, deadline limit);
  tls::stream encrypt(io::tcp_stream over, const std::string& host, deadline limit);
  tls::client_config trusted();

  const client_config& config_;
  const proxy_rules proxies_;
  sync::mutex reading_;
  std::optional<tls::client_config> tls_;  // once it was needed
};

}  // namespace heddle::http::detail
