// SPDX-License-Identifier: MIT
// Time for time-outs to come in. With threads it passes by itself; virtual time passes only while
// everybody waits, so under a seed those who compete have to take some.
#pragma once

#include "runtime/support/random.hpp"
#include "runtime/support/sanitized.hpp"

#include <heddle/runtime.hpp>

#include <chrono>

namespace heddle::test {

/// Waits, under a seed and now and then, for some microseconds.
inline void let_time_pass(random_numbers& random) {
  if (!simulated || !random.once_in(2)) return;
  this_fiber::sleep_for(std::chrono::microseconds(random.below(50)));
}

}  // namespace heddle::test
