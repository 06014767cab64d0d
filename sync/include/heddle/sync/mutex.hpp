// SPDX-License-Identifier: MIT
// Mutual exclusion with an owner: mutex, timed_mutex, recursive_mutex, for fibers and plain threads
// side by side. The owner is the fiber, not the thread: it may go on on another loop while it holds
// the lock. First come, first served: an unlock hands the mutex to whoever waits longest, and
// nobody overtakes. Invariants: (1) word_ is 0 (free), or names the holder, or says that it is
// being handed over; (2) while somebody waits, word_ has `contended`; (3) word_ leaves 0 only by a
// CAS, and becomes 0 again by a CAS from the holder without `contended`, so where nobody waits: no
// wake-up is lost; (4) an unlock() touches nothing after it has let the next holder in (proof:
// sync/src/mutex.cpp). Not here: readers and writers (shared_mutex.hpp). Source: the ticket order
// of asyncio.Lock; a hand-over as in Go's starving sync.Mutex, always.
#pragma once

#include <heddle/runtime/deadline.hpp>
#include <heddle/runtime/lock_owner.hpp>
#include <heddle/runtime/wait_queue.hpp>
#include <heddle/sync/detail/other_clock.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>

namespace heddle::sync {

/// Meets the standard's Lockable requirements. Neither copied nor moved; must be free when it ends.
/// Whoever has locked it last may destroy it as soon as its own unlock() has returned, though the
/// unlock() of the holder before may not have returned yet.
class mutex {
 public:
  mutex() noexcept = default;
  mutex(const mutex&) = delete;
  mutex& operator=(const mutex&) = delete;
  /// Held by somebody: the process stops with a message.
  ~mutex();

  /// Locks it. Errors: throws `cancelled` if the caller is and would have to wait;
  /// std::system_error with resource_deadlock_would_occur if the caller holds it. Suspends: if it
  /// is held; cancel-safe. Order: the last unlock() happens before the return. Cost: free: one CAS.
  void lock() { lock_until(deadline::never()); }

  /// Locks it if it is free. Suspends: no. Cost: one CAS.
  bool try_lock() noexcept { return lock_if_free(word_of(caller_id())); }

  /// Unlocks it, or hands it to whoever waits longest. Errors: std::system_error with
  /// operation_not_permitted if the caller does not hold it. Suspends: no. Cost: nobody waits: one
  /// CAS; else a short lock and a wake-up.
  void unlock() {
    const word me = word_of(caller_id());
    word mine = me;
    // order: release — partner: try_lock(), must_wait().
    if (word_.compare_exchange_strong(mine, 0, std::memory_order_release,
                                      std::memory_order_relaxed)) [[likely]] {
      return;
    }
    unlock_slowly(me);
  }

  /// Returns whether the caller holds it. Suspends: no.
  bool is_held() const noexcept { return is_held_by(word_of(caller_id())); }

 protected:
  bool lock_until(deadline limit) {
    const word me = word_of(locker_id());
    return lock_if_free(me) || lock_slowly(me, limit);
  }

 private:
  using word = std::uint64_t;
  static constexpr word contended = 1;

  static word word_of(fiber_id who) noexcept { return static_cast<word>(who) << 1; }
  static fiber_id holder_of(const void* lock) noexcept;
  bool is_held_by(word who) const noexcept {
    return (word_.load(std::memory_order_relaxed) & ~contended) == who;
  }
  bool lock_if_free(word me) noexcept {
    word free = 0;
    // order: acquire — partner: unlock().
    return word_.compare_exchange_strong(free, me, std::memory_order_acquire,
                                         std::memory_order_relaxed);
  }
  bool lock_slowly(word me, deadline limit);
  void unlock_slowly(word me);
  bool must_wait(word me) noexcept;

  std::atomic<word> word_{0};
  wait_queue waiters_;
};

/// A mutex whose lock may be tried for a while. Meets the TimedLockable requirements.
class timed_mutex : public mutex {
 public:
  /// Locks it. Returns false if `limit` passed first. Else as lock().
  bool try_lock_until(deadline limit) { return lock_until(limit); }
  /// As try_lock_until(deadline), for a moment of another clock, system_clock, say. Should that be
  /// set back meanwhile, the caller gets in line anew.
  template <detail::other_moment Moment>
  bool try_lock_until(const Moment& when) {
    return detail::try_until(when, [this](deadline limit) { return lock_until(limit); });
  }
  /// Locks it. Returns false if it took longer than `wait`. Else as lock().
  template <class Rep, class Period>
  bool try_lock_for(std::chrono::duration<Rep, Period> wait) {
    return lock_until(deadline::after(wait));
  }
};

/// A mutex that its holder may lock again; free after as many unlocks. Meets the Lockable
/// requirements.
class recursive_mutex {
 public:
  /// As mutex::lock(). Errors: std::system_error with resource_unavailable_try_again if the caller
  /// has locked it 2^32 - 1 times.
  void lock();
  /// Locks it if it is free, or the caller's. Errors: std::system_error, as lock(). Suspends: no.
  bool try_lock();
  /// Ends one of the caller's locks; the last one unlocks. Errors, Suspends: as mutex::unlock().
  void unlock();

 private:
  bool lock_again();

  mutex one_;
  std::uint32_t again_ = 0;  // the holder's
};

}  // namespace heddle::sync
