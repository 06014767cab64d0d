// SPDX-License-Identifier: MIT
// How a request of HTTP becomes a WebSocket: what a server answers, what a client asks and checks.
// No I/O. Invariants: (1) a server says 101 only to a request that is all that RFC 6455 asks for,
// and whose origin may connect; (2) a client takes only an answer to its own request. Source: RFC
// 6455, sections 4.1 and 4.2.
#pragma once

#include <heddle/http/fields.hpp>
#include <heddle/http/websocket_config.hpp>

#include "message/head.hpp"
#include "websocket/deflate.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace heddle::http::detail {

/// What both sides have agreed on.
struct agreed_websocket {
  std::string subprotocol = {};  ///< empty: none
  std::optional<agreed_compression> compression = {};
};

/// What a server answers: 101, or why not.
struct upgrade_answer {
  int status = 101;          ///< or 400, 403, 405, 426
  http::fields fields = {};  ///< of the answer, besides those that every answer has
  std::string why = {};      ///< of a refusal, for people
  agreed_websocket agreed = {};
};

/// Reads a request that came where WebSockets are served. Shape: `config` has been checked.
upgrade_answer answer_upgrade(const request_head& request, const websocket_config& config);

/// What a client asks with, besides Host and the line of the request (GET).
struct upgrade_request {
  http::fields fields;
  std::string key;
  std::string where = {};  ///< the URL, for errors
};

/// Makes a request, with a key that nobody can foresee. Shape: `config` has been checked.
upgrade_request ask_for_upgrade(const websocket_config& config);

/// Reads the answer to `asked`. Errors: websocket_error (bad_handshake) that says what is wrong.
agreed_websocket check_upgrade(const response_head& answer, const upgrade_request& asked,
                               const websocket_config& config);

/// Returns what a server answers to a key. Source: RFC 6455, section 4.2.2.
std::string accept_key(std::string_view key);

}  // namespace heddle::http::detail
