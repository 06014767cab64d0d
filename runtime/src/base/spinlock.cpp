// SPDX-License-Identifier: MIT
// The slow path of the spinlock.
#include <heddle/runtime/detail/spinlock.hpp>

#include "base/spin_wait.hpp"

namespace heddle::detail {

void spinlock::lock_contended() noexcept {
  spin_wait pause;
  do {
    while (held_.load(std::memory_order_relaxed)) pause.once();
    // order: acquire — as lock().
  } while (held_.exchange(true, std::memory_order_acquire));
}

}  // namespace heddle::detail
