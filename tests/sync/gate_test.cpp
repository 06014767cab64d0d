// SPDX-License-Identifier: MIT
// sync::gate: who waits is woken once it opens, whoever waits and whoever opens.
#include <heddle/runtime.hpp>
#include <heddle/sync/gate.hpp>

#include "runtime/support/loops.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace heddle::sync {
namespace {

using namespace std::chrono_literals;

using test::with_any_loops;
using test::with_loops;

TEST(gate, is_closed_until_it_is_opened) {
  gate entrance;
  EXPECT_FALSE(entrance.is_open());
  entrance.open();
  EXPECT_TRUE(entrance.is_open());
  entrance.open();
  EXPECT_TRUE(entrance.is_open());
}

TEST(gate, does_not_hold_up_who_comes_after_it_was_opened) {
  gate entrance;
  entrance.open();
  entrance.wait();
  EXPECT_TRUE(entrance.wait_until(deadline::after(0s)));
  EXPECT_TRUE(entrance.wait_for(0s));
  run(with_loops(2), [&] { entrance.wait(); });
}

TEST(gate, wakes_a_fiber_that_waits_and_a_thread_that_waits) {
  gate entrance;
  int written = 0;
  run(with_loops(2), [&] {
    test::plain_thread waiter([&] {
      entrance.wait();
      EXPECT_EQ(written, 1);
    });
    auto fiber = spawn([&] {
      entrance.wait();
      return written;
    });
    this_fiber::yield();
    written = 1;
    entrance.open();
    EXPECT_EQ(fiber.join(), 1);
    waiter.join();
  });
}

TEST(gate, wakes_a_hundred_fibers_when_a_thread_opens_it) {
  gate entrance;
  std::atomic<int> waiting{0};
  run(with_loops(2), [&] {
    test::plain_thread opener([&] {
      test::wait_until([&] { return waiting == 100; });
      entrance.open();
    });
    std::vector<task<void>> fibers;
    for (int i = 0; i < 100; ++i) {
      fibers.push_back(spawn([&] {
        ++waiting;
        entrance.wait();
      }));
    }
    for (auto& fiber : fibers) fiber.join();
    opener.join();
  });
}

TEST(gate, a_wait_with_a_limit_ends_at_the_limit_and_not_before) {
  gate entrance;
  const auto limit = clock::now() + 20ms;
  EXPECT_FALSE(entrance.wait_until(limit));
  EXPECT_GE(clock::now(), limit);
  EXPECT_FALSE(entrance.wait_for(1ms));
  run(with_loops(2), [&] {
    const auto later = clock::now() + 20ms;
    EXPECT_FALSE(entrance.wait_until(later));
    EXPECT_GE(clock::now(), later);
  });
}

TEST(gate, a_wait_that_is_cancelled_leaves_no_waiter_behind) {
  run(with_any_loops(), [] {
    gate entrance;
    bool met = false;
    auto waiter = spawn([&] {
      try {
        entrance.wait();
      } catch (const cancelled&) {
        met = true;
        throw;
      }
    });
    this_fiber::yield();  // on the one loop there is, the waiter runs until it parks
    waiter.cancel();
    EXPECT_THROW(waiter.join(), task_cancelled);
    EXPECT_TRUE(met);
    entrance.open();  // would touch the waiter's dead stack if it were still in the queue
  });
}

TEST(gate, opening_and_waiting_at_the_same_moment_never_loses_the_wake_up) {
  // The waiter says that it comes, then lets 0 to 255 steps pass, which is about as long as the
  // opener takes to hear of it. A wait without its second look under the lock loses one in some
  // 300,000 rounds, so one run of this test may miss that fault.
  constexpr int rounds = 100'000;
  std::vector<gate> gates(rounds);
  std::atomic<int> coming{-1};
  std::thread opener([&] {
    for (int round = 0; round < rounds; ++round) {
      while (coming.load(std::memory_order_acquire) < round) {
      }
      gates[static_cast<std::size_t>(round)].open();
    }
  });
  run(with_loops(1), [&] {
    const deadline limit = deadline::after(30s);
    for (int round = 0; round < rounds; ++round) {
      coming.store(round, std::memory_order_release);
      for (volatile int steps = round % 256; steps > 0;) steps = steps - 1;
      EXPECT_TRUE(gates[static_cast<std::size_t>(round)].wait_until(limit)) << "round " << round;
    }
  });
  opener.join();
}

}  // namespace
}  // namespace heddle::sync
