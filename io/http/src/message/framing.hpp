// SPDX-License-Identifier: MIT
// Where a message ends, and whether the connection goes on after it: what an attacker would have
// two servers in a row disagree about, so whatever can be read in two ways is refused.
// Invariants: (1) a request with a body has one Content-Length of digits, or one Transfer-Encoding
// that is `chunked`, never both, and nothing else; (2) a request of HTTP/1.1 has one Host.
// Source: RFC 9112, sections 6, 7 and 9, and its section 11.2 on request smuggling.
#pragma once

#include "message/head.hpp"
#include "message/refusal.hpp"

#include <cstdint>
#include <string_view>

namespace heddle::http::detail {

enum class body_kind : std::uint8_t { none, sized, chunked, until_close };
enum class after_message : std::uint8_t { close, keep };
enum class expectation : std::uint8_t { none, to_continue };

struct framing {
  body_kind kind = body_kind::none;
  std::uint64_t bytes = 0;  // of a sized body
  after_message then = after_message::keep;
  expectation expects = expectation::none;
};

/// Errors: std::invalid_argument if `name` is that of a field by which a message is framed: it is
/// not for handlers to set.
void check_not_framing(std::string_view name);

/// Returns why the request is refused, if so; else `into` says how it is framed.
refusal frame(const request_head& request, framing& into) noexcept;

/// As above, for the answer to a request that was made with `method`.
refusal frame(const response_head& response, std::string_view method, framing& into) noexcept;

}  // namespace heddle::http::detail
