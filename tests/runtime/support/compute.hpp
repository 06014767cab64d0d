// SPDX-License-Identifier: MIT
// A body that computes: it keeps its core busy, and gives its stack to nobody.
#pragma once

#include <heddle/runtime/clock.hpp>

#include <chrono>

namespace heddle::test {

inline void compute_for(std::chrono::nanoseconds time) {
  const clock::time_point until = clock::now() + time;
  while (clock::now() < until) continue;
}

}  // namespace heddle::test
