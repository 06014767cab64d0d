// SPDX-License-Identifier: MIT
// Bytes that nobody can foresee.
#pragma once

#include <cstddef>
#include <span>

namespace heddle::http::detail {

/// Errors: std::system_error if the system has none. Suspends: no. Cost: one system call.
void fill_with_random(std::span<std::byte> into);

}  // namespace heddle::http::detail
