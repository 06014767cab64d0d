// SPDX-License-Identifier: MIT
// How soon a cancellation is heard. Timed, so with a wide margin: the median of many tries, and the
// best of some such medians, since others may want the cores.
#pragma once

#include <heddle/runtime.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <functional>
#include <thread>
#include <vector>

namespace heddle::test {

enum class canceller { fiber, thread };

/// Returns the time from cancel() to the first instruction of the handler of a victim in `wait`.
inline std::chrono::nanoseconds heard_once(const std::function<void()>& wait, canceller by) {
  cancel_scope scope;
  clock::time_point heard{};
  std::atomic<bool> waits{false};
  auto victim = spawn([&] {
    EXPECT_FALSE(scope.run([&] {
      try {
        waits = true;
        wait();
      } catch (const cancelled&) {
        heard = clock::now();
        throw;
      }
    }));
  });
  yield_until([&] { return waits.load(); });
  for (int turn = 0; turn < 10; ++turn) this_fiber::yield();
  clock::time_point asked{};
  const auto ask = [&] {
    asked = clock::now();
    scope.cancel();
  };
  by == canceller::thread ? std::thread(ask).join() : ask();
  victim.join();
  return heard - asked;
}

/// Expects that a cancellation is heard within a millisecond by who waits in `wait`, which `name`
/// tells, and prints after what time it is.
inline void expect_heard_soon(const char* name, const std::function<void()>& wait, canceller by) {
  using std::chrono_literals::operator""ms;
  constexpr std::chrono::nanoseconds limit = sanitized ? 20ms : 1ms;
  constexpr int tries = 51;
  std::chrono::nanoseconds best = std::chrono::hours(1);
  for (int again = 0; again < 3 && best >= limit; ++again) {
    std::vector<std::chrono::nanoseconds> times;
    for (int n = 0; n < tries; ++n) times.push_back(heard_once(wait, by));
    std::nth_element(times.begin(), times.begin() + tries / 2, times.end());
    best = std::min(best, times[tries / 2]);
  }
  std::printf("%s, cancelled by a %s: heard after %.1f us\n", name,
              by == canceller::thread ? "thread" : "fiber",
              std::chrono::duration<double, std::micro>(best).count());
  EXPECT_LT(best, limit) << name;
}

}  // namespace heddle::test
