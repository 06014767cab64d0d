// SPDX-License-Identifier: MIT
// gzip, for answers that get smaller by it and clients that take it. Source: RFC 9110, sections
// 8.4, 12.5.3.
#pragma once

#include "message/head.hpp"

#include <heddle/http/response.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace heddle::http::detail {

/// Returns whether an Accept-Encoding field lets gzip be used.
bool takes_gzip(std::string_view accepted) noexcept;

/// Returns `text` in gzip's format. Errors: std::bad_alloc. Cost: some 20 ms of computing a MiB.
std::string gzipped(std::string_view text);

/// Compresses the body of `made` if it has at least `least` bytes of text, nothing has encoded it
/// yet, and the client takes that. Large ones are a job of the CPU pool. Suspends: for those.
void compress(const head& asked, response& made, std::size_t least);

}  // namespace heddle::http::detail
