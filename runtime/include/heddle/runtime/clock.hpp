// SPDX-License-Identifier: MIT
// The clock of every deadline in heddle: steady, in nanoseconds, never set back.
// Invariants: (1) now() never decreases; (2) in a fiber whose runtime has a policy (simulation),
// now() is that policy's virtual time, so that user code need not know whether time is real. Not
// here: wall-clock time, which no wait of heddle depends on.
#pragma once

#include <chrono>

namespace heddle {

/// Tells steady time. Meets the standard's Clock requirements; its time points are steady_clock's.
struct clock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<std::chrono::steady_clock, duration>;
  static constexpr bool is_steady = true;

  /// Returns the present time. Suspends: no. Cost: one clock_gettime through the vDSO.
  static time_point now() noexcept;
};

}  // namespace heddle
