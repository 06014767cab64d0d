// SPDX-License-Identifier: MIT
// What a close frame holds. Source: RFC 6455, sections 5.5.1 and 7.4.
#pragma once

#include <heddle/http/websocket_error.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace heddle::http::detail {

struct closing {
  close_code code = close_code::none;
  std::string reason = {};
};

/// Bytes of a reason, at most: what the code leaves of a control frame.
constexpr std::size_t most_reason_bytes = 123;

/// Returns whether `code` may be in a close frame.
bool may_be_sent(close_code code) noexcept;

/// Reads what a close frame held. Errors: sets `error`.
closing read_closing(std::span<const std::byte> payload, std::error_code& error);

/// Returns the payload. Shape: may_be_sent(code), or none, which has no payload.
std::string build_closing(close_code code, std::string_view reason);

}  // namespace heddle::http::detail
