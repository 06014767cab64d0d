// SPDX-License-Identifier: MIT
// Each branch is had once, by its owner or by a taker, whichever side has the fence.
#include <heddle/runtime/detail/branch_deque.hpp>

#include "base/heavy_fence.hpp"

#include <heddle/runtime/detail/fork_core.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <thread>
#include <vector>

namespace heddle::detail {
namespace {

/// Branches of nobody's fork.
struct some_branches {
  explicit some_branches(std::size_t count) {
    for (std::size_t n = 0; n < count; ++n) all.emplace_back([](branch&) {}, nobody);
  }
  fork_core nobody;
  std::deque<branch> all;
};

TEST(branch_deque, is_a_stack_to_its_owner_and_a_queue_to_others) {
  for (const fence_side side : {fence_side::none, fence_side::of_others, fence_side::of_owner}) {
    if (side == fence_side::of_others && !prepare_heavy_fence()) continue;
    some_branches some(3);
    branch_deque deque(side);
    for (branch& each : some.all) ASSERT_TRUE(deque.push(each));
    EXPECT_FALSE(deque.take_back(some.all[0]));  // not the youngest
    EXPECT_TRUE(deque.take_back(some.all[2]));
    EXPECT_EQ(deque.take_oldest(), &some.all[0]);
    EXPECT_EQ(deque.take_youngest(), &some.all[1]);
    EXPECT_TRUE(deque.maybe_empty());
    EXPECT_EQ(deque.take_oldest(), nullptr);
    EXPECT_FALSE(deque.take_back(some.all[1]));
  }
}

TEST(branch_deque, refuses_what_has_no_room_and_goes_round) {
  some_branches some(257);
  branch_deque deque(fence_side::none);
  for (std::size_t n = 0; n < 256; ++n) ASSERT_TRUE(deque.push(some.all[n])) << n;
  EXPECT_FALSE(deque.push(some.all[256]));
  EXPECT_EQ(deque.take_oldest(), &some.all[0]);
  EXPECT_TRUE(deque.push(some.all[256]));
  EXPECT_TRUE(deque.take_back(some.all[256]));
  EXPECT_TRUE(deque.take_back(some.all[255]));
}

class branch_deque_with : public ::testing::TestWithParam<fence_side> {};

TEST_P(branch_deque_with, owner_and_takers_never_have_the_same) {
  if (GetParam() == fence_side::of_others && !prepare_heavy_fence()) {
    GTEST_SKIP() << "this kernel has no membarrier(2)";
  }
  constexpr std::uint64_t enough = 300;  // that others took
  constexpr std::size_t depth = 3;
  some_branches some(depth);
  branch_deque deque(GetParam());
  std::atomic<bool> ended{false};
  std::atomic<std::uint64_t> taken{0};
  std::vector<std::thread> takers;
  for (int n = 0; n < 2; ++n) {
    takers.emplace_back([&] {
      while (!ended.load()) {
        branch* const one = deque.take_oldest();
        if (one == nullptr) {
          std::this_thread::yield();
          continue;
        }
        taken.fetch_add(1);
        one->state.store(branch_state::taken, std::memory_order_release);
      }
    });
  }
  std::uint64_t back = 0;
  std::uint64_t gone = 0;
  std::uint64_t offered = 0;
  for (int round = 0; gone < enough; ++round) {
    for (branch& each : some.all) {
      each.state.store(branch_state::offered, std::memory_order_relaxed);
      ASSERT_TRUE(deque.push(each));
      ++offered;
    }
    // Mostly its owner is far too fast for others; now and then they get one.
    constexpr int rounds_of_a_wait = 256;
    const bool waits = round % rounds_of_a_wait == 0;
    while (waits && some.all[0].state.load(std::memory_order_relaxed) != branch_state::taken) {
      std::this_thread::yield();
    }
    for (std::size_t n = depth; n-- > 0;) {
      branch& each = some.all[n];
      if (deque.take_back(each)) {
        ++back;
        continue;
      }
      ++gone;
      while (each.state.load(std::memory_order_acquire) != branch_state::taken) {
        std::this_thread::yield();
      }
    }
  }
  ended = true;
  for (std::thread& each : takers) each.join();
  EXPECT_EQ(back + gone, offered);
  EXPECT_EQ(taken.load(), gone);
}

INSTANTIATE_TEST_SUITE_P(fences, branch_deque_with,
                         ::testing::Values(fence_side::of_others, fence_side::of_owner),
                         [](const auto& each) {
                           return each.param == fence_side::of_others ? "of_others" : "of_owner";
                         });

}  // namespace
}  // namespace heddle::detail
