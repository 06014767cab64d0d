// SPDX-License-Identifier: MIT
// Waiting for a condition that a lock guards. Invariants: (1) the caller's place in the queue is
// taken before its lock is given up, so a notify that comes after somebody has seen the condition
// under that lock finds it; (2) wait() holds the lock again however it ends, by `cancelled` too.
// Not here: waiting without a lock (event, latch). Source: Mesa monitors, Lampson and Redell 1980,
// doi:10.1145/358818.358824.
#pragma once

#include <heddle/runtime/cancel.hpp>
#include <heddle/runtime/deadline.hpp>
#include <heddle/runtime/this_fiber.hpp>
#include <heddle/runtime/wait_queue.hpp>
#include <heddle/sync/detail/other_clock.hpp>

#include <chrono>
#include <condition_variable>
#include <utility>

namespace heddle::sync {

/// As std::condition_variable_any: for std::unique_lock, std::shared_lock, or the mutex itself.
/// Whoever waits is woken by a notify, never for no reason. It may be destroyed once all who wait
/// have been notified, and the calls that did so have returned or were made under the lock;
/// destroyed while somebody waits, the process stops with a message.
class condition_variable {
 public:
  condition_variable() noexcept = default;
  condition_variable(const condition_variable&) = delete;
  condition_variable& operator=(const condition_variable&) = delete;

  /// Wakes whoever waits longest. The lock need not be held. Suspends: no.
  void notify_one() noexcept { waiters_.wake_one(); }
  /// Wakes all who wait now. Suspends: no.
  void notify_all() noexcept { waiters_.wake_all(); }

  /// Gives up `lock`, waits for a notify, takes the lock again, which is shielded. Errors:
  /// `cancelled`, with the lock held; a notify that came first is not lost to it: then it returns.
  /// What lock.unlock() throws, std::system_error if it is not held: then nothing was waited for;
  /// what lock.lock() throws: then it is not held. Suspends: yes; cancelled, it has taken no
  /// notify. Order: what was done before the notify happens before the return. Cost: two locks of
  /// the queue, and an unlock and a lock of `lock`.
  template <class Lock>
  void wait(Lock& lock) {
    throw_if_cancelled(wait_once(lock, {}));
  }
  /// Waits until `condition()`, called under the lock, is true. Errors, Suspends: as wait(lock).
  template <class Lock, class Condition>
  void wait(Lock& lock, Condition condition) {
    while (!condition()) wait(lock);
  }

  /// As wait(lock). Returns timeout if `limit` passed without a notify.
  template <class Lock>
  std::cv_status wait_until(Lock& lock, deadline limit) {
    const wake_reason reason = wait_once(lock, limit);
    throw_if_cancelled(reason);
    return reason == wake_reason::timeout ? std::cv_status::timeout : std::cv_status::no_timeout;
  }
  /// As wait_until(lock, deadline), for a moment of another clock. Should that be set back
  /// meanwhile, it may return no_timeout without a notify.
  template <class Lock, detail::other_moment Moment>
  std::cv_status wait_until(Lock& lock, const Moment& when) {
    const std::cv_status status = wait_until(lock, deadline::after(detail::time_until(when)));
    return detail::time_until(when).count() > 0 ? std::cv_status::no_timeout : status;
  }
  /// Waits until `condition()` is true or `limit` has passed. Returns condition().
  template <class Lock, class Condition>
  bool wait_until(Lock& lock, deadline limit, Condition condition) {
    while (!condition()) {
      if (wait_until(lock, limit) == std::cv_status::timeout) return condition();
    }
    return true;
  }
  template <class Lock, detail::other_moment Moment, class Condition>
  bool wait_until(Lock& lock, const Moment& when, Condition condition) {
    while (!condition()) {
      if (wait_until(lock, when) == std::cv_status::timeout) return condition();
    }
    return true;
  }
  /// As wait_until(), for at most `wait`.
  template <class Lock, class Rep, class Period>
  std::cv_status wait_for(Lock& lock, std::chrono::duration<Rep, Period> wait) {
    return wait_until(lock, deadline::after(wait));
  }
  template <class Lock, class Rep, class Period, class Condition>
  bool wait_for(Lock& lock, std::chrono::duration<Rep, Period> wait, Condition condition) {
    return wait_until(lock, deadline::after(wait), std::move(condition));
  }

 private:
  static constexpr wait_kind kind{"condition_variable"};

  template <class Lock>
  wake_reason wait_once(Lock& lock, deadline limit) {
    const wake_reason reason = [&] {
      wait_queue::place self(waiters_, cancellation::deliver, {kind, this});
      lock.unlock();
      return self.wait(limit);
    }();  // out of the queue before the lock is taken, under which *this may be destroyed
    take_again(lock);
    return reason;
  }
  template <class Lock>
  static void take_again(Lock& lock) {
    if (this_fiber::exists()) {
      shield([&lock] { lock.lock(); });
    } else {
      lock.lock();
    }
  }

  wait_queue waiters_;
};

}  // namespace heddle::sync
