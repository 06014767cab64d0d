// SPDX-License-Identifier: MIT
// The head of an answer as a client reads it, and the asking for what is no resource: a tunnel, a
// WebSocket.
#pragma once

#include "client/dialing.hpp"
#include "connection/inbound.hpp"
#include "message/head.hpp"
#include "message/head_scanner.hpp"
#include "message/refusal.hpp"

#include <heddle/http/client_config.hpp>

#include <string>
#include <string_view>

namespace heddle::http::detail {

/// Returns the limits of a head.
head_limits limits_of(const client_config& config) noexcept;

/// Returns why a head was refused; the scanner speaks of requests.
std::string_view words_of(const refusal& refused) noexcept;

/// Returns what a proxy said that lets nothing through, in words.
std::string refusal_of(const proxy& by, const response_head& answer);

/// Sends `request` over `over`, and reads the head of the answer, past those of 1xx but 101, into
/// `text`, of which the result has views. What came behind it is held by `in`, which reads from
/// `over`. Errors: dial_failure with the phases send and header. Suspends: yes; not cancel-safe:
/// the connection is then of no use.
response_head ask_for_head(transport& over, inbound& in, const std::string& request,
                           const client_config& config, std::string& text);

}  // namespace heddle::http::detail
