// SPDX-License-Identifier: MIT
// The calls that can be refused: who counts them, and which one fails. Invariant: a request is
// refused once, when `left` of its kind comes down to zero.
#pragma once

#include <heddle/testing/fault.hpp>

#include <cstdint>

namespace heddle::testing::detail {

/// Refuses the request for `what` after `left` others from now.
void refuse_after(resource what, std::uint64_t left) noexcept;
/// Stops refusing. Returns whether a request was refused since.
bool stop_refusing() noexcept;
/// Returns how many requests for `what` have come by, ever.
std::uint64_t requests(resource what) noexcept;
/// Returns how many blocks of operator new live.
std::int64_t live_blocks() noexcept;

}  // namespace heddle::testing::detail
