// SPDX-License-Identifier: MIT
// One at a time, and nobody for ever.
#include "global_lock.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace lab {
namespace {

TEST(global_lock, what_is_changed_under_it_needs_no_other_lock) {
  global_lock lock;
  unsigned count = 0;
  {
    std::vector<std::jthread> threads;
    for (int n = 0; n < 4; ++n) {
      threads.emplace_back([&] {
        for (int m = 0; m < 500; ++m) {
          const std::lock_guard held(lock);
          ++count;
        }
      });
    }
  }
  EXPECT_EQ(count, 2000U);
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
