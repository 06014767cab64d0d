// SPDX-License-Identifier: MIT
// condition_variable: notifies reach whoever waits longest, and the lock is held again.
#include <heddle/runtime.hpp>
#include <heddle/sync/condition_variable.hpp>
#include <heddle/sync/mutex.hpp>
#include <heddle/sync/shared_mutex.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/random.hpp"
#include "runtime/support/sanitized.hpp"
#include "sync/set_clock.hpp"
#include "sync/support/crowd.hpp"
#include "sync/support/passing_time.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace heddle::sync {
namespace {

using namespace std::chrono_literals;
using test::let_all_run;
using test::set_clock;
using test::with_any_loops;
using test::with_loops;
using ::testing::ElementsAre;

/// A number, its lock, and its condition.
struct watched {
  mutex lock;
  condition_variable changed;
  int value = 0;
};

TEST(condition_variable, wakes_those_who_wait_in_the_order_of_arrival) {
  run(with_loops(1), [] {
    watched one;
    std::vector<int> order;
    std::vector<task<void>> waiting;
    for (int n = 0; n < 6; ++n) {
      waiting.push_back(spawn([&, n] {
        std::unique_lock guard(one.lock);
        one.changed.wait(guard);
        EXPECT_TRUE(guard.owns_lock() && one.lock.is_held());
        order.push_back(n);
      }));
    }
    let_all_run();
    one.changed.notify_one();
    let_all_run();
    EXPECT_THAT(order, ElementsAre(0));
    one.changed.notify_one();
    one.changed.notify_one();
    let_all_run();
    EXPECT_THAT(order, ElementsAre(0, 1, 2));
    one.changed.notify_all();
    for (auto& each : waiting) each.join();
    EXPECT_THAT(order, ElementsAre(0, 1, 2, 3, 4, 5));
    one.changed.notify_one();  // to nobody
  });
}

TEST(condition_variable, waits_for_a_condition) {
  run(with_loops(2), [] {
    watched one;
    auto waiting = spawn([&] {
      std::unique_lock guard(one.lock);
      one.changed.wait(guard, [&] { return one.value == 3; });
      return one.value;
    });
    for (int n = 0; n < 3; ++n) {
      {
        const std::lock_guard guard(one.lock);
        ++one.value;
      }
      one.changed.notify_one();
      this_fiber::yield();
    }
    EXPECT_EQ(waiting.join(), 3);
  });
}

TEST(condition_variable, a_cancelled_wait_holds_the_lock_again) {
  run(with_any_loops(), [] {
    watched one;
    bool held = false;
    auto waiting = spawn([&] {
      std::unique_lock guard(one.lock);
      try {
        one.changed.wait(guard);
      } catch (const cancelled&) {
        held = guard.owns_lock() && one.lock.is_held();
        throw;
      }
    });
    let_all_run();
    std::unique_lock mine(one.lock);
    waiting.cancel();
    let_all_run();
    EXPECT_FALSE(waiting.done()) << "it must wait for the lock, cancelled or not";
    mine.unlock();
    EXPECT_THROW(waiting.join(), task_cancelled);
    EXPECT_TRUE(held);
  });
}

TEST(condition_variable, a_notify_is_not_lost_to_a_waiter_that_was_cancelled_first) {
  run(with_any_loops(), [] {
    watched one;
    const auto wait = [&] {
      std::unique_lock guard(one.lock);
      one.changed.wait(guard);
    };
    auto first = spawn(wait);
    auto second = spawn(wait);
    let_all_run();
    first.cancel();
    one.changed.notify_one();
    second.join();
    EXPECT_THROW(first.join(), task_cancelled);
  });
}

TEST(condition_variable, a_notified_waiter_that_is_cancelled_afterwards_returns) {
  run(with_any_loops(), [] {
    watched one;
    bool returned = false;
    auto waiting = spawn([&] {
      std::unique_lock guard(one.lock);
      one.changed.wait(guard);
      returned = true;
      guard.unlock();
      this_fiber::checkpoint();
    });
    let_all_run();
    one.changed.notify_one();
    waiting.cancel();
    EXPECT_THROW(waiting.join(), task_cancelled);
    EXPECT_TRUE(returned);
  });
}

TEST(condition_variable, a_notified_waiter_that_is_cancelled_while_it_waits_for_the_lock_has_it) {
  run(with_any_loops(), [] {
    watched one;
    bool held = false;
    auto waiting = spawn([&] {
      std::unique_lock guard(one.lock);
      one.changed.wait(guard);
      held = one.lock.is_held();
    });
    let_all_run();
    std::unique_lock mine(one.lock);
    one.changed.notify_one();
    let_all_run();
    waiting.cancel();
    let_all_run();
    EXPECT_FALSE(waiting.done());
    mine.unlock();
    waiting.join();
    EXPECT_TRUE(held);
  });
}

TEST(condition_variable, refuses_a_lock_that_is_not_held) {
  run(with_any_loops(), [] {
    watched one;
    std::unique_lock guard(one.lock, std::defer_lock);
    EXPECT_THROW(one.changed.wait(guard), std::system_error);
    EXPECT_THROW(one.changed.wait(one.lock), std::system_error);
    one.changed.notify_one();  // nobody was left in the queue
  });
}

TEST(condition_variable, times_out) {
  run(with_any_loops(), [] {
    watched one;
    std::unique_lock guard(one.lock);
    EXPECT_EQ(one.changed.wait_for(guard, 50us), std::cv_status::timeout);
    EXPECT_TRUE(one.lock.is_held());
    EXPECT_FALSE(one.changed.wait_for(guard, 50us, [] { return false; }));
    EXPECT_TRUE(one.changed.wait_for(guard, 50us, [] { return true; }));
    EXPECT_EQ(one.changed.wait_until(guard, clock::now()), std::cv_status::timeout);
    auto notifier = spawn([&] {
      const std::lock_guard mine(one.lock);
      one.changed.notify_all();
    });
    EXPECT_EQ(one.changed.wait_for(guard, 1h), std::cv_status::no_timeout);
  });
}

TEST(condition_variable, works_with_other_locks_and_on_plain_threads) {
  shared_mutex lock;
  condition_variable changed;
  bool ready = false;
  test::crowd all;
  all.add_thread([&] {
    std::shared_lock guard(lock);
    changed.wait(guard, [&] { return ready; });
  });
  all.add_fiber([&] {
    std::unique_lock guard(lock);
    changed.wait(guard, [&] { return ready; });
  });
  all.meet([&] {
    {
      const std::lock_guard guard(lock);
      ready = true;
    }
    changed.notify_all();
  });
}

TEST(condition_variable, may_end_as_soon_as_its_waiters_are_woken) {
  run(with_loops(2), [] {
    for (int n = 0; n < test::rounds(500); ++n) {
      mutex lock;
      auto changed = std::make_unique<condition_variable>();
      bool waits = false;
      auto waiting = spawn([&] {
        std::unique_lock guard(lock);
        waits = true;
        changed->wait(guard);
      });
      test::yield_until([&] {
        const std::lock_guard guard(lock);
        return waits;
      });
      changed->notify_all();
      changed.reset();
      waiting.join();
    }
  });
}

TEST(condition_variable, loses_no_notify_under_random_cancels_and_time_outs) {
  // A box for one value: what was put and what was taken must agree.
  mutex lock;
  condition_variable changed;
  bool full = false;
  long put = 0;
  long taken = 0;
  bool over = false;
  run(with_loops(2), [&] {
    std::vector<task<void>> takers;
    for (std::uint64_t n = 0; n < 8; ++n) {
      takers.push_back(spawn([&, n] {
        test::random_numbers random(n);
        for (bool more = true; more;) {
          move_on_after(std::chrono::microseconds(1 + random.below(60)), [&] {
            std::unique_lock guard(lock);
            const auto wanted = [&] { return full || over; };
            if (!changed.wait_for(guard, std::chrono::microseconds(random.below(60)), wanted)) {
              changed.notify_one();  // perhaps a notify was meant for another
              return;
            }
            if (full) ++taken;
            more = full;
            full = false;
            changed.notify_all();
          });
        }
      }));
    }
    test::random_numbers random(8);
    for (int n = 0; n < test::rounds(3000); ++n) {
      test::let_time_pass(random);
      std::unique_lock guard(lock);
      changed.wait(guard, [&] { return !full; });
      full = true;
      ++put;
      changed.notify_all();
    }
    {
      std::unique_lock guard(lock);
      changed.wait(guard, [&] { return !full; });
      over = true;
    }
    changed.notify_all();
    for (auto& each : takers) each.join();
  });
  EXPECT_EQ(put, taken);
  EXPECT_EQ(put, test::rounds(3000));
}

TEST(condition_variable, waits_until_a_moment_of_any_clock) {
  run(with_loops(1), [] {
    watched one;
    std::unique_lock guard(one.lock);
    const auto soon = std::chrono::system_clock::now() + 1ms;
    EXPECT_EQ(one.changed.wait_until(guard, soon), std::cv_status::timeout);
    EXPECT_GE(std::chrono::system_clock::now(), soon);
    EXPECT_FALSE(one.changed.wait_until(guard, soon, [&] { return one.value == 1; }));
    EXPECT_TRUE(one.changed.wait_until(guard, soon, [&] { return one.value == 0; }));
    auto setter = spawn([&] {
      const std::lock_guard mine(one.lock);
      one.value = 1;
      one.changed.notify_one();
    });
    EXPECT_TRUE(one.changed.wait_until(guard, std::chrono::system_clock::now() + 1h,
                                       [&] { return one.value == 1; }));
    setter.join();
    set_clock::at = 1000ms;
    auto sets_back = spawn([] { set_clock::at = 0ms; });
    EXPECT_EQ(one.changed.wait_until(guard, set_clock::time_point(1001ms)),
              std::cv_status::no_timeout)
        << "by that clock the moment has not come";
    sets_back.join();
  });
}

}  // namespace
}  // namespace heddle::sync
