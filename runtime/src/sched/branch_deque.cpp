// SPDX-License-Identifier: MIT
// The ends that are rare: the last entry, and other loops.
#include <heddle/runtime/detail/branch_deque.hpp>

#include "base/heavy_fence.hpp"

namespace heddle::detail {

bool branch_deque::take_last_back(std::int64_t youngest) noexcept {
  std::int64_t top = youngest;
  // order: seq_cst — one taker per index: the same CAS as take_oldest()'s.
  const bool won = top_.compare_exchange_strong(top, top + 1, std::memory_order_seq_cst,
                                                std::memory_order_relaxed);
  bottom_.store(youngest + 1, std::memory_order_relaxed);
  return won;
}

branch* branch_deque::take_oldest() noexcept {
  if (maybe_empty()) return nullptr;
  // order: acquire — partner: the release below.
  if (taking_.exchange(true, std::memory_order_acquire)) return nullptr;
  branch* taken = nullptr;
  // order: acquire — top, then the bottom, also where there is no heavy fence.
  std::int64_t top = top_.load(std::memory_order_acquire);
  if (shared_ && !fences_itself_) heavy_fence();
  // order: seq_cst — top, the fence, then the bottom: of owner and taker at the last entry one sees
  // the other; acquire for the slot.
  if (top < bottom_.load(std::memory_order_seq_cst)) {
    taken = slot(top).load(std::memory_order_relaxed);
    // order: seq_cst — one taker per index; against the owner's, at the last entry.
    if (!top_.compare_exchange_strong(top, top + 1, std::memory_order_seq_cst,
                                      std::memory_order_relaxed)) {
      taken = nullptr;
    }
  }
  // order: release — partner: the exchange above.
  taking_.store(false, std::memory_order_release);
  return taken;
}

}  // namespace heddle::detail
