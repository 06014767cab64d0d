// SPDX-License-Identifier: MIT
// Time that has passed, and CPU time that the whole process has used meanwhile.
#pragma once

#include <heddle/runtime/clock.hpp>

#include <chrono>

#include <time.h>

namespace lab {

class stopwatch {
 public:
  double wall_ms() const {
    return std::chrono::duration<double, std::milli>(heddle::clock::now() - start_).count();
  }
  double cpu_ms() const { return cpu_ms_now() - cpu_start_; }

 private:
  static double cpu_ms_now() {
    timespec used{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) * 1e3 + static_cast<double>(used.tv_nsec) * 1e-6;
  }

  heddle::clock::time_point start_ = heddle::clock::now();
  double cpu_start_ = cpu_ms_now();
};

}  // namespace lab
