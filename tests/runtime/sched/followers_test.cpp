// SPDX-License-Identifier: MIT
// Followers leave in order of arrival, each after what it follows, and each to one.
#include "sched/followers.hpp"

#include "runtime/support/loops.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <deque>
#include <thread>
#include <vector>

namespace heddle::detail {
namespace {

constexpr task_operations no_operations{};

struct idle_task : task_core {
  idle_task() : task_core(no_operations, spawn_site{}) {}
};

TEST(followers, wait_for_what_they_follow) {
  followers some;
  idle_task first;
  idle_task second;
  idle_task third;
  EXPECT_TRUE(some.maybe_empty());
  EXPECT_EQ(some.push(followers::make_place(first, 5)), 0);
  EXPECT_EQ(some.push(followers::make_place(second, followers::nothing)), 1);
  EXPECT_EQ(some.push(followers::make_place(third, 9)), 2);
  EXPECT_FALSE(some.empty_seq_cst());
  EXPECT_EQ(some.take(5), nullptr);
  EXPECT_EQ(some.take(6), &first);
  EXPECT_EQ(some.take(6), &second);
  EXPECT_EQ(some.take(9), nullptr);
  EXPECT_EQ(some.take(10), &third);
  EXPECT_EQ(some.take(10), nullptr);
  EXPECT_TRUE(some.empty_seq_cst());
}

TEST(followers, are_numbered_from_the_first_to_the_last_that_ever_was) {
  followers some;
  std::array<idle_task, 3> tasks;
  for (std::int64_t n = 0; n < 3; ++n) {
    idle_task& one = tasks.at(static_cast<std::size_t>(n));
    EXPECT_EQ(some.push(followers::make_place(one, followers::nothing)), n);
    EXPECT_TRUE(some.may_have(n));
    EXPECT_NE(some.take(0), nullptr);
    EXPECT_FALSE(some.may_have(n));
    EXPECT_TRUE(some.may_have(n + 1));
  }
}

TEST(followers, are_had_by_one_each_and_in_order) {
  constexpr int count = test::rounds(50'000);
  followers some;
  std::deque<idle_task> tasks(count);
  std::atomic<int> left{count};
  std::array<std::vector<const task_core*>, 2> taken;
  std::vector<std::thread> takers;
  for (std::vector<const task_core*>& mine : taken) {
    takers.emplace_back([&] {
      while (left.load(std::memory_order_relaxed) > 0) {
        const task_core* const one = some.take(0);
        if (one == nullptr) {
          test::give_way();
          continue;
        }
        mine.push_back(one);
        left.fetch_sub(1, std::memory_order_relaxed);
      }
    });
  }
  for (idle_task& each : tasks) some.push(followers::make_place(each, followers::nothing));
  for (std::thread& each : takers) each.join();
  std::array<std::size_t, 2> at{};
  for (const idle_task& each : tasks) {
    std::size_t who = 0;
    while (who < 2 && (at.at(who) == taken.at(who).size() || taken.at(who)[at.at(who)] != &each)) {
      ++who;
    }
    ASSERT_LT(who, 2U);
    ++at.at(who);
  }
}

}  // namespace
}  // namespace heddle::detail
