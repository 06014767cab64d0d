// SPDX-License-Identifier: MIT
// Reads the head of a message into views of it: as the scanner has found it, or, if all of it has
// come at once and nothing is wrong with it, without that.
// Source: RFC 9112, sections 3, 4 and 5; the grammar is checked by Boost.Beast's basic_parser.
#pragma once

#include "message/head.hpp"
#include "message/head_scanner.hpp"
#include "message/refusal.hpp"

#include <cstddef>
#include <string_view>

namespace heddle::http::detail {

/// Shape: `text` is a head that head_scanner has found. Returns: why it is refused, if so; then
/// `into` holds what was read before. Errors: std::bad_alloc.
refusal parse_head(std::string_view text, request_head& into);
refusal parse_head(std::string_view text, response_head& into);

/// Reads the head that `text` begins with, if all of it is there and the scanner and parse_head()
/// would take it: what they say then is the same. Returns: how many bytes it has; 0: they have to
/// look. Errors: std::bad_alloc.
std::size_t parse_whole_head(std::string_view text, const head_limits& limits, request_head& into);

}  // namespace heddle::http::detail
