// SPDX-License-Identifier: MIT
// The asymmetric spinlock excludes its owner and any number of others, with a heavy fence or
// without, and is its owner's again when nobody else comes.
#include "base/asymmetric_spinlock.hpp"

#include "runtime/support/loops.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <thread>
#include <vector>

namespace heddle::detail {
namespace {

class asymmetric_spinlock_with : public testing::TestWithParam<fence_side> {};

/// A number that all take from, one at a time.
struct tickets {
  explicit tickets(fence_side side) : lock(side) {}

  long take_as_owner() {
    lock.lock_as_owner();
    const long mine = next++;
    lock.unlock_as_owner();
    return mine;
  }
  /// Returns -1 if there is nothing.
  long take() {
    if (!lock.try_lock()) return -1;
    const long mine = next++;
    lock.unlock();
    return mine;
  }

  asymmetric_spinlock lock;
  long next = 0;
};

TEST_P(asymmetric_spinlock_with, gives_each_to_one_whether_its_owner_comes_by_or_stays_away) {
  ASSERT_TRUE(prepare_heavy_fence());
  constexpr int owner_takes = test::rounds(500'000);
  tickets all(GetParam());
  std::atomic<bool> over{false};
  std::array<std::vector<long>, 2> of_others;
  std::atomic<long> others_have{0};
  std::vector<std::thread> others;
  for (std::vector<long>& mine : of_others) {
    others.emplace_back([&] {
      for (int round = 0; !over.load(std::memory_order_relaxed); ++round) {
        // Or it would never be biased again.
        if (round % 64 == 0) test::give_way();
        const long ticket = all.take();
        if (ticket < 0) continue;
        mine.push_back(ticket);
        others_have.fetch_add(1, std::memory_order_relaxed);
      }
    });
  }
  // It goes on until others had some, too, whatever the machine gives them.
  std::vector<long> seen;
  for (int n = 0; n < owner_takes || others_have.load(std::memory_order_relaxed) < 200; ++n) {
    seen.push_back(all.take_as_owner());
    if (n % 10'000 == 0) test::give_way();
  }
  over = true;
  for (std::thread& each : others) each.join();
  for (const std::vector<long>& theirs : of_others) {
    EXPECT_TRUE(std::is_sorted(theirs.begin(), theirs.end()));
    seen.insert(seen.end(), theirs.begin(), theirs.end());
  }
  std::sort(seen.begin(), seen.end());
  ASSERT_EQ(static_cast<long>(seen.size()), all.next);
  for (long n = 0; n < all.next; ++n) ASSERT_EQ(seen[static_cast<std::size_t>(n)], n);
}

TEST_P(asymmetric_spinlock_with, is_had_by_whoever_comes_while_its_owner_stays_away) {
  ASSERT_TRUE(prepare_heavy_fence());
  asymmetric_spinlock lock(GetParam());
  for (int n = 0; n < 3; ++n) {
    ASSERT_TRUE(lock.try_lock());
    EXPECT_FALSE(lock.try_lock());
    lock.unlock();
    lock.lock_as_owner();
    lock.unlock_as_owner();
  }
}

TEST_P(asymmetric_spinlock_with, is_not_waited_for_while_its_owner_is_inside) {
  ASSERT_TRUE(prepare_heavy_fence());
  asymmetric_spinlock lock(GetParam());
  for (int n = 0; n < 3; ++n) {
    lock.lock_as_owner();
    EXPECT_FALSE(lock.try_lock());
    EXPECT_FALSE(lock.try_lock());
    lock.unlock_as_owner();
    EXPECT_TRUE(lock.try_lock());
    lock.unlock();
  }
}

/// Has its owner take the lock so many times, and returns whether it is biased then.
bool is_biased_after(int turns, asymmetric_spinlock& lock) {
  for (int n = 0; n < turns; ++n) {
    lock.lock_as_owner();
    lock.unlock_as_owner();
  }
  return lock.is_biased();
}

TEST(asymmetric_spinlock, is_biased_again_once_its_owner_has_had_it_alone_for_a_while) {
  ASSERT_TRUE(prepare_heavy_fence());
  constexpr int most = asymmetric_spinlock::most_quiet_turns;
  asymmetric_spinlock lock(fence_side::of_others);
  EXPECT_TRUE(lock.is_biased());
  for (int n = 0; n < 3; ++n) {
    // Who has come once is waited for, each time anew.
    for (int times = 0; times < 3; ++times) {
      ASSERT_TRUE(lock.try_lock());
      lock.unlock();
      EXPECT_FALSE(is_biased_after(most, lock)) << n;
    }
    EXPECT_TRUE(is_biased_after(1, lock)) << n;
  }
}

TEST(asymmetric_spinlock, is_never_biased_where_there_is_no_heavy_fence) {
  asymmetric_spinlock lock(fence_side::of_owner);
  EXPECT_FALSE(is_biased_after(3 * asymmetric_spinlock::most_quiet_turns, lock));
}

INSTANTIATE_TEST_SUITE_P(fences, asymmetric_spinlock_with,
                         testing::Values(fence_side::of_others, fence_side::of_owner),
                         [](const auto& of) {
                           return of.param == fence_side::of_others ? "of_others" : "of_its_owner";
                         });

}  // namespace
}  // namespace heddle::detail
