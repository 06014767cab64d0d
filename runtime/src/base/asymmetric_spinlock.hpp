// SPDX-License-Identifier: MIT
// A spinlock of one thread, its owner, which takes it again and again by plain stores and loads;
// others come now and then, and ask. For what a loop touches at each task, and a thief once in
// thousands. An owner that comes by gives the asker what it wants, and nobody has waited for a
// barrier; for one that stays away the asker makes it pass one, and takes the lock itself.
// Invariants: (1) only the owner writes inside_; (2) of the others one at a time asks; (3) the
// owner never waits but for a taker that has the lock. Steps and proof: README.md, "The lock whose
// owner pays nothing"; model: tests/model/asymmetric.pml. Source: Dice, Huang and Yang 2001,
// "Asymmetric Dekker synchronization"; for the answers Acar, Charguéraud and Rainey 2013,
// doi:10.1145/2442516.2442538.
#pragma once

#include <heddle/runtime/detail/fence_side.hpp>

#include "base/cpu_relax.hpp"
#include "base/heavy_fence.hpp"
#include "base/spin_wait.hpp"

#include <atomic>
#include <cstdint>

namespace heddle::detail {

class asymmetric_spinlock {
 public:
  explicit asymmetric_spinlock(fence_side side) noexcept
      : owner_fences_(side == fence_side::of_owner) {}

  // The owner
  /// O1 and O2. Returns whether somebody has asked: the caller does what that one wants, and then
  /// says answered(), before it unlocks.
  [[nodiscard]] bool lock_as_owner() noexcept {
    say_inside();
    if (look() == state::free) [[likely]]
      return false;
    return lock_where_somebody_is();
  }
  void answered() noexcept {
    // order: release — the answer; partner: is_answered().
    state_.store(state::answered, std::memory_order_release);
  }
  void unlock_as_owner() noexcept {
    // order: release — partner: try_take().
    inside_.store(false, std::memory_order_release);
  }

  // Others
  enum class outcome : std::uint8_t { nothing, answer, lock };

  /// T1 to T4. Returns what the caller has now, until let_go(): the owner's answer, or the lock; or
  /// nothing: somebody else asks, or the owner is inside, and slow. Cost: a heavy fence, if the
  /// owner does not come by.
  outcome ask() noexcept {
    state seen = state::free;
    // order: seq_cst — state_, then inside_; partner: lock_as_owner().
    if (!state_.compare_exchange_strong(seen, state::asked, std::memory_order_seq_cst,
                                        std::memory_order_relaxed)) {
      return outcome::nothing;
    }
    for (int looks = 0; looks < looks_before_fence; ++looks) {
      if (is_answered()) return outcome::answer;
      cpu_relax();
    }
    if (!owner_fences_) heavy_fence();
    return try_take();
  }
  void let_go() noexcept {
    // order: release — partner: lock_as_owner(), and the next asker's exchange.
    state_.store(state::free, std::memory_order_release);
  }

 private:
  enum class state : std::uint8_t { free, asked, answering, answered, held };

  /// How often an asker looks for an answer before it makes the owner pass a barrier: about as long
  /// as that takes.
  static constexpr int looks_before_fence = 64;

  void say_inside() noexcept {
    if (owner_fences_) [[unlikely]] {
      // order: seq_cst — inside_, then state_.
      inside_.exchange(true, std::memory_order_seq_cst);
      return;
    }
    inside_.store(true, std::memory_order_relaxed);
    // order: seq_cst — as above, for the compiler; the processor is told by whoever asks.
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }

  state look() const noexcept {
    // order: seq_cst — after inside_; acquires what a taker has done; partner: ask(), let_go().
    return state_.load(std::memory_order_seq_cst);
  }
  bool is_answered() const noexcept {
    // order: acquire — partner: answered().
    return state_.load(std::memory_order_acquire) == state::answered;
  }
  /// The one asker's, or the owner's: who of them is first decides what becomes of the question.
  bool changes_question_to(state next) noexcept {
    state seen = state::asked;
    // order: seq_cst — acquires what was done under the lock before.
    return state_.compare_exchange_strong(seen, next, std::memory_order_seq_cst,
                                          std::memory_order_relaxed);
  }

  __attribute__((noinline)) bool lock_where_somebody_is() noexcept {
    for (spin_wait pause;; pause.once()) {
      const state seen = look();
      if (seen == state::asked && changes_question_to(state::answering)) return true;
      if (seen == state::free || seen == state::answered) return false;
    }
  }

  outcome try_take() noexcept {
    // order: seq_cst — after state_; acquires what the owner has done.
    const bool owner_is_inside = inside_.load(std::memory_order_seq_cst);
    if (changes_question_to(owner_is_inside ? state::free : state::held)) {
      return owner_is_inside ? outcome::nothing : outcome::lock;
    }
    for (spin_wait pause; !is_answered();) pause.once();
    return outcome::answer;
  }

  std::atomic<bool> inside_{false};
  std::atomic<state> state_{state::free};
  bool owner_fences_;
};

}  // namespace heddle::detail
