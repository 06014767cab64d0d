// SPDX-License-Identifier: MIT
// wait_queue: FIFO, one winner, nothing lost and nothing taken by those who leave.
#include <heddle/runtime.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/random.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>
#include <vector>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::random_numbers;
using test::with_loops;

/// Permits that are handed over under the queue's lock: what a semaphore does.
class permits {
 public:
  bool take(deadline limit = {}) {
    return waiters_.wait_unless([this]() noexcept { return try_take(); }, limit) ==
           wake_reason::event;
  }
  void give() noexcept {
    waiters_.wake_one([this](bool handed_over) noexcept { free_ += handed_over ? 0 : 1; });
  }
  int free() const noexcept { return free_; }

 private:
  bool try_take() noexcept { return free_ > 0 && free_-- > 0; }

  wait_queue waiters_;
  int free_ = 0;
};

constexpr auto never_ready = []() noexcept { return false; };

TEST(wait_queue, who_finds_it_ready_does_not_wait) {
  wait_queue queue;
  const auto ready = []() noexcept { return true; };
  EXPECT_EQ(queue.wait_unless(ready), wake_reason::event);
  EXPECT_EQ(queue.wait_unless(ready, clock::time_point::min()), wake_reason::event);
  run(with_loops(1), [&] { EXPECT_EQ(queue.wait_unless(ready), wake_reason::event); });
}

TEST(wait_queue, waking_nobody_says_so) {
  wait_queue queue;
  bool told = true;
  EXPECT_FALSE(queue.wake_one([&](bool found) noexcept { told = found; }));
  EXPECT_FALSE(told);
  EXPECT_EQ(queue.wake_all(), 0U);
}

TEST(wait_queue, fibers_are_woken_in_the_order_in_which_they_came) {
  run(with_loops(1), [] {
    wait_queue queue;
    std::vector<int> order;
    std::vector<task<void>> waiters;
    for (int n = 0; n < 100; ++n) {
      waiters.push_back(spawn([&, n] {
        queue.wait_unless(never_ready);
        order.push_back(n);
      }));
    }
    test::let_all_run();
    for (int n = 0; n < 100; ++n) EXPECT_TRUE(queue.wake_one());
    EXPECT_FALSE(queue.wake_one());
    for (auto& each : waiters) each.join();
    for (int n = 0; n < 100; ++n) EXPECT_EQ(order[static_cast<std::size_t>(n)], n);
  });
}

TEST(wait_queue, wake_all_wakes_in_order_and_counts) {
  run(with_loops(1), [] {
    wait_queue queue;
    std::vector<int> order;
    std::vector<task<void>> waiters;
    for (int n = 0; n < 10; ++n) {
      waiters.push_back(spawn([&, n] {
        EXPECT_EQ(queue.wait_unless(never_ready), n < 10 ? wake_reason::closed : wake_reason::none);
        order.push_back(n);
      }));
    }
    test::let_all_run();
    bool before_called = false;
    EXPECT_EQ(queue.wake_all(wake_reason::closed, [&]() noexcept { before_called = true; }), 10U);
    EXPECT_TRUE(before_called);
    for (auto& each : waiters) each.join();
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  });
}

TEST(wait_queue, claim_all_leaves_resuming_to_the_caller) {
  run(with_loops(1), [] {
    wait_queue queue;
    int woken = 0;
    std::vector<task<void>> waiters;
    for (int n = 0; n < 3; ++n) {
      waiters.push_back(spawn([&] {
        queue.wait_unless(never_ready);
        ++woken;
      }));
    }
    test::let_all_run();
    resumption_list claimed;
    EXPECT_TRUE(claimed.empty());
    EXPECT_EQ(queue.claim_all(
                  wake_reason::event, []() noexcept {}, claimed),
              3U);
    EXPECT_FALSE(claimed.empty());
    test::let_all_run();
    EXPECT_EQ(woken, 0);
    claimed.resume_all();
    EXPECT_TRUE(claimed.empty());
    for (auto& each : waiters) each.join();
    EXPECT_EQ(woken, 3);
  });
}

