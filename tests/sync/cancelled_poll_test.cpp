// SPDX-License-Identifier: MIT
// Waits of the primitives that a cancellation ends at once, polled: they do not hold the only loop.
// As tests/runtime/wait/cancelled_poll_test.cpp has it for the runtime's own.
#include <heddle/runtime.hpp>
#include <heddle/sync.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/turns.hpp"

#include <gtest/gtest.h>

#include <mutex>

namespace heddle::sync {
namespace {

using test::another_fiber_runs_beside_cancelled;
using test::with_any_loops;

TEST(cancelled_poll, of_a_primitive_lets_others_run) {
  run(with_any_loops(), [] {
    channel<int> values(0);
    EXPECT_TRUE(another_fiber_runs_beside_cancelled([&] { values.receive(); }));
    latch left(1'000'000);
    EXPECT_TRUE(another_fiber_runs_beside_cancelled([&] { left.arrive_and_wait(); }));
    event never;
    EXPECT_TRUE(another_fiber_runs_beside_cancelled([&] { never.wait(); }));
    EXPECT_TRUE(another_fiber_runs_beside_cancelled([&] { select(on_event(never, [] {})); }));
    mutex lock;
    condition_variable changed;
    EXPECT_TRUE(another_fiber_runs_beside_cancelled([&] {
      std::unique_lock guard(lock);
      changed.wait(guard);
    }));
  });
}

}  // namespace
}  // namespace heddle::sync
