// SPDX-License-Identifier: MIT
// Agreeing on permessage-deflate. Invariant: what is agreed on keeps within this side's settings,
// and an offer or an answer with something unknown, double or out of range in it is not taken.
// Source: RFC 7692, section 7.1; RFC 6455, section 9.1.
#pragma once

#include <heddle/http/websocket_config.hpp>

#include "websocket/deflate.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace heddle::http::detail {

/// What a server answers, and what holds from then on.
struct extension_answer {
  std::string field;
  agreed_compression agreed;
};

/// Chooses the first of the offers that this server can accept; nullopt: none. `values` are those
/// of all fields Sec-WebSocket-Extensions, in order.
std::optional<extension_answer> answer_offers(std::span<const std::string_view> values,
                                              const websocket_compression& own);

/// Returns what a client offers; empty: nothing.
std::string make_offer(const websocket_compression& own);

/// Reads the answer to make_offer(). Returns: nullopt: messages are not compressed. Errors:
/// websocket_error (bad_handshake) if the server has answered something else than was offered.
std::optional<agreed_compression> read_answer(std::span<const std::string_view> values,
                                              const websocket_compression& own);

}  // namespace heddle::http::detail
