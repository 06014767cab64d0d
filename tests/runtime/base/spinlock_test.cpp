// SPDX-License-Identifier: MIT
// Both spinlocks exclude plain threads, also when there are more threads than cores.
#include <heddle/runtime/detail/spinlock.hpp>
#include <heddle/runtime/spinlock.hpp>

#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <mutex>
#include <thread>
#include <vector>

namespace heddle {
namespace {

template <class Lock>
class spinlock_test : public testing::Test {};
using both = testing::Types<detail::spinlock, spinlock>;
TYPED_TEST_SUITE(spinlock_test, both);

TYPED_TEST(spinlock_test, excludes) {
  constexpr int threads = 8;
  constexpr int each_adds = test::rounds(50'000);
  TypeParam lock;
  int sum = 0;
  std::vector<std::thread> all;
  for (int n = 0; n < threads; ++n) {
    all.emplace_back([&, n] {
      for (int added = 0; added < each_adds;) {
        if (n % 2 == 0) {
          const std::lock_guard guard(lock);
          ++sum;
          ++added;
        } else if (lock.try_lock()) {
          ++sum;
          ++added;
          lock.unlock();
        } else {
          std::this_thread::yield();
        }
      }
    });
  }
  for (std::thread& each : all) each.join();
  EXPECT_EQ(sum, threads * each_adds);
}

TYPED_TEST(spinlock_test, try_lock_says_whether_it_was_free) {
  TypeParam lock;
  EXPECT_TRUE(lock.try_lock());
  EXPECT_FALSE(lock.try_lock());
  lock.unlock();
  EXPECT_TRUE(lock.try_lock());
  lock.unlock();
}

}  // namespace
}  // namespace heddle
