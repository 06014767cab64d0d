// SPDX-License-Identifier: MIT
// How one waits for another thread that needs a few instructions more: looks at growing intervals,
// so that the other keeps the cache line that it works on, and gives the core away when that takes
// long, so that an oversubscribed machine makes progress. In a child of fork() the other may be
// missing: then it ends the process with a message. Source: Anderson 1990,
// doi:10.1109/71.80120 (exponential backoff).
#pragma once

#include "base/cpu_relax.hpp"
#include "base/forks.hpp"

#include <sched.h>

namespace heddle::detail {

class spin_wait {
 public:
  void once() noexcept {
    if (pauses_ > most_pauses) {
      end_left_fiber();
      ::sched_yield();
      return;
    }
    for (int n = 0; n < pauses_; ++n) cpu_relax();
    pauses_ *= 2;
  }

 private:
  static constexpr int most_pauses = 32;

  int pauses_ = 1;
};

}  // namespace heddle::detail