TEST(wait_queue, a_wait_that_timed_out_is_passed_over) {
  run(with_loops(1), [] {
    wait_queue queue;
    auto impatient = spawn([&] { return queue.wait_unless(never_ready, clock::now() + 1ms); });
    auto patient = spawn([&] { return queue.wait_unless(never_ready); });
    EXPECT_EQ(impatient.join(), wake_reason::timeout);
    EXPECT_TRUE(queue.wake_one());
    EXPECT_EQ(patient.join(), wake_reason::event);
    EXPECT_FALSE(queue.wake_one());
  });
}

TEST(wait_queue, a_wait_that_was_cancelled_is_passed_over) {
  run(with_loops(1), [] {
    wait_queue queue;
    auto first = spawn([&] { queue.wait_unless(never_ready); });
    auto second = spawn([&] { return queue.wait_unless(never_ready); });
    test::let_all_run();
    first.cancel();
    EXPECT_TRUE(queue.wake_one());  // first is claimed by its cancel, though it has not run yet
    EXPECT_EQ(second.join(), wake_reason::event);
    EXPECT_THROW(first.join(), task_cancelled);
  });
}

TEST(wait_queue, a_wake_up_that_came_before_the_cancel_counts) {
  run(with_loops(1), [] {
    wait_queue queue;
    auto waiter = spawn([&] { return queue.wait_unless(never_ready); });
    test::let_all_run();
    EXPECT_TRUE(queue.wake_one());
    waiter.cancel();
    EXPECT_EQ(waiter.join(), wake_reason::event);
  });
}

TEST(wait_queue, a_shielded_wait_is_not_ended_by_cancellation) {
  run(with_loops(1), [] {
    wait_queue queue;
    auto waiter =
        spawn([&] { return queue.wait_unless_nothrow(never_ready, {}, cancellation::shield); });
    test::let_all_run();
    waiter.cancel();
    test::let_all_run();
    EXPECT_FALSE(waiter.done());
    EXPECT_TRUE(queue.wake_one());
    EXPECT_EQ(waiter.join(), wake_reason::event);
  });
}

TEST(wait_queue, a_limit_in_the_past_still_takes_what_is_there) {
  permits some;
  some.give();
  EXPECT_TRUE(some.take(clock::time_point::min()));
  EXPECT_FALSE(some.take(clock::time_point::min()));
  run(with_loops(1), [&] {
    some.give();
    EXPECT_TRUE(some.take(clock::time_point::min()));
    EXPECT_FALSE(some.take(clock::time_point::min()));
  });
}

