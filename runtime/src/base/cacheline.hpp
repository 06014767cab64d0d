// SPDX-License-Identifier: MIT
// The distance that keeps two threads' data from sharing a cache line.
// A constant, not std::hardware_destructive_interference_size, whose value depends on compiler
// flags and would change the layout of classes between translation units.
#pragma once

#include <cstddef>

namespace heddle::detail {

inline constexpr std::size_t cacheline_bytes = 64;

}  // namespace heddle::detail
