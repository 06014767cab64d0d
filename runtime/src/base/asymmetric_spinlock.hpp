// SPDX-License-Identifier: MIT
// A spinlock of one thread, its owner, which takes it again and again by plain stores and loads;
// others come now and then. For what a loop touches at each task, and a thief once in thousands.
// Who comes first makes the owner pass a barrier, and from then on it is a spinlock like any other,
// until the owner has had it to itself for a while. Invariants: (1) only the owner writes inside_,
// and makes the lock biased again; (2) while it is open or held the owner is not inside without
// holding it as the others do; (3) the owner never waits but for a taker that has the lock. Steps
// and proof: README.md, "The lock whose owner pays nothing"; model: tests/model/asymmetric.pml.
// Source: Dice, Huang and Yang 2001, "Asymmetric Dekker synchronization"; the way back to the bias
// is our own.
#pragma once

#include <heddle/runtime/detail/fence_side.hpp>

#include "base/cpu_relax.hpp"
#include "base/heavy_fence.hpp"
#include "base/spin_wait.hpp"

#include <atomic>
#include <cstdint>
#include <utility>

namespace heddle::detail {

class asymmetric_spinlock {
 public:
  explicit asymmetric_spinlock(fence_side side) noexcept
      : has_bias_(side != fence_side::of_owner), state_(has_bias_ ? biased : open) {}

  // The owner
  /// O1 to O3.
  void lock_as_owner() noexcept {
    inside_.store(true, std::memory_order_relaxed);
    // order: seq_cst — inside_, then state_, for the compiler; the processor is told by who comes.
    std::atomic_signal_fence(std::memory_order_seq_cst);
    // order: seq_cst — as above.
    if (kind_of(state_.load(std::memory_order_seq_cst)) == biased) [[likely]]
      return;
    lock_as_others_do();
  }
  void unlock_as_owner() noexcept {
    if (holds_) [[unlikely]]
      return unlock_as_others_do();
    // order: release — partner: try_lock(), T4.
    inside_.store(false, std::memory_order_release);
  }

  // Others
  /// T1 to T5. Returns false if others have it, or the owner is inside, and slow. Cost: a heavy
  /// fence, if nobody has come for long, and the owner does not come by.
  bool try_lock() noexcept {
    std::uint64_t seen = state_.load(std::memory_order_relaxed);
    if (kind_of(seen) != biased) return try_lock_open();
    const std::uint64_t mine = with(seen, asked);
    // order: seq_cst — state_, then inside_; partner: lock_as_owner().
    if (!state_.compare_exchange_strong(seen, mine, std::memory_order_seq_cst,
                                        std::memory_order_relaxed)) {
      return false;
    }
    for (int looks = 0; looks < most_looks; ++looks) {
      if (state_.load(std::memory_order_relaxed) != mine) return try_lock_open();
      cpu_relax();
    }
    heavy_fence();
    // order: acquire — what the owner has done under it.
    const bool owner_is_inside = inside_.load(std::memory_order_acquire);
    seen = mine;
    // order: acquire — nothing that is done under the lock comes before it is held; what the owner
    // has done came with inside_.
    if (!state_.compare_exchange_strong(seen, with(mine, owner_is_inside ? biased : held),
                                        std::memory_order_acquire, std::memory_order_relaxed)) {
      return try_lock_open();
    }
    if (!owner_is_inside) others_come_ = true;
    return !owner_is_inside;
  }
  void unlock() noexcept {
    const std::uint64_t now = state_.load(std::memory_order_relaxed);
    // order: release — partner: who makes it held next.
    state_.store(with(now, open), std::memory_order_release);
  }

  /// Returns whether the owner may take it by a store and a load now. From any thread.
  bool is_biased() const noexcept {
    return kind_of(state_.load(std::memory_order_relaxed)) == biased;
  }
  /// After how many of its own turns in a row the owner makes it biased again.
  static constexpr int most_quiet_turns = 128;

 private:
  /// What state_ says in its low bits. Above them is the epoch.
  enum kind : std::uint8_t { biased, asked, open, held };
  static constexpr std::uint64_t kinds = 4;

  /// How often others look before they give up, or make the owner pass a barrier.
  static constexpr int most_looks = 64;

  static kind kind_of(std::uint64_t state) noexcept { return static_cast<kind>(state % kinds); }
  static std::uint64_t with(std::uint64_t state, kind now) noexcept {
    return state - state % kinds + now;
  }

  __attribute__((noinline)) void lock_as_others_do() noexcept {
    // order: release — as unlock_as_owner(): T4 may read this one in its place.
    inside_.store(false, std::memory_order_release);
    for (spin_wait pause;; pause.once()) {
      std::uint64_t seen = state_.load(std::memory_order_relaxed);
      if (kind_of(seen) == held) continue;
      // order: acquire — partner: unlock().
      if (state_.compare_exchange_strong(seen, with(seen, held), std::memory_order_acquire,
                                         std::memory_order_relaxed)) {
        holds_ = true;
        if (kind_of(seen) != open || std::exchange(others_come_, false)) quiet_turns_ = 0;
        return;
      }
    }
  }
  __attribute__((noinline)) void unlock_as_others_do() noexcept {
    holds_ = false;
    const std::uint64_t now = state_.load(std::memory_order_relaxed);
    const bool again = ++quiet_turns_ > most_quiet_turns && has_bias_;
    // order: release — partner: who makes it held next.
    state_.store(again ? with(now + kinds, biased) : with(now, open), std::memory_order_release);
  }

  bool try_lock_open() noexcept {
    for (int looks = 0; looks < most_looks; ++looks) {
      std::uint64_t seen = state_.load(std::memory_order_relaxed);
      if (kind_of(seen) == biased || kind_of(seen) == asked) return false;
      // order: acquire — partner: unlock(), unlock_as_owner().
      if (kind_of(seen) == open &&
          state_.compare_exchange_strong(seen, with(seen, held), std::memory_order_acquire,
                                         std::memory_order_relaxed)) {
        others_come_ = true;
        return true;
      }
      cpu_relax();
    }
    return false;
  }

  // The owner's alone.
  const bool has_bias_;
  bool holds_ = false;   // as the others do
  int quiet_turns_ = 0;  // since somebody else has come

  bool others_come_ = false;  // of whoever holds it as the others do
  std::atomic<bool> inside_{false};
  std::atomic<std::uint64_t> state_;
};

}  // namespace heddle::detail
