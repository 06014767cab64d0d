// SPDX-License-Identifier: MIT
// Waits that a cancellation ends at once, polled: whoever swallows it again and again, or waits
// inside a time-out of nothing, does not hold the only loop.
#include <heddle/runtime.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/turns.hpp"

#include <gtest/gtest.h>

#include <vector>

#include <sys/eventfd.h>
#include <unistd.h>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::another_fiber_runs_beside_cancelled;
using test::with_loops;

TEST(cancelled_poll, by_the_fiber_s_own_waits_lets_others_run) {
  run(with_loops(1), [] {
    EXPECT_TRUE(another_fiber_runs_beside_cancelled([] { this_fiber::yield(); }));
    EXPECT_TRUE(another_fiber_runs_beside_cancelled([] { this_fiber::checkpoint(); }));
    EXPECT_TRUE(another_fiber_runs_beside_cancelled([] { this_fiber::sleep_for(1h); }));
    EXPECT_TRUE(another_fiber_runs_beside_cancelled([] { test::park_for_ever(); }));
  });
}

TEST(cancelled_poll, for_a_task_lets_that_task_run) {
  run(with_loops(1), [] {
    auto one = spawn([] { return 1; });
    int polls = 0;
    while (!one.done() && ++polls < 100'000) move_on_after(0s, [&one] { one.wait(); });
    EXPECT_TRUE(one.done());
    EXPECT_EQ(one.join(), 1);
  });
}

TEST(cancelled_poll, of_calls_for_several_lets_others_run) {
  run(with_loops(1), [] {
    const auto nothing = [] {};
    const std::vector<int> one{1};
    EXPECT_TRUE(another_fiber_runs_beside_cancelled([&] { gather(nothing, nothing); }));
    EXPECT_TRUE(another_fiber_runs_beside_cancelled([&] { gather_settled(nothing); }));
    EXPECT_TRUE(another_fiber_runs_beside_cancelled([&] { race(nothing, nothing); }));
    EXPECT_TRUE(another_fiber_runs_beside_cancelled([&] { any(nothing); }));
    EXPECT_TRUE(another_fiber_runs_beside_cancelled([&] { map(one, 1, [](int) {}); }));
  });
}

TEST(cancelled_poll, of_a_descriptor_lets_others_run) {
  const int never_written = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  ASSERT_GE(never_written, 0);
  run(with_loops(1), [never_written] {
    EXPECT_TRUE(another_fiber_runs_beside_cancelled([=] { wait_readable(never_written); }));
  });
  ::close(never_written);
}

}  // namespace
}  // namespace heddle
