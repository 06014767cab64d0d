// SPDX-License-Identifier: MIT
// mutex, timed_mutex, recursive_mutex: who holds it, in which order, and what is refused.
#include <heddle/runtime.hpp>
#include <heddle/sync/mutex.hpp>

#include "runtime/support/child.hpp"
#include "runtime/support/errors.hpp"
#include "runtime/support/loops.hpp"
#include "runtime/support/random.hpp"
#include "runtime/support/sanitized.hpp"
#include "sync/set_clock.hpp"
#include "sync/support/crowd.hpp"
#include "sync/support/passing_time.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

namespace heddle::sync {
namespace {

using namespace std::chrono_literals;
using test::code_of;
using test::let_all_run;
using test::set_clock;
using test::with_any_loops;
using test::with_loops;
using ::testing::ElementsAre;

template <class T>
concept lockable = requires(T one) {
  one.lock();
  one.unlock();
  { one.try_lock() } -> std::same_as<bool>;
};
template <class T>
concept timed_lockable = lockable<T> && requires(T one) {
  { one.try_lock_for(1s) } -> std::same_as<bool>;
  { one.try_lock_until(clock::now()) } -> std::same_as<bool>;
};
static_assert(lockable<mutex> && lockable<recursive_mutex> && timed_lockable<timed_mutex>);
static_assert(!std::is_copy_constructible_v<mutex> && !std::is_move_constructible_v<mutex>);

constinit mutex made_before_main;

TEST(mutex, works_with_the_locks_of_the_standard_library) {
  run(with_any_loops(), [] {
    mutex first;
    timed_mutex second;
    {
      const std::scoped_lock both(first, second, made_before_main);
      EXPECT_TRUE(first.is_held() && second.is_held() && made_before_main.is_held());
      EXPECT_FALSE(first.try_lock());
    }
    EXPECT_FALSE(first.is_held());
    std::unique_lock one(first, std::try_to_lock);
    EXPECT_TRUE(one.owns_lock());
    std::unique_lock two(second, 1ms);
    EXPECT_TRUE(two.owns_lock());
  });
}

TEST(mutex, is_handed_over_in_the_order_of_arrival) {
  run(with_loops(1), [] {
    mutex one;
    std::vector<int> order;
    std::unique_lock mine(one);
    std::vector<task<void>> waiting;
    for (int n = 0; n < 5; ++n) {
      waiting.push_back(spawn([&, n] {
        const std::lock_guard guard(one);
        order.push_back(n);
        this_fiber::yield();
      }));
    }
    let_all_run();
    EXPECT_TRUE(order.empty());
    mine.unlock();
    EXPECT_FALSE(one.try_lock()) << "nobody overtakes those who wait";
    for (auto& each : waiting) each.join();
    EXPECT_THAT(order, ElementsAre(0, 1, 2, 3, 4));
  });
}

TEST(mutex, belongs_to_the_fiber_wherever_it_goes_on) {
  run(with_loops(2), [] {
    mutex one;
    std::atomic<int> counted{0};
    int guarded = 0;
    std::vector<task<void>> fibers;
    for (int n = 0; n < 20; ++n) {
      fibers.push_back(spawn([&] {
        for (int turn = 0; turn < 200; ++turn) {
          const std::lock_guard guard(one);
          const int before = guarded;
          if (turn % 8 == 0) this_fiber::yield();
          guarded = before + 1;
          ++counted;
        }
      }));
    }
    for (auto& each : fibers) each.join();
    EXPECT_EQ(guarded, counted);
  });
}

TEST(mutex, excludes_fibers_of_two_runtimes_and_plain_threads) {
  mutex one;
  long guarded = 0;
  constexpr int turns = test::rounds(20'000);
  const auto work = [&] {
    for (int n = 0; n < turns; ++n) {
      const std::lock_guard guard(one);
      ++guarded;
    }
  };
  test::crowd all;
  for (int n = 0; n < 6; ++n) all.add_fiber(work);
  all.add_thread(work);
  all.meet(work);
  EXPECT_EQ(guarded, 8L * turns);
}

TEST(mutex, a_cancelled_waiter_leaves_and_the_next_is_served) {
  run(with_any_loops(), [] {
    mutex one;
    std::unique_lock mine(one);
    auto first = spawn([&] { const std::lock_guard guard(one); });
    auto second = spawn([&] {
      const std::lock_guard guard(one);
      return true;
    });
    let_all_run();
    first.cancel();
    EXPECT_THROW(first.join(), task_cancelled);
    EXPECT_FALSE(second.done());
    mine.unlock();
    EXPECT_TRUE(second.join());
    EXPECT_TRUE(one.try_lock());
    one.unlock();
  });
}

TEST(mutex, a_waiter_that_is_cancelled_after_it_was_handed_the_mutex_has_it) {
  run(with_any_loops(), [] {
    mutex one;
    std::unique_lock mine(one);
    bool had_it = false;
    auto waiting = spawn([&] {
      one.lock();
      had_it = one.is_held();
      one.unlock();
    });
    let_all_run();
    mine.unlock();
    waiting.cancel();
    waiting.join();
    EXPECT_TRUE(had_it);
    EXPECT_TRUE(one.try_lock());
    one.unlock();
  });
}

TEST(mutex, a_free_one_is_locked_even_when_cancelled) {
  run(with_any_loops(), [] {
    mutex one;
    cancel_scope scope;
    scope.run([&] {
      scope.cancel();
      one.lock();
      one.unlock();
    });
    EXPECT_TRUE(scope.cancel_requested());
    EXPECT_TRUE(one.try_lock());
    one.unlock();
  });
}

TEST(mutex, is_free_once_all_waiters_have_left) {
  run(with_any_loops(), [] {
    timed_mutex one;
    std::unique_lock mine(one);
    auto late = spawn([&] { return one.try_lock_for(100us); });
    EXPECT_FALSE(late.join());
    mine.unlock();
    EXPECT_TRUE(one.try_lock_until(clock::now()));
    one.unlock();
  });
}

TEST(mutex, may_be_tried_until_a_moment_of_any_clock) {
  run(with_loops(1), [] {
    timed_mutex one;
    {
      const std::unique_lock free(one, std::chrono::system_clock::now() + 1h);
      EXPECT_TRUE(free.owns_lock());
      const auto refused = [&](auto when) {
        return spawn([&, when] { return !one.try_lock_until(when); }).join();
      };
      EXPECT_TRUE(refused(std::chrono::system_clock::now() + 1ms));
      EXPECT_TRUE(refused(std::chrono::system_clock::time_point::min()));
      EXPECT_TRUE(refused(
          std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::steady_clock::now())));
      EXPECT_TRUE(refused(set_clock::time_point(0ms)));
    }
    EXPECT_TRUE(one.try_lock_until(std::chrono::system_clock::time_point::min())) << "it is free";
    auto waits = spawn([&] {
      const std::unique_lock mine(one, set_clock::time_point::max());
      return mine.owns_lock();
    });
    let_all_run();
    one.unlock();
    EXPECT_TRUE(waits.join());
  });
}

TEST(mutex, waits_on_if_the_clock_was_set_back) {
  run(with_any_loops(), [] {
    timed_mutex one;
    std::unique_lock mine(one);
    set_clock::at = 1000ms;
    auto waits = spawn([&] { return one.try_lock_until(set_clock::time_point(1001ms)); });
    let_all_run();
    set_clock::at = 0ms;  // what is left is a second now
    this_fiber::sleep_for(5ms);
    EXPECT_FALSE(waits.done());
    set_clock::at = 2000ms;
    EXPECT_FALSE(waits.join());
    set_clock::at = 0ms;
  });
}

TEST(mutex, a_plain_thread_times_out_too) {
  timed_mutex one;
  const std::lock_guard mine(one);
  std::thread([&] { EXPECT_FALSE(one.try_lock_for(1ms)); }).join();
}

TEST(mutex, tells_its_holder_that_it_holds_it_already) {
  run(with_any_loops(), [] {
    mutex one;
    const std::lock_guard guard(one);
    EXPECT_EQ(code_of("mutex", [&] { one.lock(); }), std::errc::resource_deadlock_would_occur);
    EXPECT_FALSE(one.try_lock());
  });
  timed_mutex of_thread;
  const std::lock_guard guard(of_thread);
  EXPECT_EQ(code_of("mutex", [&] { of_thread.try_lock_for(1h); }),
            std::errc::resource_deadlock_would_occur);
}

TEST(mutex, refuses_an_unlock_by_another) {
  run(with_any_loops(), [] {
    mutex one;
    EXPECT_EQ(code_of("mutex", [&] { one.unlock(); }), std::errc::operation_not_permitted);
    std::unique_lock mine(one);
    const auto by_another = [&] {
      return code_of("mutex", [&] { one.unlock(); }) == std::errc::operation_not_permitted;
    };
    EXPECT_TRUE(spawn(by_another).join());
    bool by_thread = false;
    std::thread([&] { by_thread = by_another(); }).join();
    EXPECT_TRUE(by_thread);
    auto waiting = spawn([&] { const std::lock_guard guard(one); });
    let_all_run();
    EXPECT_TRUE(spawn(by_another).join()) << "while somebody waits";
    EXPECT_TRUE(one.is_held());
    mine.unlock();
    waiting.join();
  });
}

TEST(mutex_DeathTest, must_be_free_when_it_ends) {
  EXPECT_DEATH(
      {
        mutex one;
        one.lock();
      },
      "heddle::sync::mutex: destroyed while somebody holds it");
}

TEST(recursive_mutex, is_locked_as_often_as_it_is_unlocked) {
  run(with_any_loops(), [] {
    recursive_mutex one;
    one.lock();
    one.lock();
    EXPECT_TRUE(one.try_lock());
    auto other = spawn([&] {
      EXPECT_FALSE(one.try_lock());
      EXPECT_EQ(code_of("mutex", [&] { one.unlock(); }), std::errc::operation_not_permitted);
      const std::lock_guard guard(one);
    });
    for (int n = 0; n < 3; ++n) {
      let_all_run();
      EXPECT_FALSE(other.done());
      one.unlock();
    }
    other.join();
    EXPECT_EQ(code_of("mutex", [&] { one.unlock(); }), std::errc::operation_not_permitted);
  });
}

TEST(mutex, adds_up_under_random_cancels_and_time_outs) {
  timed_mutex one;
  std::atomic<int> holders{0};
  std::atomic<long> taken{0};
  long counted = 0;
  const auto hold = [&] {
    EXPECT_EQ(++holders, 1);
    ++counted;
    ++taken;
    --holders;
  };
  run(with_loops(2), [&] {
    std::vector<task<void>> fibers;
    for (std::uint64_t n = 0; n < 16; ++n) {
      fibers.push_back(spawn([&, n] {
        test::random_numbers random(n);
        for (int turn = 0; turn < test::rounds(2000); ++turn) {
          move_on_after(std::chrono::microseconds(random.below(50)), [&] {
            const std::unique_lock guard(one, std::chrono::microseconds(random.below(50)));
            if (!guard.owns_lock()) return;
            hold();
            if (random.below(4) == 0) this_fiber::yield();
            test::let_time_pass(random);
          });
        }
      }));
    }
    test::plain_thread plain([&] {
      test::random_numbers random(99);
      for (int turn = 0; turn < test::rounds(2000); ++turn) {
        if (!one.try_lock_for(std::chrono::microseconds(random.below(50)))) continue;
        hold();
        one.unlock();
      }
    });
    for (auto& each : fibers) each.join();
    plain.join();
  });
  EXPECT_EQ(counted, taken) << "seed " << test::seed();
  EXPECT_GT(counted, 0);
  EXPECT_TRUE(one.try_lock());
  one.unlock();
}

}  // namespace
}  // namespace heddle::sync
