// SPDX-License-Identifier: MIT
// The asymmetric spinlock excludes its owner and any number of others, with the fence on either
// side.
#include "base/asymmetric_spinlock.hpp"

#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace heddle::detail {
namespace {

class asymmetric_spinlock_with : public testing::TestWithParam<fence_side> {};

TEST_P(asymmetric_spinlock_with, excludes_its_owner_and_others) {
  ASSERT_TRUE(prepare_heavy_fence());
  constexpr int owner_adds = test::rounds(500'000);
  asymmetric_spinlock lock(GetParam());
  long sum = 0;
  std::atomic<long> others_added{0};
  std::atomic<bool> over{false};
  std::vector<std::thread> others;
  for (int n = 0; n < 2; ++n) {
    others.emplace_back([&] {
      while (!over.load(std::memory_order_relaxed)) {
        if (!lock.try_lock()) continue;
        ++sum;
        lock.unlock();
        others_added.fetch_add(1, std::memory_order_relaxed);
      }
    });
  }
  // It goes on until others had it often, too, whatever the machine gives them.
  long owner_added = 0;
  for (; owner_added < owner_adds || others_added.load(std::memory_order_relaxed) < 200;
       ++owner_added) {
    const owner_guard guard(lock);
    ++sum;
  }
  over = true;
  for (std::thread& each : others) each.join();
  EXPECT_EQ(sum, owner_added + others_added.load());
}

TEST_P(asymmetric_spinlock_with, is_refused_to_a_second_taker_and_free_afterwards) {
  ASSERT_TRUE(prepare_heavy_fence());
  asymmetric_spinlock lock(GetParam());
  ASSERT_TRUE(lock.try_lock());
  EXPECT_FALSE(lock.try_lock());
  lock.unlock();
  lock.lock_as_owner();
  lock.unlock_as_owner();
  EXPECT_TRUE(lock.try_lock());
  lock.unlock();
}

INSTANTIATE_TEST_SUITE_P(fences, asymmetric_spinlock_with,
                         testing::Values(fence_side::of_others, fence_side::of_owner),
                         [](const auto& of) {
                           return of.param == fence_side::of_others ? "of_others" : "of_its_owner";
                         });

}  // namespace
}  // namespace heddle::detail
