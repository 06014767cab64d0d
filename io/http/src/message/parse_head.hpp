// SPDX-License-Identifier: MIT
// Reads the head of a message, as the scanner has found it, into views of it.
// Source: RFC 9112, sections 3, 4 and 5; the grammar is checked by Boost.Beast's basic_parser.
#pragma once

#include "message/head.hpp"
#include "message/refusal.hpp"

#include <string_view>

namespace heddle::http::detail {

/// Shape: `text` is a head that head_scanner has found. Returns: why it is refused, if so; then
/// `into` holds what was read before. Errors: std::bad_alloc.
refusal parse_head(std::string_view text, request_head& into);
refusal parse_head(std::string_view text, response_head& into);

}  // namespace heddle::http::detail
