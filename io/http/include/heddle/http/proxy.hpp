// SPDX-License-Identifier: MIT
// By whom requests are made that do not go to their server directly.
#pragma once

#include <heddle/io/toggle.hpp>

#include <string>

namespace heddle::http {

/// A proxy is "http://user:password@host:port": percent-encoded, the user and "http://" may be
/// missing, the port is 80 if none is given. Proxies that are spoken to over TLS or SOCKS are not
/// offered. Default: none at all.
struct proxy_config {
  /// For URLs of http, whose requests it is given whole, and for WebSockets of ws, for which it is
  /// asked for a tunnel. Empty: none.
  std::string http = {};
  /// For URLs of https and wss: it is asked for a tunnel (CONNECT), and cannot read what goes
  /// through. Empty: none.
  std::string https = {};

  /// Which hosts are asked directly: a list that commas or spaces separate of names, which mean
  /// what lies below them too (a dot before them changes nothing), addresses, networks
  /// ("10.0.0.0/8"), each with a port or without; "*": all.
  std::string bypass = {};

  /// Whether localhost and the addresses of loopback are asked through proxies, too: nobody else
  /// can reach them.
  io::toggle for_loopback = io::toggle::on;

  /// Returns what http_proxy, https_proxy, all_proxy and no_proxy say, or those in capitals where
  /// they are missing; not for loopback. Where REQUEST_METHOD is set (CGI) HTTP_PROXY is not read,
  /// for there a client has written it. Suspends: no.
  static proxy_config from_environment();
};

}  // namespace heddle::http
