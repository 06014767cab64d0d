// SPDX-License-Identifier: MIT
// How one waits for another thread that needs a few instructions more: spins, and gives the core
// away when that takes long, so that an oversubscribed machine makes progress.
#pragma once

#include "base/cpu_relax.hpp"

#include <sched.h>

namespace heddle::detail {

class spin_wait {
 public:
  void once() noexcept {
    turns_ < spins_before_yield ? spin() : static_cast<void>(::sched_yield());
  }

 private:
  static constexpr int spins_before_yield = 64;

  void spin() noexcept {
    ++turns_;
    cpu_relax();
  }

  int turns_ = 0;
};

}  // namespace heddle::detail
