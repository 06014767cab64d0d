// SPDX-License-Identifier: MIT
// A spinlock of one thread, its owner, which takes it again and again by plain stores and loads;
// others take it now and then, and make the owner pass a barrier first. For what a loop touches at
// each task, and a thief once in thousands. Invariants: (1) only the owner writes inside_; (2)
// wanted_ is the others' lock among themselves: whoever has set it clears it. Steps and proof:
// README.md, "The lock whose owner pays nothing"; model: tests/model/asymmetric.pml. Source: Dice,
// Huang and Yang 2001, "Asymmetric Dekker synchronization".
#pragma once

#include <heddle/runtime/detail/fence_side.hpp>

#include "base/heavy_fence.hpp"
#include "base/spin_wait.hpp"

#include <atomic>

namespace heddle::detail {

class asymmetric_spinlock {
 public:
  explicit asymmetric_spinlock(fence_side side) noexcept
      : owner_fences_(side == fence_side::of_owner) {}

  /// O1 and O2.
  void lock_as_owner() noexcept {
    say_inside();
    if (is_wanted()) [[unlikely]]
      lock_after_others();
  }
  void unlock_as_owner() noexcept {
    // order: release — partner: try_lock().
    inside_.store(false, std::memory_order_release);
  }

  /// T1 to T3. From other threads. Returns false if one of them is at it, or the owner waits. Cost:
  /// a heavy fence.
  bool try_lock() noexcept {
    if (owner_is_next_.load(std::memory_order_relaxed)) return false;
    // order: seq_cst — wanted_, then inside_; partner: lock_as_owner().
    if (wanted_.exchange(true, std::memory_order_seq_cst)) return false;
    if (!owner_fences_) heavy_fence();
    // order: seq_cst — as above; acquires what the owner has done.
    for (spin_wait pause; inside_.load(std::memory_order_seq_cst);) pause.once();
    return true;
  }
  void unlock() noexcept {
    // order: release — partner: lock_as_owner(), and the next taker's exchange.
    wanted_.store(false, std::memory_order_release);
  }

 private:
  void say_inside() noexcept {
    if (owner_fences_) [[unlikely]] {
      // order: seq_cst — inside_, then wanted_.
      inside_.exchange(true, std::memory_order_seq_cst);
      return;
    }
    inside_.store(true, std::memory_order_relaxed);
    // order: seq_cst — as above, for the compiler; the processor is told by whoever takes it.
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }

  bool is_wanted() const noexcept {
    // order: seq_cst — after inside_; acquires what a taker has done; partner: try_lock().
    return wanted_.load(std::memory_order_seq_cst);
  }

  __attribute__((noinline)) void lock_after_others() noexcept {
    owner_is_next_.store(true, std::memory_order_relaxed);
    do {
      unlock_as_owner();
      for (spin_wait pause; wanted_.load(std::memory_order_relaxed);) pause.once();
      say_inside();
    } while (is_wanted());
    owner_is_next_.store(false, std::memory_order_relaxed);
  }

  std::atomic<bool> inside_{false};
  std::atomic<bool> wanted_{false};
  std::atomic<bool> owner_is_next_{false};  // others stay away: a hint
  bool owner_fences_;
};

/// Holds the lock as its owner.
class owner_guard {
 public:
  explicit owner_guard(asymmetric_spinlock& held) noexcept : held_(held) { held_.lock_as_owner(); }
  ~owner_guard() { held_.unlock_as_owner(); }
  owner_guard(const owner_guard&) = delete;
  owner_guard& operator=(const owner_guard&) = delete;

 private:
  asymmetric_spinlock& held_;
};

}  // namespace heddle::detail
