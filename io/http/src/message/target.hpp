// SPDX-License-Identifier: MIT
// What a request asks for: the path and the query of its target.
// Invariants: (1) a path begins with '/', but for the '*' of OPTIONS; (2) escapes are decoded once,
// and malformed ones refused; a path has no NUL. Source: RFC 9112, section 3.2; RFC 3986.
#pragma once

#include "message/head.hpp"
#include "message/refusal.hpp"

#include <string>
#include <string_view>

namespace heddle::http::detail {

/// The parts of a target, as they came.
struct target_parts {
  std::string_view authority;  // of "http://authority/path" only
  std::string_view path;
  std::string_view query;  // without the '?'
};

/// Returns why a target is refused, if so.
refusal split_target(const request_head& request, target_parts& into) noexcept;

enum class plus_sign : bool { itself, space };

/// Returns `text` with its escapes decoded. Shape: `storage` holds it if there were any.
/// Returns: false if an escape is malformed.
bool decode(std::string_view text, plus_sign plus, std::string& storage, std::string_view& decoded);

}  // namespace heddle::http::detail
