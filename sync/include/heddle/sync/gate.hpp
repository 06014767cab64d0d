// SPDX-License-Identifier: MIT
// A one-way gate: closed until somebody opens it, then open for ever. Fibers and plain threads may
// wait on it side by side. Invariants: (1) open_ goes from false to true once; (2) a waiter is in
// waiters_ only if it saw open_ false under the queue's lock, so open(), which takes that lock
// after its store, wakes it. Not here: a gate that can close again. Source: asyncio.Event without
// clear().
#pragma once

#include <heddle/runtime/deadline.hpp>
#include <heddle/runtime/wait_queue.hpp>

#include <atomic>

namespace heddle::sync {

/// Closed until somebody opens it, then open for ever.
class gate {
 public:
  /// Returns whether the gate is open. Order: true synchronizes with open(). Suspends: no.
  bool is_open() const noexcept;

  /// Opens the gate and wakes every waiter; opening it again does nothing. The gate must outlive
  /// the call. Suspends: no. Cost: one exchange, and a wake-up each.
  void open() noexcept;

  /// Waits until the gate is open.
  /// Errors: throws `cancelled`. Suspends: yes, cancel-safe. Order: open() happens before the
  /// return. Cost: open already: a few loads.
  void wait();

  /// Waits until the gate is open. Returns: false if `limit` passed first. Otherwise as wait().
  bool wait_until(deadline limit);

 private:
  std::atomic<bool> open_{false};
  wait_queue waiters_;
};

}  // namespace heddle::sync
