// SPDX-License-Identifier: MIT
// Whether a plan, and a proxy's options, are within their ranges.
#pragma once

#include <heddle/testing/fault_proxy.hpp>

#include <cstddef>

namespace heddle::testing::detail {

/// Errors: std::invalid_argument naming the field.
void check(const proxy_plan& plan, std::size_t buffer_bytes);
void check(const fault_proxy_options& options);

}  // namespace heddle::testing::detail
