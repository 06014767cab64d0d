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
    return over(std::make_shared<conversation>(std::move(stream), start));
  }
  /// Whoever shares `begun` may end it: what is left of the websocket then fails.
  static websocket over(std::shared_ptr<conversation> begun) { return websocket(std::move(begun)); }
};

}  // namespace heddle::http::detail
