// SPDX-License-Identifier: MIT
// A time as reports print it: whole milliseconds, or, below ten of them, microseconds.
#pragma once

#include <chrono>
#include <string>

namespace heddle::detail {

inline std::string rounded_time(std::chrono::nanoseconds time) {
  using namespace std::chrono_literals;
  if (time < 10ms) return std::to_string(time / 1us) + " us";
  return std::to_string(time / 1ms) + " ms";
}

}  // namespace heddle::detail
