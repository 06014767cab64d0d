// SPDX-License-Identifier: MIT
// The biased spinlock excludes while a lone loop becomes its home and loses that to others, whose
// first take, and no other, costs a heavy fence.
#include <heddle/runtime.hpp>
#include <heddle/runtime/detail/biased_spinlock.hpp>

#include "base/heavy_fence.hpp"
#include "runtime/support/child.hpp"
#include "runtime/support/kernel_calls.hpp"
#include "runtime/support/loops.hpp"
#include "runtime/support/random.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include <sys/syscall.h>

namespace heddle::detail {
namespace {

using test::random_numbers;
using test::with_loops;

/// More than it takes to become the home.
constexpr int many = 20;

void take(biased_spinlock& lock, int times) {
  for (int n = 0; n < times; ++n) const std::lock_guard guard(lock);
}

/// Many locks, each with a number that it protects. One user walks along them and takes each often;
/// others take those around it.
class locks_in_a_row {
 public:
  explicit locks_in_a_row(int count) : all_(static_cast<std::size_t>(count)) {}

  /// Takes each lock `times` times, one after the other.
  void walk(std::uint64_t stream, int times) {
    random_numbers random(stream);
    for (std::size_t at = 0; at < all_.size(); ++at) {
      walker_at_.store(at, std::memory_order_relaxed);
      for (int n = 0; n < times; ++n) add(all_[at], random);
    }
    walker_is_through_ = true;
  }

