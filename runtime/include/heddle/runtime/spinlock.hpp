// SPDX-License-Identifier: MIT
// The lock for primitives that are written on waiter (park.hpp) and need lists of their own.
// Invariant: whoever holds it runs a handful of instructions, and neither suspends nor waits for
// anything else: others spin meanwhile. Not here: a lock to hold for longer, or over a suspension.
#pragma once

#include <heddle/runtime/detail/spinlock.hpp>

namespace heddle {

/// Excludes fibers and threads from one another for a handful of instructions; a Lockable of the
/// standard's. Suspends: no; who waits spins, then gives its core away. Cost: uncontended one
/// exchange, and a store to unlock.
using spinlock = detail::spinlock;

}  // namespace heddle
