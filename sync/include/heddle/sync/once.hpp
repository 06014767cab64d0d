// SPDX-License-Identifier: MIT
// Runs something the first time, once, and has all others wait for that: std::call_once for fibers
// and threads. Invariants: (1) at most one call runs at a time, and after one has returned none
// ever does; (2) a call that throws, `cancelled` too, has not happened: the next in line tries. Not
// here: a value that is made on demand; keep it beside the flag. Source: std::call_once.
#pragma once

#include <heddle/runtime/error.hpp>
#include <heddle/sync/detail/wait_list.hpp>

#include <atomic>
#include <functional>
#include <thread>
#include <utility>

namespace heddle::sync {

/// Remembers whether something has been done.
class once {
 public:
  once() noexcept = default;
  once(const once&) = delete;
  once& operator=(const once&) = delete;

  /// Runs `f(arguments...)` unless a call has returned before; waits for one that runs. Returns:
  /// whether it was this call that ran. Errors: what f throws; then the next caller tries. Throws
  /// `cancelled` if the caller is while it waits; std::logic_error if f calls the same once again.
  /// Suspends: yes, cancel-safe, and as f. Order: the call that ran happens before the return.
  /// Cost: done before: one load.
  template <class F, class... Arguments>
  bool call(F&& f, Arguments&&... arguments) {
    if (done()) return false;
    if (!begin()) return false;
    turn mine{*this};
    std::invoke(std::forward<F>(f), std::forward<Arguments>(arguments)...);
    mine.succeeded = true;
    return true;
  }

  /// Returns whether a call has returned. Order: true happens after it. Suspends: no.
  bool done() const noexcept {
    // order: acquire — partner: end().
    return done_.load(std::memory_order_acquire);
  }

 private:
  struct caller {
    fiber_id fiber = fiber_id::none;
    std::thread::id thread;  // of a plain thread

    static caller present();
    friend bool operator==(const caller&, const caller&) = default;
  };
  struct turn {
    once& of;
    bool succeeded = false;
    ~turn() { of.end(succeeded); }
  };
  struct next_caller;

  bool begin();
  void end(bool succeeded) noexcept;

  std::atomic<bool> done_{false};
  spinlock lock_;
  bool running_ = false;
  caller runner_;
  detail::wait_list waiters_;
};

}  // namespace heddle::sync
