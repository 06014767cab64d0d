// SPDX-License-Identifier: MIT
// sync::event: who waits when it is set goes on, who comes after a reset waits.
#include <heddle/runtime.hpp>
#include <heddle/sync/event.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/sanitized.hpp"
#include "runtime/support/turns.hpp"
#include "sync/support/crowd.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace heddle::sync {
namespace {

using namespace std::chrono_literals;
using test::let_all_run;
using test::with_any_loops;
using test::with_loops;

TEST(event, is_set_until_it_is_reset) {
  event start;
  EXPECT_FALSE(start.is_set());
  start.set();
  start.set();
  EXPECT_TRUE(start.is_set());
  start.wait();
  EXPECT_TRUE(start.wait_for(0s));
  start.reset();
  start.reset();
  EXPECT_FALSE(start.is_set());
  EXPECT_FALSE(start.wait_for(1ms));
}

TEST(event, wakes_all_who_wait_even_if_a_reset_follows_at_once) {
  run(with_any_loops(), [] {
    event start;
    int woken = 0;
    std::vector<task<void>> waiters;
    for (int n = 0; n < 50; ++n) {
      waiters.push_back(spawn([&] {
        start.wait();
        ++woken;
      }));
    }
    let_all_run();
    start.set();
    start.reset();
    for (auto& each : waiters) each.join();
    EXPECT_EQ(woken, 50);
    EXPECT_FALSE(start.wait_for(1ms));
  });
}

TEST(event, ends_a_wait_at_its_limit_and_not_before) {
  event start;
  const auto body = [&] {
    const auto limit = clock::now() + 5ms;
    EXPECT_FALSE(start.wait_until(limit));
    EXPECT_GE(clock::now(), limit);
  };
  body();
  run(with_loops(2), body);
  start.set();
}

TEST(event, a_wait_that_is_cancelled_leaves_no_waiter_behind) {
  run(with_any_loops(), [] {
    event start;
    auto waiter = spawn([&] { start.wait(); });
    let_all_run();
    waiter.cancel();
    EXPECT_THROW(waiter.join(), task_cancelled);
    start.set();  // would touch the waiter's dead stack
  });
}

TEST(event, a_loop_of_waits_for_what_is_set_lets_others_run) {
  run(with_any_loops(), [] {
    event start;
    start.set();
    EXPECT_TRUE(test::another_fiber_runs_beside([&] { start.wait(); }));
  });
}

TEST(event, carries_a_turn_between_a_thread_and_fibers_of_two_runtimes) {
  const int rounds = test::rounds(5'000);
  event turns[3];
  int value = 0;
  const auto player = [&](std::size_t me) {
    return [&, me] {
      for (int n = 0; n < rounds; ++n) {
        turns[me].wait();
        turns[me].reset();
        ++value;  // only whose turn it is
        turns[(me + 1) % 3].set();
      }
    };
  };
  test::crowd players;
  players.add_fiber(player(0));
  players.add_fiber(player(1));
  players.add_thread(player(2));
  players.meet([&] { turns[0].set(); });
  EXPECT_EQ(value, 3 * rounds);
}

}  // namespace
}  // namespace heddle::sync
