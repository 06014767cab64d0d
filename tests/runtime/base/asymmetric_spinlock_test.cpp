// SPDX-License-Identifier: MIT
// The asymmetric spinlock excludes its owner and any number of others, whom it may serve itself,
// with the fence on either side.
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

using outcome = asymmetric_spinlock::outcome;

class asymmetric_spinlock_with : public testing::TestWithParam<fence_side> {};

/// A number that all take from, one at a time: the owner, who also takes for those who have asked.
struct tickets {
  explicit tickets(fence_side side) : lock(side) {}

  long take_as_owner() {
    if (lock.lock_as_owner()) {
      given = next++;
      lock.answered();
    }
    const long mine = next++;
    lock.unlock_as_owner();
    return mine;
  }
  /// Returns -1 if there is nothing.
  long ask() {
    const outcome got = lock.ask();
    if (got == outcome::nothing) return -1;
    const long mine = got == outcome::answer ? given : next++;
    lock.let_go();
    return mine;
  }

  asymmetric_spinlock lock;
  long next = 0;
  long given = -1;
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
      while (!over.load(std::memory_order_relaxed)) {
        const long ticket = all.ask();
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

TEST_P(asymmetric_spinlock_with, is_had_by_whoever_asks_while_its_owner_stays_away) {
  ASSERT_TRUE(prepare_heavy_fence());
  asymmetric_spinlock lock(GetParam());
  for (int n = 0; n < 3; ++n) {
    ASSERT_EQ(lock.ask(), outcome::lock);
    EXPECT_EQ(lock.ask(), outcome::nothing);
    lock.let_go();
    EXPECT_FALSE(lock.lock_as_owner());
    lock.unlock_as_owner();
  }
}

TEST_P(asymmetric_spinlock_with, is_not_waited_for_while_its_owner_is_inside) {
  ASSERT_TRUE(prepare_heavy_fence());
  asymmetric_spinlock lock(GetParam());
  EXPECT_FALSE(lock.lock_as_owner());
  EXPECT_EQ(lock.ask(), outcome::nothing);
  lock.unlock_as_owner();
  EXPECT_EQ(lock.ask(), outcome::lock);
  lock.let_go();
}

TEST_P(asymmetric_spinlock_with, is_its_owner_s_while_an_answer_has_not_been_fetched) {
  ASSERT_TRUE(prepare_heavy_fence());
  asymmetric_spinlock lock(GetParam());
  std::atomic<bool> answered{false};
  std::thread asker([&] {
    outcome got = outcome::nothing;
    while (got != outcome::answer) {
      got = lock.ask();
      if (got == outcome::lock) lock.let_go();
    }
    // The owner comes and goes meanwhile.
    while (!answered.load()) test::give_way();
    lock.let_go();
  });
  while (!lock.lock_as_owner()) lock.unlock_as_owner();
  lock.answered();
  lock.unlock_as_owner();
  for (int n = 0; n < 100; ++n) {
    EXPECT_FALSE(lock.lock_as_owner());
    EXPECT_EQ(lock.ask(), outcome::nothing);
    lock.unlock_as_owner();
  }
  answered = true;
  asker.join();
}

INSTANTIATE_TEST_SUITE_P(fences, asymmetric_spinlock_with,
                         testing::Values(fence_side::of_others, fence_side::of_owner),
                         [](const auto& of) {
                           return of.param == fence_side::of_others ? "of_others" : "of_its_owner";
                         });

}  // namespace
}  // namespace heddle::detail
