// SPDX-License-Identifier: MIT
// The transitions of the idle word. Every one is a seq_cst RMW, so that there is one order of them
// all.
#include "sched/idle.hpp"

#include <bit>

namespace heddle::detail {

bool idle_set::start_search() noexcept {
  std::uint64_t seen = state_.load(std::memory_order_relaxed);
  do {
    const unsigned running = loops_ - parked_in(seen);
    if (2 * searching_in(seen) >= running) return false;
    // order: seq_cst — one order of all transitions (README.md).
  } while (!state_.compare_exchange_weak(seen, seen + one_searching, std::memory_order_seq_cst,
                                         std::memory_order_relaxed));
  return true;
}

bool idle_set::stop_search() noexcept {
  // order: seq_cst — before the caller's look for work that others relied on it to find.
  return searching_in(state_.fetch_sub(one_searching, std::memory_order_seq_cst)) == 1;
}

bool idle_set::announce(unsigned loop, bool was_searching) noexcept {
  // order: seq_cst — the bit before the count, the count before the last search.
  word_of(loop).fetch_or(bit_of(loop), std::memory_order_seq_cst);
  std::uint64_t seen = state_.load(std::memory_order_relaxed);
  std::uint64_t next = 0;
  bool sentinel = false;
  do {
    next = seen + one_parked - (was_searching ? one_searching : 0);
    sentinel = (seen & sentinel_bit) == 0 && parked_in(next) < loops_;
    if (sentinel) next |= sentinel_bit;
    // order: seq_cst — one order of all transitions.
  } while (!state_.compare_exchange_weak(seen, next, std::memory_order_seq_cst,
                                         std::memory_order_relaxed));
  return sentinel;
}

idle_set::withdrawal idle_set::withdraw(unsigned loop, bool was_sentinel) noexcept {
  // order: seq_cst — decides between this loop and a waker who has the bit.
  const bool chosen =
      (word_of(loop).fetch_and(~bit_of(loop), std::memory_order_seq_cst) & bit_of(loop)) == 0;
  const std::uint64_t change = one_parked + (was_sentinel ? sentinel_bit : 0);
  // order: seq_cst — one order of all transitions.
  const std::uint64_t now = state_.fetch_sub(change, std::memory_order_seq_cst) - change;
  return {chosen, uncovered_in(now), (now & doze_bit) != 0};
}

bool idle_set::become_sentinel() noexcept {
  // order: seq_cst — after tick_timer::received(): a loop that relied on that expiry is seen
  // running.
  std::uint64_t seen = state_.load(std::memory_order_seq_cst);
  do {
    if ((seen & sentinel_bit) != 0 || parked_in(seen) >= loops_) return false;
    // order: seq_cst — one order of all transitions.
  } while (!state_.compare_exchange_weak(seen, seen | sentinel_bit, std::memory_order_seq_cst,
                                         std::memory_order_relaxed));
  return true;
}

bool idle_set::end_sentinel() noexcept {
  std::uint64_t seen = state_.load(std::memory_order_relaxed);
  do {
    if (parked_in(seen) < loops_) return false;
    // order: seq_cst — atomically with 'nobody runs': whoever withdraws next sees that it is
    // uncovered.
  } while (!state_.compare_exchange_weak(seen, seen & ~sentinel_bit, std::memory_order_seq_cst,
                                         std::memory_order_relaxed));
  return true;
}

bool idle_set::start_doze() noexcept {
  std::uint64_t seen = state_.load(std::memory_order_relaxed);
  do {
    if (parked_in(seen) < loops_) return false;
    // order: seq_cst — atomically with 'nobody runs': whoever withdraws next sees the doze.
  } while (!state_.compare_exchange_weak(seen, seen | doze_bit, std::memory_order_seq_cst,
                                         std::memory_order_relaxed));
  return true;
}

bool idle_set::end_doze() noexcept {
  // order: seq_cst — of several loops that withdraw one ends it.
  return (state_.fetch_and(~doze_bit, std::memory_order_seq_cst) & doze_bit) != 0;
}

int idle_set::take_bit() noexcept {
  for (unsigned n = 0; n * 64 < loops_; ++n) {
    std::uint64_t seen = set_[n].load(std::memory_order_relaxed);
    while (seen != 0) {
      const std::uint64_t lowest = seen & (~seen + 1);
      // order: seq_cst — decides between this waker, others, and the loop's withdrawal.
      seen = set_[n].fetch_and(~lowest, std::memory_order_seq_cst);
      if ((seen & lowest) != 0) return static_cast<int>(n * 64) + std::countr_zero(lowest);
    }
  }
  return -1;
}

bool idle_set::set_is_empty() const noexcept {
  for (unsigned n = 0; n * 64 < loops_; ++n) {
    // order: seq_cst — after the token was given back: a loop whose bit comes later searches later.
    if (set_[n].load(std::memory_order_seq_cst) != 0) return false;
  }
  return true;
}

int idle_set::choose() noexcept {
  std::uint64_t seen = state_.load(std::memory_order_relaxed);
  for (;;) {
    if (!wakeable(seen)) return -1;
    // order: seq_cst — makes the token; one order of all transitions.
    if (!state_.compare_exchange_weak(seen, seen + one_searching, std::memory_order_seq_cst,
                                      std::memory_order_relaxed)) {
      continue;
    }
    // No bit: all who were parked are withdrawing. Others may have relied on the token meanwhile,
    // and a loop may have announced behind our scan: give it back and look again.
    if (const int loop = take_bit(); loop >= 0) return loop;
    // order: seq_cst — one order of all transitions.
    seen = state_.fetch_sub(one_searching, std::memory_order_seq_cst) - one_searching;
    if (set_is_empty()) return -1;
  }
}

}  // namespace heddle::detail
