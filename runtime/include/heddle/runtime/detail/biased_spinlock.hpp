// SPDX-License-Identifier: MIT
// A spinlock that costs a lone loop no locked instruction: the loop that takes it again and again
// becomes its home, and from then on takes it by two stores, until somebody else wants it, who has
// to take that away from it once. For locks that a loop takes more often than all others do.
// Invariants: those of spinlock.hpp, and: (1) home_ changes only in the hands of whoever has held_,
// from nobody to a loop and from there to shared, and never back; (2) only the home's thread writes
// at_home_, and holds by it only if it has seen home_ name it afterwards. Steps, proof and rejected
// ways: src/base/README.md, docs/adr/0017; model: tests/model/bias.pml. Source: Kawachiya, Koseki
// and Onodera 2002, doi:10.1145/582419.582433; the fence: Dice, Huang and Yang 2001.
#pragma once

#include <heddle/runtime/detail/spinlock.hpp>
#include <heddle/runtime/detail/worker_slot.hpp>

#include <atomic>
#include <cstdint>

namespace heddle::detail {

class biased_spinlock {
 public:
  void lock() noexcept {
    const std::uint64_t me = lone_loop_of_caller();
    if (take_at_home(me)) return;
    held_.lock();
    settle(me);
  }

  bool try_lock() noexcept {
    const std::uint64_t me = lone_loop_of_caller();
    if (take_at_home(me)) return true;
    if (!held_.try_lock()) return false;
    settle(me);
    return true;
  }

  void unlock() noexcept {
    if (by_home_) {
      // order: release — partner: await_home().
      at_home_.store(false, std::memory_order_release);
    } else {
      held_.unlock();
    }
  }

 private:
  // What home_ is while it is no loop's number.
  static constexpr std::uint64_t nobody = ~std::uint64_t{0};
  static constexpr std::uint64_t shared = nobody - 1;
  static constexpr std::uint8_t takes_to_be_home = 16;

  /// H1 to H4. Returns whether the caller, `me`, holds the lock now.
  bool take_at_home(std::uint64_t me) noexcept {
    if (home_.load(std::memory_order_relaxed) != me) return false;
    at_home_.store(true, std::memory_order_relaxed);
    // order: seq_cst, for the compiler alone — Dekker with await_home(), whose heavy fence makes
    // this thread's store visible, or that one's store to home_ visible here.
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (home_.load(std::memory_order_relaxed) != me) [[unlikely]] {
      at_home_.store(false, std::memory_order_relaxed);
      return false;
    }
    by_home_ = true;
    return true;
  }

  /// S2, with held_ in hand.
  void settle(std::uint64_t me) noexcept {
    const std::uint64_t home = home_.load(std::memory_order_relaxed);
    if (home != shared && (home != nobody || me != 0)) [[unlikely]]
      change_home(me, home);
    by_home_ = false;  // not before: the home may have held it until now
  }
  void change_home(std::uint64_t me, std::uint64_t home) noexcept;
  void await_home() noexcept;

  std::atomic<std::uint64_t> home_{nobody};
  std::atomic<bool> at_home_{false};
  spinlock held_;
  bool by_home_ = false;    // how the present holder took it
  std::uint8_t takes_ = 0;  // by lone loops, while home_ is nobody
};

}  // namespace heddle::detail
