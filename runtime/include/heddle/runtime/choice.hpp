// SPDX-License-Identifier: MIT
// A choice among equals: which of several ready cases, victims, waiters. In a simulation the seed
// makes it. Not here: random numbers of quality.
#pragma once

#include <cstdint>

namespace heddle {

/// Returns a number below `bound`, each about as likely. In a fiber of a simulation the simulation
/// chooses, and so can try them all. From any fiber or thread. Shape: bound >= 1. Suspends: no.
/// Cost: a few instructions on a loop, a read of the clock on a plain thread.
std::uint32_t choose_below(std::uint32_t bound) noexcept;

}  // namespace heddle
