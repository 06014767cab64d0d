// SPDX-License-Identifier: MIT
// A FIFO list of waiters with its lock: what most primitives need of park.hpp.
// Invariants: (1) a waiter is in the list only between its check under the lock and the moment it
// is claimed or leaves, so no wake-up is lost between check and park; (2) wakers claim in FIFO
// order and pass over those who timed out or were cancelled; (3) the lock is held for a few
// instructions: what runs under it must neither suspend nor allocate nor throw. Source: the
// check-under-lock of Mesa monitors, Lampson and Redell 1980, doi:10.1145/358818.358824.
#pragma once

#include <heddle/runtime/park.hpp>
#include <heddle/runtime/spinlock.hpp>

#include <cstddef>
#include <mutex>

namespace heddle {

/// Fibers and threads that wait, in order of arrival, and the lock under which they do.
class wait_queue {
 public:
  wait_queue() noexcept = default;
  /// Destroyed while somebody waits in it, the process stops with a message that says what for.
  ~wait_queue() {
    if (first_ != nullptr) [[unlikely]]
      stop_destroyed();
  }
  wait_queue(const wait_queue&) = delete;
  wait_queue& operator=(const wait_queue&) = delete;

  /// Waits in FIFO order, unless `ready()`, which is called once under the lock, returns true.
  /// `about` says what for, in dumps.
  /// Returns: event when ready or woken, timeout, or closed. Errors: throws `cancelled`.
  /// Suspends: yes, cancel-safe: the caller is out of the list. Cost: ready: one lock.
  template <class Ready>
  wake_reason wait_unless(Ready&& ready, deadline limit = {}, wait_subject about = {}) {
    const wake_reason reason =
        wait_unless_nothrow(static_cast<Ready&&>(ready), limit, cancellation::deliver, about);
    throw_if_cancelled(reason);
    return reason;
  }

  /// As wait_unless, but returns `cancelled` instead of throwing it; a shielded wait never returns
  /// it.
  template <class Ready>
  wake_reason wait_unless_nothrow(Ready&& ready, deadline limit = {},
                                  cancellation mode = cancellation::deliver,
                                  wait_subject about = {}) noexcept {
    std::unique_lock guard(lock_);
    if (ready()) return wake_reason::event;
    waiter self(mode, about);
    append(self);
    guard.unlock();
    const wake_reason reason = self.wait(limit);
    if (reason != wake_reason::event) leave(self);
    return reason;
  }

  /// Wakes the first waiter that still waits. Returns whether there was one.
  bool wake_one() noexcept {
    return wake_one([](bool) noexcept {});
  }

  /// As wake_one, and calls `under_lock(found)` under the lock, after the claim: the place to hand
  /// over a permit to the woken (found) or to keep it (not found).
  template <class UnderLock>
  bool wake_one(UnderLock&& under_lock) noexcept {
    std::unique_lock guard(lock_);
    resumption woken = claim_first(wake_reason::event);
    const bool found = static_cast<bool>(woken);
    under_lock(found);
    guard.unlock();
    woken.resume();
    return found;
  }

  /// A wait whose place in the queue is taken first: between the two steps the caller gives up
  /// what its waker needs, a mutex, say. Leaves the queue when it ends.
  class place {
   public:
    /// Queues the caller. Suspends: no.
    explicit place(wait_queue& in, cancellation mode = cancellation::deliver,
                   wait_subject about = {}) noexcept
        : queue_(in), self_(mode, about) {
      const std::lock_guard guard(queue_.lock_);
      queue_.append(self_);
    }
    ~place() {
      if (!woken_) queue_.leave(self_);
    }
    place(const place&) = delete;
    place& operator=(const place&) = delete;

    /// Waits to be woken, since the place was taken. Returns: event, timeout, closed or cancelled.
    /// Woken by an event it does not touch the queue again. Suspends: yes. Once.
    wake_reason wait(deadline limit = {}) noexcept {
      const wake_reason reason = self_.wait(limit);
      woken_ = reason == wake_reason::event;
      return reason;
    }

   private:
    wait_queue& queue_;
    waiter self_;
    bool woken_ = false;
  };

  /// Wakes everyone who waits now. Returns how many.
  std::size_t wake_all() noexcept {
    return wake_all(wake_reason::event, []() noexcept {});
  }
  /// As above, for a reason, and calls `before()` under the lock, first.
  template <class Before>
  std::size_t wake_all(wake_reason reason, Before&& before) noexcept {
    resumption_list woken;
    return claim_all(reason, static_cast<Before&&>(before), woken);
  }

  /// As wake_all, but leaves resuming to the caller, who may hold other locks now.
  template <class Before>
  std::size_t claim_all(wake_reason reason, Before&& before, resumption_list& claimed) noexcept {
    std::lock_guard guard(lock_);
    before();
    std::size_t count = 0;
    while (resumption next = claim_first(reason)) {
      claimed.add(std::move(next));
      ++count;
    }
    return count;
  }

 private:
  void append(waiter& entry) noexcept;
  void unlink(waiter& entry) noexcept;
  void leave(waiter& entry) noexcept;
  resumption claim_first(wake_reason reason) noexcept;
  [[noreturn]] void stop_destroyed() const noexcept;

  spinlock lock_;
  waiter* first_ = nullptr;
  waiter* last_ = nullptr;
};

}  // namespace heddle