TEST(wait_queue, no_timed_wait_of_a_fiber_or_a_thread_ends_early) {
  const auto wait_often = [](std::uint64_t stream) {
    random_numbers random(stream);
    wait_queue nobody;
    for (int n = 0; n < 200; ++n) {
      const clock::time_point limit =
          clock::now() + std::chrono::nanoseconds(random.below(400'000));
      EXPECT_EQ(nobody.wait_unless(never_ready, limit), wake_reason::timeout);
      EXPECT_GE(clock::now(), limit);
    }
  };
  run(with_loops(2), [&] {
    std::vector<task<void>> fibers;
    for (std::uint64_t n = 0; n < 10; ++n) fibers.push_back(spawn([&, n] { wait_often(n); }));
    for (auto& each : fibers) each.join();
  });
  wait_often(99);
}

TEST(wait_queue, a_limit_that_passes_on_the_way_to_sleep_ends_the_wait) {
  random_numbers random(3);
  wait_queue nobody;
  const auto wait_shortly = [&] {
    for (int n = 0; n < test::rounds(10'000); ++n) {
      const clock::time_point limit = clock::now() + std::chrono::nanoseconds(random.below(2'000));
      ASSERT_EQ(nobody.wait_unless(never_ready, limit), wake_reason::timeout);
    }
  };
  wait_shortly();
  run(with_loops(1), wait_shortly);
}

/// Many takers with limits, cancels, and givers, everywhere at once. What was given is taken or
/// left.
class permit_race {
 public:
  permit_race() : first_(with_loops(2)), second_(with_loops(1)) {}

  void run_rounds(int rounds) {
    std::vector<std::thread> threads;
    std::vector<task<void>> fibers;
    for (std::uint64_t n = 0; n < 4; ++n) {
      runtime& home = n % 2 == 0 ? first_ : second_;
      fibers.push_back(home.spawn([this, rounds, n] { take_some(n, rounds); }));
      fibers.push_back(home.spawn([this, rounds, n] { give_some(10 + n, rounds); }));
      fibers.push_back(home.spawn([this, &home, rounds, n] { cancel_takers(home, n, rounds); }));
    }
    threads.emplace_back([this, rounds] { take_some(20, rounds); });
    threads.emplace_back([this, rounds] { give_some(21, rounds); });
    for (auto& each : fibers) each.join();
    for (auto& each : threads) each.join();
    EXPECT_EQ(given_, taken_ + shared_.free());
  }

 private:
  void take_some(std::uint64_t stream, int rounds) {
    random_numbers random(stream);
    for (int n = 0; n < rounds; ++n) {
      if (shared_.take(clock::now() + std::chrono::nanoseconds(random.below(100'000)))) ++taken_;
    }
  }
  void give_some(std::uint64_t stream, int rounds) {
    random_numbers random(stream);
    for (int n = 0; n < rounds; ++n) {
      shared_.give();
      ++given_;
      test::spin(random.below(10'000));
      if (random.once_in(8)) this_fiber::sleep_for(std::chrono::nanoseconds(random.below(50'000)));
    }
  }
  void cancel_takers(runtime& home, std::uint64_t stream, int rounds) {
    random_numbers random(100 + stream);
    for (int n = 0; n < rounds; ++n) {
      auto taker = home.spawn([this] {
        if (shared_.take()) ++taken_;
      });
      test::spin(random.below(20'000));
      if (random.once_in(2)) this_fiber::yield();
      taker.cancel();
      try {
        taker.join();
      } catch (const task_cancelled&) {
      }
    }
  }

  permits shared_;
  std::atomic<int> given_{0};
  std::atomic<int> taken_{0};
  runtime first_;
  runtime second_;
};

TEST(wait_queue, event_timeout_and_cancel_race_and_no_permit_is_lost_or_doubled) {
  permit_race race;
  race.run_rounds(test::rounds(10'000));  // 14 actors: 140,000 takes, gives and cancels
}

TEST(wait_queue, close_and_event_race_and_each_waiter_hears_one_of_them) {
  run(with_loops(2), [] {
    std::array<int, 5> heard{};
    for (int round = 0; round < test::rounds(20'000); ++round) {
      wait_queue queue;
      std::atomic<bool> closed{false};
      auto waiter = spawn([&] {
        return queue.wait_unless([&]() noexcept { return closed.load(); }, clock::now() + 1s);
      });
      auto closer =
          spawn([&] { queue.wake_all(wake_reason::closed, [&]() noexcept { closed = true; }); });
      queue.wake_one();
      closer.join();
      ++heard[static_cast<std::size_t>(waiter.join())];
    }
    EXPECT_EQ(heard[static_cast<std::size_t>(wake_reason::timeout)], 0);
    EXPECT_EQ(heard[static_cast<std::size_t>(wake_reason::none)], 0);
  });
}

TEST(wait_queue, a_queue_may_end_right_after_its_last_waiter_was_woken) {
  run(with_loops(2), [] {
    for (int round = 0; round < test::rounds(10'000); ++round) {
      auto* const queue = new wait_queue;
      std::atomic<bool> ready{false};
      auto waiter = spawn([&] {
        queue->wait_unless([&]() noexcept { return ready.load(); });
        delete queue;  // the waker is through with it: it has released the lock
      });
      queue->wake_all(wake_reason::event, [&]() noexcept { ready = true; });
      waiter.join();
    }
  });
}

}  // namespace
}  // namespace heddle
