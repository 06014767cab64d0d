// SPDX-License-Identifier: MIT
// Runs something the first time, once, and has all others wait for that: std::call_once for fibers
// and threads. Invariants: (1) at most one call runs at a time, and after one has returned none
// ever does; (2) a call that throws, `cancelled` too, has not happened: the next in line tries; (3)
// a call that did not run returns only after the one that did has let go of the lock, its last
// touch: it has taken the lock itself, or has seen that somebody has (`seen`). Not here: a value
// that is made on demand; keep it beside the flag. Source: std::call_once.
#pragma once

#include <heddle/runtime/lock_owner.hpp>
#include <heddle/runtime/spinlock.hpp>
#include <heddle/sync/detail/wait_list.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <utility>

namespace heddle::sync {

/// Remembers whether something has been done. Must outlive the calls on it, but for this: whoever
/// has come back from a call that did not run may destroy it, if it knows that no other caller but
/// the one that ran is left. Destroyed while somebody waits, the process stops with a message.
class once {
 public:
  once() noexcept = default;
  once(const once&) = delete;
  once& operator=(const once&) = delete;
  ~once();

  /// Runs `f(arguments...)` unless a call has returned before; waits for one that runs. Returns:
  /// whether it was this call that ran. Errors: what f throws; then the next caller tries. Throws
  /// `cancelled` if the caller is while it waits; std::logic_error if f calls the same once again.
  /// Suspends: yes, cancel-safe, and as f. Order: the call that ran happens before the return.
  /// Cost: done before: one load; the first time also a short lock.
  template <class F, class... Arguments>
  bool call(F&& f, Arguments&&... arguments) {
    // order: acquire — partner: begin(), which passes on what the call did.
    if (state_.load(std::memory_order_acquire) == state::seen) return false;
    if (!begin()) return false;
    turn mine{*this};
    std::invoke(std::forward<F>(f), std::forward<Arguments>(arguments)...);
    mine.succeeded = true;
    return true;
  }

  /// Returns whether a call has returned. Order: true happens after it. The object must not be
  /// destroyed because of that alone: the call may still be at work. Suspends: no.
  bool done() const noexcept {
    // order: acquire — partner: end().
    return state_.load(std::memory_order_acquire) != state::open;
  }

 private:
  enum class state : std::uint8_t { open, done, seen };
  struct turn {
    once& of;
    bool succeeded = false;
    ~turn() { of.end(succeeded); }
  };
  struct next_caller;

  bool begin();
  void end(bool succeeded) noexcept;

  std::atomic<state> state_{state::open};  // changed under lock_
  spinlock lock_;
  bool running_ = false;
  fiber_id runner_ = fiber_id::none;
  detail::wait_list waiters_;
};

}  // namespace heddle::sync
