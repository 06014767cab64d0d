// SPDX-License-Identifier: MIT
// Waits that are over when they begin: whoever polls by them does not hold the loop.
#include <heddle/runtime.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/turns.hpp"

#include <gtest/gtest.h>

#include <string>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::lets_others_have_their_turn;
using test::with_loops;

deadline a_while_ago() { return clock::now() - 1ms; }

TEST(late_wait, a_sleep_of_nothing_lets_others_run) {
  run(with_loops(1), [] {
    lets_others_have_their_turn([] { this_fiber::sleep_for(0s); });
    lets_others_have_their_turn([] { this_fiber::sleep_for(-1h); });
    lets_others_have_their_turn([] { this_fiber::sleep_until(a_while_ago()); });
  });
}

TEST(late_wait, a_sleep_of_nothing_is_a_yield) {
  run(with_loops(1), [] {
    std::string order;
    auto other = spawn([&order] { order += 'b'; });
    order += 'a';
    this_fiber::sleep_for(0s);
    order += 'c';
    other.join();
    EXPECT_EQ(order, "abc");
  });
}

TEST(late_wait, in_a_queue_lets_others_run) {
  run(with_loops(1), [] {
    lets_others_have_their_turn([] {
      wait_queue nobody;
      EXPECT_EQ(nobody.wait_unless([]() noexcept { return false; }, a_while_ago()),
                wake_reason::timeout);
    });
  });
}

TEST(late_wait, that_is_shielded_lets_others_run) {
  run(with_loops(1), [] {
    const auto often = [] {
      waiter nobody_wakes(cancellation::shield);
      EXPECT_EQ(nobody_wakes.wait(a_while_ago()), wake_reason::timeout);
    };
    EXPECT_TRUE(test::another_fiber_runs_beside(often));
  });
}

TEST(late_wait, for_a_task_that_has_ended_lets_others_run) {
  run(with_loops(1), [] {
    task<void> ended = spawn([] {});
    ended.wait();
    lets_others_have_their_turn([&ended] { ended.wait(); });
  });
}

TEST(late_wait, for_children_that_end_at_once_lets_others_run) {
  for (const unsigned loops : {1U, 2U}) {
    run(with_loops(loops),
        [] { EXPECT_TRUE(test::a_timeout_comes_to([] { spawn([] {}).join(); })); });
  }
  run(with_loops(1),
      [] { EXPECT_TRUE(test::another_fiber_runs_beside([] { spawn([] {}).join(); })); });
}

TEST(late_wait, that_finds_its_caller_cancelled_says_so) {
  run(with_loops(1), [] {
    cancel_scope scope;
    scope.cancel();
    EXPECT_FALSE(scope.run([] { this_fiber::sleep_for(0s); }));
    const bool finished = scope.run([] {
      waiter nobody_wakes;
      EXPECT_EQ(nobody_wakes.wait(a_while_ago()), wake_reason::cancelled);
    });
    EXPECT_TRUE(finished);
  });
}

TEST(late_wait, during_which_the_caller_is_cancelled_ends_and_the_next_one_says_so) {
  run(with_loops(1), [] {
    cancel_scope scope;
    auto other = spawn([&scope] { scope.cancel(); });
    int waits = 0;
    EXPECT_FALSE(scope.run([&waits] {
      for (; waits < 100'000; ++waits) this_fiber::sleep_for(0s);
    }));
    EXPECT_EQ(waits, 1);
  });
}

}  // namespace
}  // namespace heddle
