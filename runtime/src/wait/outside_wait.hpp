// SPDX-License-Identifier: MIT
// A wait for something outside of the runtime: a descriptor, a thread of a pool. While a fiber
// waits so, somebody may wake it, and nothing hangs (sched/stall.cpp).
#pragma once

#include "sched/worker.hpp"

namespace heddle::detail {

/// Counts the calling fiber until it ends; a plain thread is not counted. Neither may be another
/// one's then.
class outside_wait {
 public:
  outside_wait() noexcept : on_fiber_(worker::current_fiber() != nullptr) {
    if (on_fiber_) worker::current()->count_outside_wait();
  }
  ~outside_wait() {
    if (on_fiber_) worker::current()->count_outside_wait_over();  // perhaps another loop
  }
  outside_wait(const outside_wait&) = delete;
  outside_wait& operator=(const outside_wait&) = delete;

 private:
  bool on_fiber_;
};

}  // namespace heddle::detail
