// SPDX-License-Identifier: MIT
// How a server, or a client, that has done the handshake makes a WebSocket of its stream.
#pragma once

#include <heddle/http/websocket.hpp>

#include "websocket/conversation.hpp"

#include <memory>
#include <utility>

namespace heddle::http::detail {

struct websocket_access {
  static websocket over(std::unique_ptr<transport> stream, const websocket_start& start) {
    return websocket(std::make_unique<conversation>(std::move(stream), start));
  }
  /// `stream` outlives it; it is closed with it.
  static websocket over(transport& stream, const websocket_start& start) {
    return websocket(std::make_unique<conversation>(stream, start));
  }
};

}  // namespace heddle::http::detail
