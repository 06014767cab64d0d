// SPDX-License-Identifier: MIT
// A one-way gate: closed until somebody opens it, then open for ever. Fibers and plain threads may
// wait on it side by side. Invariants: those of detail/flag.hpp, which is never reset. Not here: a
// gate that can close again (event.hpp). Source: asyncio.Event without clear().
#pragma once

#include <heddle/runtime/deadline.hpp>
#include <heddle/sync/detail/flag.hpp>

#include <chrono>

namespace heddle::sync {

/// Closed until somebody opens it, then open for ever. Must outlive the calls on it, but for this:
/// whoever has waited may destroy it though the open() may not have returned yet. Destroyed while
/// somebody waits, the process stops with a message.
class gate {
 public:
  gate() noexcept = default;
  gate(const gate&) = delete;
  gate& operator=(const gate&) = delete;
  ~gate();

  /// Returns whether the gate is open. Order: true synchronizes with open(). The gate must not be
  /// destroyed because of that alone: open() may still be at work. Suspends: no.
  bool is_open() const noexcept { return flag_.is_set(); }

  /// Opens the gate and wakes every waiter; opening it again does nothing. Suspends: no. Cost: a
  /// short lock, and a wake-up each.
  void open() noexcept { flag_.set(); }

  /// Waits until the gate is open.
  /// Errors: throws `cancelled`. Suspends: yes, cancel-safe. Order: open() happens before the
  /// return. Cost: open already: a few loads; the first time also a short lock.
  void wait() { wait_until(deadline::never()); }

  /// Waits until the gate is open. Returns: false if `limit` passed first. Otherwise as wait().
  bool wait_until(deadline limit);

  /// As wait_until(), for at most `wait`.
  template <class Rep, class Period>
  bool wait_for(std::chrono::duration<Rep, Period> wait) {
    return wait_until(deadline::after(wait));
  }

 private:
  detail::flag flag_;
};

}  // namespace heddle::sync
