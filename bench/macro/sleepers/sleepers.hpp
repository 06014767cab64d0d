// SPDX-License-Identifier: MIT
// P10, what is equal for all: how long the n-th fiber sleeps, and what is recorded of it.
#pragma once

#include "harness/harness.hpp"

#include <chrono>
#include <cstddef>
#include <vector>

namespace bench {

/// Returns 1..1000 ms, spread evenly, in an order that is no order.
inline std::chrono::milliseconds nap(long n) {
  return std::chrono::milliseconds(1 + n * 7919 % 1000);
}

/// Records how late sleepers wake; one that wakes early ends the benchmark.
class lateness {
 public:
  explicit lateness(long sleepers) { samples_.reserve(static_cast<std::size_t>(sleepers)); }

  /// Calls sleep(duration) and records.
  template <class Sleep>
  void sleep(long n, Sleep&& sleep) {
    const auto due = std::chrono::steady_clock::now() + nap(n);
    sleep(nap(n));
    const auto late = std::chrono::steady_clock::now() - due;
    require(late.count() >= 0, "a sleep ended early");
    samples_.push_back(std::chrono::duration<double, std::milli>(late).count());
  }

  void report(long sleepers) {
    require(static_cast<long>(samples_.size()) == sleepers, "sleepers were lost");
    bench::report("late_p50_ms", quantile(samples_, 0.5));
    bench::report("late_p99_ms", quantile(samples_, 0.99));
    bench::report("late_max_ms", quantile(samples_, 1.0));
  }

 private:
  std::vector<double> samples_;
};

}  // namespace bench
