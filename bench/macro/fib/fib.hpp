// SPDX-License-Identifier: MIT
// What the fib programs share: the size of the problem, and what comes of it.
#pragma once

#include "harness/harness.hpp"

namespace bench {

constexpr long fib_of(int n) {
  long now = 0;
  for (long next = 1; n > 0; --n) {
    next += now;
    now = next - now;
  }
  return now;
}

/// Measures `fib(n)`, without a cut-off: the time of a fork, and each call but for the leaves is
/// one.
template <class F>
void measure_fib(long repeats, int n, F&& fib) {
  const auto forks = static_cast<double>(fib_of(n + 1) - 1);
  measure_each(repeats, forks, [&] { require(fib(n) == fib_of(n), "fib is wrong"); });
}

}  // namespace bench
