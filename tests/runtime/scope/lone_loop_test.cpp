// SPDX-License-Identifier: MIT
// Tasks of a runtime with one loop, whose ends have no locked instruction, used from other threads
// and from fibers of other runtimes at the moment when they end.
#include <heddle/runtime.hpp>

#include "runtime/support/child.hpp"
#include "runtime/support/loops.hpp"
#include "runtime/support/placement.hpp"
#include "runtime/support/random.hpp"
#include "runtime/support/sanitized.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include <sys/syscall.h>

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

TEST(lone_loop, a_cancel_that_is_asked_again_and_again_does_not_hold_the_end_up) {
  runtime home(with_loops(1));
  for (int round = 0; round < test::rounds(200); ++round) {
    std::atomic<bool> asked{false};
    task<void> child = home.spawn([&] { test::wait_until([&] { return asked.load(); }); });
    long times = 0;
    while (!child.done()) {
      child.cancel();
      asked = ++times > 50;
    }
    child.join();
  }
}

/// Runs `body` where the kernel refuses membarrier(2), from the call of `refuse` on.
test::child_end without_membarrier(const std::function<bool(const std::function<void()>&)>& body) {
  return test::in_child([&] { return body([] { test::refuse_call(SYS_membarrier); }); });
}

TEST(lone_loop, without_membarrier_its_tasks_end_by_the_locked_way) {
  const test::child_end end = without_membarrier([](const auto& refuse) {
    refuse();
    runtime home(with_loops(1));
    random_numbers random(8);
    for (int round = 0; round < 2'000; ++round) {
      if (ending_soon(home, random, round).join() != round) return false;
      ending_soon(home, random, round).detach();
    }
    return true;
  });
  EXPECT_TRUE(end.exited_with(0)) << end.output;
}

TEST(lone_loop, a_process_that_forbids_itself_membarrier_later_is_stopped_with_a_message) {
  const test::child_end end = without_membarrier([](const auto& refuse) {
    runtime home(with_loops(1));
    refuse();
    home.spawn([] { this_fiber::sleep_for(std::chrono::hours(1)); }).detach();
    return true;
  });
  EXPECT_TRUE(end.killed_by(SIGABRT));
  EXPECT_THAT(end.output, testing::HasSubstr("membarrier(2)"));
}

TEST(lone_loop, a_thread_that_is_taken_off_its_core_between_two_steps_does_not_hold_the_loop) {
  // The thread detaches, at the lowest priority, on a core that another keeps busy; the loop has
  // a core for itself. What the thread holds when it loses its core, the loop may not need.
  if (test::sanitized) GTEST_SKIP() << "the instrumented loop is itself too slow to tell";
  if (test::allowed_cpus() < 2) GTEST_SKIP() << "one CPU";
  std::optional<runtime> home;
  {
    const test::on_cpu pinned(1);
    home.emplace(with_loops(1));  // its loop stays where it was born
  }
  const test::on_cpu pinned(0);
  std::atomic<bool> over{false};
  std::thread hog([&] {
    while (!over) test::spin(100);
  });
  std::chrono::nanoseconds longest{};  // of the loop's CPU time: the machine itself may hold it
  task<void> ticks = home->spawn([&] {
    auto last = test::thread_cpu_time();
    while (!over) {
      this_fiber::yield();
      const auto now = test::thread_cpu_time();
      longest = std::max<std::chrono::nanoseconds>(longest, now - last);
      last = now;
    }
  });
  std::thread low([&] {
    test::lower_priority();
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(2);
    while (std::chrono::steady_clock::now() < limit) {
      std::atomic<bool> begun{false};
      std::atomic<bool> ended{false};
      task<void> child = home->spawn([&] {
        begun = true;
        test::spin(20'000);
        ended = true;
      });
      while (!begun) {
      }
      child.detach();
      while (!ended) {
      }
    }
  });
  low.join();
  over = true;
  hog.join();
  ticks.join();
  // One that span on what the thread holds did so for 270 ms: until the system let that one go on.
  EXPECT_LT(longest, std::chrono::milliseconds(100))
      << "the loop span while a thread that had lost its core held it up";
}

}  // namespace
}  // namespace heddle
