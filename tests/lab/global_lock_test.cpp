// SPDX-License-Identifier: MIT
// One at a time, and nobody for ever.
#include "global_lock.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace lab {
namespace {

TEST(global_lock, only_one_has_it_at_a_time) {
  global_lock lock;
  std::atomic<unsigned> inside{0};
  std::atomic<unsigned> met{0};
  {
    std::vector<std::jthread> threads;
    for (int n = 0; n < 4; ++n) {
      threads.emplace_back([&] {
        for (int m = 0; m < 200; ++m) {
          const std::lock_guard held(lock);
          if (inside.fetch_add(1, std::memory_order_relaxed) != 0) {
            met.store(1, std::memory_order_relaxed);
          }
          std::this_thread::yield();  // so that whoever could come in does
          inside.fetch_sub(1, std::memory_order_relaxed);
        }
      });
    }
  }
  EXPECT_EQ(met.load(), 0U);
}

TEST(global_lock, its_record_is_in_order_and_has_every_turn) {
  global_lock lock;
  {
    std::vector<std::jthread> threads;
    for (int n = 0; n < 3; ++n) {
      threads.emplace_back([&] {
        for (int m = 0; m < 50; ++m) const std::lock_guard held(lock);
      });
    }
  }
  const std::vector<global_lock::turn> turns = lock.turns();
  ASSERT_EQ(turns.size(), 150U);
  for (std::size_t n = 1; n < turns.size(); ++n) EXPECT_GE(turns[n].from, turns[n - 1].to);
}

TEST(global_lock, a_holder_that_never_ends_gives_way_to_who_waits) {
  global_lock lock;
  std::atomic<bool> had_its_turn{false};
  std::unique_lock held(lock);
  std::jthread other([&] {
    const std::lock_guard turn(lock);
    had_its_turn.store(true, std::memory_order_relaxed);
  });
  while (!had_its_turn.load(std::memory_order_relaxed)) lock.give_way();
  EXPECT_TRUE(held.owns_lock());
}

}  // namespace
}  // namespace lab
