// SPDX-License-Identifier: MIT
// A counter that goes down to zero, once, and those who wait for that: std::latch for fibers and
// threads. Invariants: (1) the count never rises; (2) it becomes zero under the lock, and a wait
// returns only after it has held the lock after that: so whoever has waited may destroy the latch.
// Not here: one that starts again (barrier.hpp); a flag (gate.hpp). Source: std::latch.
#pragma once

#include <heddle/runtime/deadline.hpp>
#include <heddle/runtime/spinlock.hpp>
#include <heddle/sync/detail/wait_list.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>

namespace heddle::sync {

/// Waits until so many things have been done. Destroyed while somebody waits, the process stops
/// with a message.
class latch {
 public:
  /// Shape: 0 <= expected. Errors: std::invalid_argument.
  explicit latch(std::ptrdiff_t expected);
  latch(const latch&) = delete;
  latch& operator=(const latch&) = delete;
  ~latch();

  /// Counts down by `n`; at zero wakes all who wait. Shape: 0 <= n <= what is left. Errors:
  /// std::logic_error, and nothing was counted. Suspends: no. Cost: one CAS; the last one: a lock,
  /// and a wake-up each. Order: happens before the return of the waits.
  void count_down(std::ptrdiff_t n = 1);

  /// Returns whether the count is zero. The latch must not be destroyed because of that alone: the
  /// last count_down() may still be at work. Order: true happens after the count_down()s. Suspends:
  /// no.
  bool try_wait() const noexcept;

  /// Waits until the count is zero. Errors: throws `cancelled`. Suspends: yes, cancel-safe. Cost:
  /// zero already: one short lock. After it the latch may be destroyed.
  void wait() { wait_until(deadline::never()); }
  /// As wait(), for at most `wait`. Returns: false if it took longer.
  template <class Rep, class Period>
  bool wait_for(std::chrono::duration<Rep, Period> wait) {
    return wait_until(deadline::after(wait));
  }
  /// As wait(). Returns: false if `limit` passed first.
  bool wait_until(deadline limit);

  /// Counts down by `n`, then waits. A caller who is cancelled before has not counted; one who is
  /// cancelled in the wait has: what was done stays done. Errors: as count_down() and wait().
  /// Suspends: yes.
  void arrive_and_wait(std::ptrdiff_t n = 1);

 private:
  mutable spinlock lock_;
  std::atomic<std::ptrdiff_t> left_;
  detail::wait_list waiters_;
};

}  // namespace heddle::sync
