// SPDX-License-Identifier: MIT
// The branches that the running fiber of a loop has offered: the fiber adds and takes back at the
// young end, others take at the old end. A ring of so many and no more: what does not fit is not
// offered, and whoever comes finds older and so larger parts of the work. The owner's ends are
// plain stores and loads: others make it pass a barrier (base/heavy_fence.hpp) before they take.
// Invariants: (1) an entry is taken exactly once; (2) `top` only grows, so there is no ABA; (3)
// takers come one at a time. Proof: src/sched/README.md, "Branches". Source: Chase and Lev 2005,
// doi:10.1145/1073970.1073974.
#pragma once

#include <heddle/runtime/detail/branch.hpp>
#include <heddle/runtime/detail/fence_side.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace heddle::detail {

class branch_deque {
 public:
  explicit branch_deque(fence_side side) noexcept
      : shared_(side != fence_side::none), fences_itself_(side == fence_side::of_owner) {}

  /// Adds at the young end. Owner only. Returns false if there is no room.
  bool push(branch& one) noexcept {
    const std::int64_t bottom = bottom_.load(std::memory_order_relaxed);
    // order: acquire — partner: the takers' CAS; a slot is reused only after its taker has read it.
    if (bottom - top_.load(std::memory_order_acquire) >= room) [[unlikely]]
      return false;
    slot(bottom).store(&one, std::memory_order_relaxed);
    // order: release — partner: take_oldest(); the branch and its slot are visible with the new
    // bottom.
    bottom_.store(bottom + 1, std::memory_order_release);
    return true;
  }

  /// Takes the entry at the young end if it is `one`. Owner only.
  bool take_back(const branch& one) noexcept {
    const std::int64_t youngest = bottom_.load(std::memory_order_relaxed) - 1;
    if (top_.load(std::memory_order_relaxed) > youngest) return false;
    if (slot(youngest).load(std::memory_order_relaxed) != &one) return false;
    say_taken_back(youngest);
    // order: seq_cst — the bottom, then top, where there is no heavy fence; partner: take_oldest().
    if (top_.load(std::memory_order_seq_cst) < youngest) [[likely]]
      return true;
    return !shared_ || take_last_back(youngest);
  }

  /// Takes the entry at the young end; null if there is none. Owner only.
  branch* take_youngest() noexcept {
    while (!maybe_empty()) {
      branch* const one =
          slot(bottom_.load(std::memory_order_relaxed) - 1).load(std::memory_order_relaxed);
      if (take_back(*one)) return one;
    }
    return nullptr;
  }

  /// Takes the entry at the old end; null if there is none, or somebody else is about to. From any
  /// thread. Cost: a heavy fence, if there may be one.
  branch* take_oldest() noexcept;

  bool maybe_empty() const noexcept {
    return bottom_.load(std::memory_order_relaxed) <= top_.load(std::memory_order_relaxed);
  }
  bool empty_seq_cst() const noexcept {
    // order: seq_cst — the last search before parking (README.md, step 3).
    const std::int64_t top = top_.load(std::memory_order_seq_cst);
    // order: seq_cst — as above.
    return top >= bottom_.load(std::memory_order_seq_cst);
  }

 private:
  static constexpr std::int64_t room = 256;  // a power of two
  static constexpr std::size_t line = 64;    // of cache: what takers write is apart

  std::atomic<branch*>& slot(std::int64_t index) noexcept {
    return slots_[static_cast<std::size_t>(index & (room - 1))];
  }

  /// Lowers the bottom, before top is read; partner: take_oldest().
  void say_taken_back(std::int64_t youngest) noexcept {
    if (fences_itself_) [[unlikely]] {
      // order: seq_cst — the bottom, then top.
      bottom_.exchange(youngest, std::memory_order_seq_cst);
      return;
    }
    // order: release — the entries below; partner: take_oldest(), which may read this bottom.
    bottom_.store(youngest, std::memory_order_release);
    // order: seq_cst — as above, for the compiler; the processor is told by whoever takes.
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }
  bool take_last_back(std::int64_t youngest) noexcept;

  alignas(line) std::atomic<std::int64_t> top_{0};
  std::atomic<bool> taking_{false};
  alignas(line) std::atomic<std::int64_t> bottom_{0};
  bool shared_;
  bool fences_itself_;  // for want of heavy fences
  std::array<std::atomic<branch*>, room> slots_{};
};

}  // namespace heddle::detail
