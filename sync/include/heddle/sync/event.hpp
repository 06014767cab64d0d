// SPDX-License-Identifier: MIT
// An event: set or not, and it can be reset. Fibers and plain threads may wait for it side by side,
// also in a select. Invariants: (1) nobody waits in the list while the event is set; (2) who waits
// when it is set is woken, even if a reset follows at once. Not here: what opens once, for ever
// (gate.hpp). Source: asyncio.Event.
#pragma once

#include <heddle/runtime/deadline.hpp>
#include <heddle/runtime/park.hpp>
#include <heddle/runtime/spinlock.hpp>
#include <heddle/sync/detail/party.hpp>

#include <atomic>
#include <chrono>

namespace heddle::sync {

namespace detail {
class event_case_base;
}

/// A flag that one can wait for. Must outlive the calls on it; destroyed while somebody waits, the
/// process stops.
class event {
 public:
  event() noexcept = default;
  event(const event&) = delete;
  event& operator=(const event&) = delete;
  ~event();

  /// Returns whether the event is set. Order: true synchronizes with set(). Suspends: no.
  bool is_set() const noexcept;

  /// Sets the event and wakes all who wait now; set already: does nothing. Suspends: no. Cost: one
  /// lock, and a wake-up each.
  void set() noexcept;

  /// Makes those wait who come from now on; those whom a set() before has woken go on.
  void reset() noexcept;

  /// Waits until the event is set. Errors: throws `cancelled`. Suspends: yes, cancel-safe.
  /// Order: set() happens before the return. Cost: set already: a few loads.
  void wait() { wait_until(deadline::never()); }

  /// Waits until the event is set. Returns: false if `limit` passed first. Otherwise as wait().
  bool wait_until(deadline limit);

  /// As wait_until(), for at most `limit`.
  template <class Rep, class Period>
  bool wait_for(std::chrono::duration<Rep, Period> limit) {
    return wait_until(deadline::after(limit));
  }

 private:
  friend class detail::event_case_base;

  spinlock lock_;
  std::atomic<bool> set_{false};
  detail::party_list waiting_;
};

}  // namespace heddle::sync