  /// Takes locks near the walker until that one is through.
  void follow(std::uint64_t stream) {
    random_numbers random(stream);
    std::int64_t added = 0;
    for (; !walker_is_through_; ++added) {
      const std::size_t near = walker_at_.load(std::memory_order_relaxed) + random.below(2);
      add(all_[near < all_.size() ? near : 0], random);
      test::spin(random.below(3'000));
    }
    followers_added_ += added;
  }

  std::int64_t followers_added() const { return followers_added_; }
  std::int64_t sum() const {
    std::int64_t all = 0;
    for (const protected_sum& each : all_) all += each.sum;
    return all;
  }

 private:
  struct protected_sum {
    biased_spinlock lock;
    std::int64_t sum = 0;
  };

  static void add(protected_sum& to, random_numbers& random) {
    const bool try_first = random.once_in(4);
    if (!try_first || !to.lock.try_lock()) to.lock.lock();
    const std::int64_t before = to.sum;
    if (random.once_in(8)) test::spin(random.below(200));
    to.sum = before + 1;
    to.lock.unlock();
  }

  std::vector<protected_sum> all_;
  std::atomic<std::size_t> walker_at_{0};
  std::atomic<bool> walker_is_through_{false};
  std::atomic<std::int64_t> followers_added_{0};
};

/// Returns whether nothing was lost between a lone loop, which takes each lock 60 times, and two
/// threads.
bool excludes_a_loop_and_threads(int count) {
  locks_in_a_row locks(count);
  runtime home(with_loops(1));
  std::thread one([&] { locks.follow(1); });
  std::thread other([&] { locks.follow(2); });
  home.spawn([&] { locks.walk(0, 60); }).join();
  one.join();
  other.join();
  return locks.sum() == std::int64_t{count} * 60 + locks.followers_added();
}

TEST(biased_spinlock, excludes_a_lone_loop_and_threads) {
  EXPECT_TRUE(excludes_a_loop_and_threads(test::rounds(50'000))) << "HEDDLE_SEED=" << test::seed();
}

TEST(biased_spinlock, excludes_them_without_membarrier_too) {
  const test::child_end end = test::in_child([] {
    test::refuse_call(SYS_membarrier);
    return excludes_a_loop_and_threads(5'000);
  });
  EXPECT_TRUE(end.exited_with(0)) << end.output;
}

TEST(biased_spinlock, excludes_two_lone_loops) {
  const int count = test::rounds(50'000);
  locks_in_a_row locks(count);
  runtime one(with_loops(1));
  runtime other(with_loops(1));
  auto follower = other.spawn([&] { locks.follow(1); });
  one.spawn([&] { locks.walk(0, 60); }).join();
  follower.join();
  EXPECT_EQ(locks.sum(), std::int64_t{count} * 60 + locks.followers_added())
      << "HEDDLE_SEED=" << test::seed();
}

/// Counts heavy fences, and how often somebody gives the core away for lack of a lock.
class counted_calls {
 public:
  counted_calls()
      : watched_([this] {
          test::kernel_calls calls;
          calls.before_heavy_fence = [this] { ++fences_; };
          calls.before_yield = [this] { ++yields_; };
          return calls;
        }()) {}

  int fences() const { return fences_; }
  int yields() const { return yields_; }

 private:
  std::atomic<int> fences_{0};
  std::atomic<int> yields_{0};
  test::watched_calls watched_;
};

#define HEDDLE_SKIP_WITHOUT_FENCES()                                   \
  if (!prepare_heavy_fence()) GTEST_SKIP() << "no membarrier(2) here"; \
  if (!test::watched_calls::possible()) GTEST_SKIP() << "shared libraries: no call is seen"

TEST(biased_spinlock, costs_others_one_fence_after_a_lone_loop_has_made_it_its_own) {
  HEDDLE_SKIP_WITHOUT_FENCES();
  biased_spinlock lock;
  runtime home(with_loops(1));
  const counted_calls calls;
  home.spawn([&] { take(lock, 1'000); }).join();
  const int before = calls.fences();  // the join may have needed one
  take(lock, 1);
  EXPECT_EQ(calls.fences(), before + 1);
  home.spawn([&] { take(lock, 1'000); }).detach();
  take(lock, 1'000);
  const int after = calls.fences();
  EXPECT_LE(after, before + 2);  // and one for the detach
  take(lock, 1'000);
  EXPECT_EQ(calls.fences(), after);
}

TEST(biased_spinlock, costs_others_no_fence_while_nobody_takes_it_often_or_the_taker_is_not_lone) {
  HEDDLE_SKIP_WITHOUT_FENCES();
  biased_spinlock seldom;
  biased_spinlock of_two_loops;
  runtime lone(with_loops(1));
  runtime pair(with_loops(2));
  lone.spawn([&] { take(seldom, 15); }).join();
  pair.spawn([&] { take(of_two_loops, 1'000); }).join();
  const counted_calls calls;
  take(seldom, 100);
  take(of_two_loops, 100);
  EXPECT_EQ(calls.fences(), 0);
}

TEST(biased_spinlock, who_takes_it_away_waits_for_the_one_who_holds_it) {
  HEDDLE_SKIP_WITHOUT_FENCES();
  biased_spinlock lock;
  runtime home(with_loops(1));
  std::atomic<bool> taken_away{false};
  std::atomic<bool> held{false};
  std::atomic<bool> may_end{false};
  const counted_calls calls;
  auto at_home = home.spawn([&] {
    take(lock, many);
    const int before = calls.fences();
    lock.lock();
    held = true;
    // The thread has fenced, and has seen for a while that the lock is held.
    while (calls.fences() == before || calls.yields() < 3) test::spin(10);
    const bool too_early = taken_away;
    lock.unlock();
    while (!taken_away) test::spin(10);
    const bool refused = !lock.try_lock();  // not its own any more
    may_end = true;
    return !too_early && refused;
  });
  while (!held) std::this_thread::yield();
  lock.lock();
  taken_away = true;
  while (!may_end) test::spin(10);
  lock.unlock();
  EXPECT_TRUE(at_home.join());
}

TEST(biased_spinlock, goes_over_to_no_other_runtime_when_its_home_has_ended) {
  HEDDLE_SKIP_WITHOUT_FENCES();
  biased_spinlock lock;
  for (int round = 0; round < 3; ++round) {
    run(with_loops(1), [&] { take(lock, many); });
  }
  const counted_calls calls;
  take(lock, 1);
  EXPECT_EQ(calls.fences(), 0);  // the second runtime had to, and then it was everybody's
}

}  // namespace
}  // namespace heddle::detail
