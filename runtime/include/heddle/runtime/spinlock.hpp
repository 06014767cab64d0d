// SPDX-License-Identifier: MIT
// The lock of primitives that keep a list of their own of waiters (park.hpp), and need no
// wait_queue. Invariants and source: detail/spinlock.hpp. Not here: a lock that may be held while
// its holder waits; this one must not be.
#pragma once

#include <heddle/runtime/detail/spinlock.hpp>

namespace heddle {

/// Excludes others for a handful of instructions: its holder must neither suspend nor allocate.
/// Meets the standard's Lockable requirements. Suspends: no; a fiber that meets a holder keeps its
/// loop. Cost: one exchange to lock, one store to unlock. Order: unlock() happens before the next
/// lock() returns.
using spinlock = detail::spinlock;

}  // namespace heddle
