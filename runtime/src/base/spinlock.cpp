// SPDX-License-Identifier: MIT
// The slow path of the spinlock.
#include <heddle/runtime/detail/spinlock.hpp>

#include "base/cpu_relax.hpp"

#include <sched.h>

namespace heddle::detail {

void spinlock::lock_contended() noexcept {
  do {
    for (int spins = 0; held_.load(std::memory_order_relaxed); ++spins) {
      if (spins < spins_before_yield) {
        cpu_relax();
      } else {
        ::sched_yield();
      }
    }
    // order: acquire — as lock().
  } while (held_.exchange(true, std::memory_order_acquire));
}

}  // namespace heddle::detail
