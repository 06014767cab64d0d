// SPDX-License-Identifier: MIT
// latch: nobody goes on before the last has counted down, everybody does after.
#include <heddle/runtime.hpp>
#include <heddle/sync/latch.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/sanitized.hpp"
#include "sync/support/crowd.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace heddle::sync {
namespace {

using namespace std::chrono_literals;
using test::let_all_run;
using test::with_any_loops;
using test::with_loops;

TEST(latch, opens_at_zero_and_stays_open) {
  latch door(3);
  door.count_down();
  door.count_down(0);
  EXPECT_FALSE(door.try_wait());
  EXPECT_FALSE(door.wait_for(1ms));
  door.count_down(2);
  EXPECT_TRUE(door.try_wait());
  door.wait();
  EXPECT_TRUE(door.wait_until(clock::time_point::min()));
  latch open(0);
  open.wait();
}

TEST(latch, refuses_counts_that_make_no_sense) {
  EXPECT_THROW(latch(-1), std::invalid_argument);
  latch door(1);
  EXPECT_THROW(door.count_down(2), std::logic_error);
  EXPECT_THROW(door.count_down(-1), std::logic_error);
  EXPECT_FALSE(door.try_wait());
  door.count_down();
  EXPECT_THROW(door.count_down(), std::logic_error);
}

TEST(latch, holds_up_fibers_and_threads_of_two_runtimes_until_the_last_has_come) {
  constexpr int many = 20;
  latch all(many * 3);
  std::atomic<int> came{0};
  const auto arrive = [&] {
    ++came;
    all.arrive_and_wait();
    EXPECT_EQ(came, many * 3);
  };
  test::crowd everybody;
  for (int n = 0; n < many; ++n) {
    everybody.add_thread(arrive);
    everybody.add_fiber(arrive);
    everybody.add_fiber(arrive);
  }
  everybody.meet();
}

TEST(latch, a_wait_that_is_cancelled_leaves_the_others_waiting) {
  run(with_any_loops(), [] {
    latch door(2);
    auto first = spawn([&] { door.wait(); });
    auto second = spawn([&] { door.wait(); });
    auto third = spawn([&] { door.arrive_and_wait(); });
    let_all_run();
    first.cancel();
    third.cancel();
    EXPECT_THROW(first.join(), task_cancelled);
    EXPECT_THROW(third.join(), task_cancelled);
    EXPECT_FALSE(second.done());
    door.count_down();  // the cancelled one had arrived: that stays
    second.join();
  });
}

TEST(latch, who_is_cancelled_before_he_arrives_has_not_arrived) {
  run(with_any_loops(), [] {
    latch door(1);
    auto body = spawn([&] { door.arrive_and_wait(); });
    body.cancel();
    EXPECT_THROW(body.join(), task_cancelled);
    EXPECT_FALSE(door.try_wait());
  });
}

TEST(latch, may_be_destroyed_by_who_has_waited) {
  constexpr int rounds = test::rounds(20'000);
  std::atomic<latch*> given{nullptr};
  std::atomic<bool> over{false};
  std::thread counter([&] {
    while (!over) {
      if (latch* const one = given.exchange(nullptr)) one->count_down();
    }
  });
  run(with_loops(1), [&] {
    for (int round = 0; round < rounds; ++round) {
      auto done = std::make_unique<latch>(1);
      given = done.get();
      for (volatile int steps = round % 64; steps > 0;) steps = steps - 1;
      done->wait();
    }
  });
  over = true;
  counter.join();
}

}  // namespace
}  // namespace heddle::sync
