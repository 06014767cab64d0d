// SPDX-License-Identifier: MIT
// Tasks of a runtime with one loop, whose ends have no locked instruction, used from other threads
// and from fibers of other runtimes at the moment when they end.
#include <heddle/runtime.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/random.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

namespace heddle {
namespace {

using test::random_numbers;
using test::with_loops;

/// A task of `home` that ends about now.
template <class Result>
auto ending_soon(runtime& home, random_numbers& random, Result result) {
  const std::uint32_t pause = random.below(2'000);
  auto started = std::make_shared<std::atomic<bool>>(false);
  auto child = home.spawn([pause, started, result = std::move(result)]() mutable {
    *started = true;
    test::spin(pause);
    return std::move(result);
  });
  while (!*started) std::this_thread::yield();
  test::spin(random.below(2'000));
  return child;
}

TEST(lone_loop, a_join_by_a_thread_that_meets_the_end_is_not_lost) {
  runtime home(with_loops(1));
  random_numbers random(1);
  for (int round = 0; round < test::rounds(20'000); ++round) {
    EXPECT_EQ(ending_soon(home, random, round).join(), round);
  }
}

TEST(lone_loop, a_detach_by_a_thread_that_meets_the_end_frees_the_task_once) {
  auto counted = std::make_shared<int>(0);
  {
    runtime home(with_loops(1));
    random_numbers random(2);
    for (int round = 0; round < test::rounds(20'000); ++round) {
      ending_soon(home, random, counted).detach();
    }
  }
  EXPECT_EQ(counted.use_count(), 1);
}

TEST(lone_loop, a_cancel_by_a_thread_that_meets_the_end_does_not_hit_the_next_task) {
  runtime home(with_loops(1));
  random_numbers random(3);
  int cancelled_first = 0;
  for (int round = 0; round < test::rounds(10'000); ++round) {
    task<int> target = ending_soon(home, random, round);
    // Takes over the fiber, and waits on it, as soon as the first has ended.
    task<void> next = home.spawn([] { this_fiber::sleep_for(std::chrono::microseconds(20)); });
    target.cancel();
    try {
      EXPECT_EQ(target.join(), round);
    } catch (const task_cancelled&) {
      ++cancelled_first;  // it never waits, so it never meets its cancellation
    }
    EXPECT_NO_THROW(next.join());
  }
  EXPECT_EQ(cancelled_first, 0);
}

TEST(lone_loop, a_cancelled_join_by_a_fiber_of_another_runtime_leaves_the_task_or_takes_its_value) {
  runtime home(with_loops(1));
  runtime other(with_loops(1));
  random_numbers random(4);
  for (int round = 0; round < test::rounds(10'000); ++round) {
    task<int> child = ending_soon(home, random, round);
    std::optional<int> value;
    task<void> joiner = other.spawn([&] { value = child.join(); });
    test::spin(random.below(4'000));
    joiner.cancel();
    try {
      joiner.join();
    } catch (const task_cancelled&) {
    }
    // The joiner has left the task, or taken its value: there is one value, and it is somewhere.
    EXPECT_EQ(value.has_value() ? *value : child.join(), round);
  }
}

TEST(lone_loop, two_of_them_join_each_others_tasks) {
  runtime one(with_loops(1));
  runtime two(with_loops(1));
  const auto work = [](runtime& there, std::uint64_t stream) {
    random_numbers random(stream);
    long sum = 0;
    for (int round = 0; round < test::rounds(5'000); ++round) {
      task<int> child = there.spawn([round, pause = random.below(500)] {
        test::spin(pause);
        return round;
      });
      if (random.once_in(2)) this_fiber::yield();
      sum += child.join();
    }
    return sum;
  };
  task<long> first = one.spawn([&] { return work(two, 5); });
  task<long> second = two.spawn([&] { return work(one, 6); });
  const long rounds = test::rounds(5'000);
  EXPECT_EQ(first.join(), rounds * (rounds - 1) / 2);
  EXPECT_EQ(second.join(), rounds * (rounds - 1) / 2);
}

}  // namespace
}  // namespace heddle
