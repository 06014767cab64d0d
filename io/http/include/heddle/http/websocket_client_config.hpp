// SPDX-License-Identifier: MIT
// How a client opens a WebSocket: websocket::connect().
#pragma once

#include <heddle/http/client_config.hpp>
#include <heddle/http/fields.hpp>
#include <heddle/http/websocket_config.hpp>

#include <chrono>

namespace heddle::http {

struct websocket_client_config {
  /// Limits, compression, and the subprotocols that are offered, the preferred one first.
  websocket_config websocket = {};

  /// How the connection is made, and what the server may answer: connect_timeout, names, tls,
  /// proxy, user_agent, write_timeout, header_timeout, and the limits of a head. What it says of
  /// pools, bodies and redirects has no meaning here. With `tls` given, what the system trusts need
  /// not be read for each connection.
  client_config connection = {};

  /// What is sent besides, such as Origin or Authorization. Shape: nothing of the handshake's own
  /// (Host, Connection, Upgrade, Sec-WebSocket-...), and nothing that frames a body.
  fields header = {};

  /// How long all of it may take, from the lookup of the name to the answer.
  std::chrono::nanoseconds timeout = std::chrono::seconds{30};
};

}  // namespace heddle::http
