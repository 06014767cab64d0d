// SPDX-License-Identifier: MIT
// An event: set or not, and it can be reset. Fibers and plain threads may wait for it side by side,
// also in a select. Invariants: those of detail/flag.hpp. Not here: what opens once, for ever
// (gate.hpp). Source: asyncio.Event.
#pragma once

#include <heddle/runtime/deadline.hpp>
#include <heddle/sync/detail/flag.hpp>

#include <chrono>

namespace heddle::sync {

namespace detail {
class event_case_base;
}

/// A flag that one can wait for. Must outlive the calls on it, but for this: whoever has waited may
/// destroy it though the set() may not have returned yet. Destroyed while somebody waits, the
/// process stops with a message.
class event {
 public:
  event() noexcept = default;
  event(const event&) = delete;
  event& operator=(const event&) = delete;
  ~event();

  /// Returns whether the event is set. Order: true synchronizes with set(). The event must not be
  /// destroyed because of that alone: set() may still be at work. Suspends: no.
  bool is_set() const noexcept { return flag_.is_set(); }

  /// Sets the event and wakes all who wait now; set already: does nothing. Suspends: no. Cost: one
  /// lock, and a wake-up each.
  void set() noexcept { flag_.set(); }

  /// Makes those wait who come from now on; those whom a set() before has woken go on.
  /// Suspends: no.
  void reset() noexcept { flag_.reset(); }

  /// Waits until the event is set. Errors: throws `cancelled`. Suspends: yes, cancel-safe.
  /// Order: set() happens before the return. Cost: set already: a few loads; the first after
  /// a set() also a short lock.
  void wait() { wait_until(deadline::never()); }

  /// Waits until the event is set. Returns: false if `limit` passed first. Otherwise as wait().
  bool wait_until(deadline limit);

  /// As wait_until(), for at most `wait`.
  template <class Rep, class Period>
  bool wait_for(std::chrono::duration<Rep, Period> wait) {
    return wait_until(deadline::after(wait));
  }

 private:
  friend class detail::event_case_base;

  detail::flag flag_;
};

}  // namespace heddle::sync
