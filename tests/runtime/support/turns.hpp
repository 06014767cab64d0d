// SPDX-License-Identifier: MIT
// Whether an operation that need not wait, repeated on the only loop, lets others have their turn:
// another fiber, and the time-out around it. Both give up, so that a failure is no hang.
#pragma once

#include "runtime/support/loops.hpp"
#include "runtime/support/sanitized.hpp"

#include <heddle/runtime.hpp>

#include <gtest/gtest.h>

#include <chrono>

namespace heddle::test {

/// Returns whether another fiber of this loop has run before `often` was called too often.
template <class Often>
bool another_fiber_runs_beside(Often often) {
  bool has_run = false;
  const auto other = spawn([&has_run] { has_run = true; });
  for (int n = 0; n < 100'000 && !has_run; ++n) often();
  return has_run;
}

/// Returns whether a time-out of a millisecond has come to a caller of nothing but `often`, before
/// five seconds were over.
template <class Often>
bool a_timeout_comes_to(Often often) {
  return !move_on_after(std::chrono::milliseconds(1), [&often] {
    const deadline end = deadline::after(std::chrono::seconds(5));
    while (!end.passed()) often();
  });
}

/// Returns whether another fiber of this loop has run before `often`, which a cancellation ends at
/// once each time, was called too often.
template <class Often>
bool another_fiber_runs_beside_cancelled(Often often) {
  const auto swallow = [&often] {
    try {
      often();
    } catch (const cancelled&) {
    }
  };
  bool beside_late = another_fiber_runs_beside(
      [&often] { EXPECT_FALSE(move_on_after(std::chrono::seconds(0), often)); });
  cancel_scope scope;
  bool beside_cancelled = false;
  scope.run([&] {
    scope.cancel();
    beside_cancelled = another_fiber_runs_beside(swallow);
  });
  return beside_late && beside_cancelled;
}

/// Checks that beside `often` another fiber runs, and a time-out comes. Virtual time passes only
/// when everybody waits, so under a seed no time-out comes to who never does.
template <class Often>
void lets_others_have_their_turn(Often often) {
  EXPECT_TRUE(another_fiber_runs_beside(often));
  if (simulated) return;
  EXPECT_TRUE(a_timeout_comes_to(often));
}

}  // namespace heddle::test
