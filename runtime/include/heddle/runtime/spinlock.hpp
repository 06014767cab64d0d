// SPDX-License-Identifier: MIT
// The lock of primitives that keep a list of their own of waiters (park.hpp), and need no
// wait_queue. Invariants and source: detail/biased_spinlock.hpp. Not here: a lock that may be held
// while its holder waits; this one must not be.
#pragma once

#include <heddle/runtime/detail/biased_spinlock.hpp>

namespace heddle {

/// Excludes others for a handful of instructions: its holder must neither suspend nor allocate.
/// Meets the standard's Lockable requirements. Suspends: no; a fiber that meets a holder keeps its
/// loop. Cost: one exchange to lock, one store to unlock; without the exchange where the only loop
/// of a runtime takes it again and again, until another thread takes it, which has that loop's core
/// interrupted, once. Order: unlock() happens before the next lock() returns.
using spinlock = detail::biased_spinlock;

}  // namespace heddle
