// SPDX-License-Identifier: MIT
// Becoming a lock's home, and taking that away: S3 and S4 of README.md.
#include <heddle/runtime/detail/biased_spinlock.hpp>

#include "base/heavy_fence.hpp"
#include "base/spin_wait.hpp"

namespace heddle::detail {

void biased_spinlock::change_home(std::uint64_t me, std::uint64_t home) noexcept {
  if (home == nobody) {
    if (++takes_ == takes_to_be_home) home_.store(me, std::memory_order_relaxed);
    return;
  }
  home_.store(shared, std::memory_order_relaxed);
  await_home();
}

void biased_spinlock::await_home() noexcept {
  heavy_fence();
  spin_wait pause;
  // order: acquire — partner: unlock() at home: all that the home has done under the lock.
  while (at_home_.load(std::memory_order_acquire)) pause.once();
}

}  // namespace heddle::detail
