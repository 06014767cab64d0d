// SPDX-License-Identifier: MIT
// What the skynet programs share: ten parts, each of ten parts, down to a million leaves; a leaf is
// its number, a part the sum of its parts. Source: https://github.com/atemerev/skynet
#pragma once

#include "harness/harness.hpp"

namespace bench {

constexpr long skynet_leaves = 1'000'000;

/// Measures `skynet(first, leaves)`, and the memory that all repeats together needed at once.
template <class F>
void measure_skynet(long repeats, F&& skynet) {
  const double before = status_bytes("VmRSS:");
  measure_each(repeats, 1, [&] {
    const long sum = skynet(0, skynet_leaves);
    require(sum == skynet_leaves * (skynet_leaves - 1) / 2, "the sum of the leaves is wrong");
  });
  report("peak_mb", (status_bytes("VmHWM:") - before) / 1e6);
}

}  // namespace bench
