// SPDX-License-Identifier: MIT
// A clock that a test sets: for waits until a moment of a clock that is not heddle's.
#pragma once

#include <chrono>

namespace heddle::test {

struct set_clock {
  using duration = std::chrono::milliseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<set_clock>;
  static constexpr bool is_steady = false;

  static time_point now() { return time_point(at); }
  static inline duration at{0};  // what it shows
};

}  // namespace heddle::test
