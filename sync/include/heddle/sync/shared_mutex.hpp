// SPDX-License-Identifier: MIT
// Readers and writers: many hold it shared, or one holds it alone. First come, first served: a
// reader that comes while a writer waits waits behind it, and readers that wait one behind the
// other are let in together, so neither kind starves the other. Invariants: (1) state_ says how
// many readers hold it, whether a writer does, and whether somebody is in line; (2) while somebody
// is, state_ changes only under lock_; (3) whoever is first in line cannot have it as state_ is:
// whoever changes that, by an unlock or by leaving the line, lets in all who now can; (4) an unlock
// touches nothing after it has let the next one in (proof: sync/src/shared_mutex.cpp).
// Not here: mutex.hpp, which is quicker where there are no readers. Source: the fair queue of
// Courtois, Heymans and Parnas 1971, doi:10.1145/362759.362813, with one queue for both kinds.
#pragma once

#include <heddle/runtime/deadline.hpp>
#include <heddle/runtime/lock_owner.hpp>
#include <heddle/runtime/park.hpp>
#include <heddle/runtime/spinlock.hpp>
#include <heddle/sync/detail/other_clock.hpp>
#include <heddle/sync/detail/wait_list.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>

namespace heddle::sync {

/// Meets the standard's SharedTimedLockable requirements, for fibers and plain threads. Neither
/// copied nor moved; must be free when it ends. The writer owns it; readers are only counted.
/// Whoever has held it last may destroy it as soon as its own unlock has returned.
class shared_mutex {
 public:
  shared_mutex() noexcept = default;
  shared_mutex(const shared_mutex&) = delete;
  shared_mutex& operator=(const shared_mutex&) = delete;
  /// Held by somebody: the process stops with a message.
  ~shared_mutex();

  /// Locks it alone. Errors: `cancelled` if the caller is and would have to wait; std::system_error
  /// with resource_deadlock_would_occur if the caller holds it alone; readers are not known, so one
  /// that calls it waits for itself, for ever. Suspends: if it is held or waited for; cancel-safe.
  /// Order: every unlock() and unlock_shared() before it happens before the return. Cost: free: one
  /// CAS.
  void lock() { try_lock_until(deadline::never()); }
  /// Locks it alone if it is free. Suspends: no.
  bool try_lock() noexcept;
  /// As lock(); returns false if `limit` passed first.
  bool try_lock_until(deadline limit);
  /// As try_lock_until(deadline), for a moment of another clock. Should that be set back meanwhile,
  /// the caller gets in line anew.
  template <detail::other_moment Moment>
  bool try_lock_until(const Moment& when) {
    return detail::try_until(when, [this](deadline limit) { return try_lock_until(limit); });
  }
  /// As lock(); returns false if it took longer than `wait`.
  template <class Rep, class Period>
  bool try_lock_for(std::chrono::duration<Rep, Period> wait) {
    return try_lock_until(deadline::after(wait));
  }
  /// Unlocks it, and lets in whoever waits longest: a writer, or readers up to the next writer.
  /// Errors: std::system_error with operation_not_permitted if the caller does not hold it alone.
  /// Suspends: no.
  void unlock();

  /// Locks it shared. Errors: as lock(). Suspends: if a writer holds it or somebody waits;
  /// cancel-safe. Order: the last unlock() happens before the return. Cost: no writer: one CAS. A
  /// reader that locks it shared again while a writer waits waits for itself: do not.
  void lock_shared() { try_lock_shared_until(deadline::never()); }
  /// Locks it shared if nobody waits and no writer holds it. Suspends: no.
  bool try_lock_shared() noexcept;
  /// As lock_shared(); returns false if `limit` passed first.
  bool try_lock_shared_until(deadline limit);
  /// As lock_shared(); as try_lock_until() for a moment of another clock.
  template <detail::other_moment Moment>
  bool try_lock_shared_until(const Moment& when) {
    return detail::try_until(when, [this](deadline limit) { return try_lock_shared_until(limit); });
  }
  /// As lock_shared(); returns false if it took longer than `wait`.
  template <class Rep, class Period>
  bool try_lock_shared_for(std::chrono::duration<Rep, Period> wait) {
    return try_lock_shared_until(deadline::after(wait));
  }
  /// Ends one reader's hold. Errors: std::system_error with operation_not_permitted if nobody holds
  /// it shared. Suspends: no.
  void unlock_shared();

 private:
  using word = std::uint64_t;
  static constexpr word writer = word{1} << 63;
  static constexpr word queued = word{1} << 62;
  static constexpr word one_reader = 1;
  struct request;

  static fiber_id holder_of(const void* lock) noexcept;
  static bool is_held(word state, word held) noexcept;
  static bool can_have(word state, word wanted) noexcept;
  bool try_add(word wanted) noexcept;
  bool add_or_queue(word wanted) noexcept;
  bool wait_for(word wanted, deadline limit);
  word let_in(word state, resumption_list& woken) noexcept;
  bool release(word held) noexcept;
  bool hand_on(word held) noexcept;

  std::atomic<word> state_{0};
  std::atomic<fiber_id> writer_{fiber_id::none};  // who holds it alone
  spinlock lock_;
  detail::wait_list waiters_;
};

}  // namespace heddle::sync
