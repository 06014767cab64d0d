// SPDX-License-Identifier: MIT
// A lock for a handful of instructions: wait queues, timer wheels, registrations.
// Invariants: (1) no holder suspends, allocates or calls user code; (2) a waiter that has spun for
// a while gives its core away, so that an oversubscribed machine makes progress.
// Source: test-and-test-and-set, Rudolph and Segall 1984, doi:10.1145/773453.808203.
#pragma once

#include <atomic>

namespace heddle::detail {

class spinlock {
 public:
  void lock() noexcept {
    // order: acquire — pairs with unlock(): sees all that the last holder wrote.
    if (!held_.exchange(true, std::memory_order_acquire)) return;
    lock_contended();
  }

  bool try_lock() noexcept {
    // order: acquire — as lock().
    return !held_.load(std::memory_order_relaxed) &&
           !held_.exchange(true, std::memory_order_acquire);
  }

  void unlock() noexcept {
    // order: release — pairs with lock().
    held_.store(false, std::memory_order_release);
  }

 private:
  void lock_contended() noexcept;

  std::atomic<bool> held_{false};
};

}  // namespace heddle::detail
