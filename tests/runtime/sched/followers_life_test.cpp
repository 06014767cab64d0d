// SPDX-License-Identifier: MIT
// Tasks that follow older siblings on another loop have their turn, whatever runs there; so have
// those that a thief holds, if it does not get round to them.
#include <heddle/runtime.hpp>

#include "base/cpu_relax.hpp"
#include "runtime/support/compute.hpp"
#include "runtime/support/loops.hpp"
#include "runtime/support/sanitized.hpp"
#include "sched/scheduler.hpp"
#include "sched/worker.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::compute_for;
using test::with_loops;

config without_reports(unsigned loops) {
  config settings = with_loops(loops);
  settings.slow_slice = 0s;
  return settings;
}

/// A fiber that has left children in the deque of loop 0, and spawns `follower` on loop 1. Loop 1
/// is kept busy, so that they stay there, by a fiber that opens the gate and then calls `beside`.
template <class Beside, class Follower>
void follow(int children, Beside beside, Follower follower) {
  test::gate moves;
  std::atomic<bool> left_some{false};
  auto opener = spawn({.loop = 1}, [&] {
    while (!left_some) detail::cpu_relax();
    moves.open();
    beside();
  });
  auto maker = spawn({.loop = 0}, [&] {
    std::vector<task<void>> older;
    for (int n = 0; n < children; ++n) older.push_back(spawn([] { compute_for(50us); }));
    left_some = true;
    moves.wait();
    task<void> last = spawn(follower);
    for (task<void>& each : older) each.join();
    last.join();
  });
  maker.join();
  opener.join();
}

TEST(followers, have_their_turn_beside_pinned_fibers_that_always_yield) {
  run(without_reports(2), [] {
    std::atomic<bool> over{false};
    const clock::time_point begin = clock::now();
    const auto always_yields = [&] {
      while (!over && clock::now() < begin + 20s) this_fiber::yield();
    };
    std::array<task<void>, 2> beside;
    for (task<void>& each : beside) each = spawn({.pinned = true, .loop = 0}, always_yields);
    follow(50, always_yields, [&over] { over = true; });
    EXPECT_LT(clock::now() - begin, 10s);
    for (task<void>& each : beside) each.join();
  });
}

TEST(placed_tasks, have_their_turn_beside_pinned_fibers_that_always_yield) {
  run(without_reports(1), [] {
    std::atomic<bool> over{false};
    const clock::time_point begin = clock::now();
    std::array<task<void>, 2> beside;
    for (task<void>& each : beside) {
      each = spawn({.pinned = true}, [&] {
        while (!over && clock::now() < begin + 20s) this_fiber::yield();
      });
    }
    this_fiber::yield();
    spawn({.loop = 0}, [&over] { over = true; }).join();
    EXPECT_LT(clock::now() - begin, 10s);
    for (task<void>& each : beside) each.join();
  });
}

// Younger tasks that come behind a follower, in the deque that it follows, do not go before it.
TEST(followers, are_taken_from_a_loop_that_only_spawns) {
  run(without_reports(2), [] {
    std::atomic<bool> over{false};
    std::atomic<int> younger{0};
    std::atomic<int> before{-1};
    test::gate moves;
    std::atomic<bool> left_one{false};
    auto opener = spawn({.loop = 1}, [&] {
      while (!left_one) detail::cpu_relax();
      moves.open();
    });
    auto maker = spawn({.loop = 0}, [&] {
      auto hog = spawn([&] {
        left_one = true;
        std::vector<task<void>> many;
        const clock::time_point until = clock::now() + 20s;
        while (!over && many.size() < 100'000 && clock::now() < until) {
          many.push_back(spawn([&younger] {
            ++younger;
            compute_for(20us);
          }));
          compute_for(10us);
        }
        for (task<void>& each : many) each.join();
      });
      auto older = spawn([] { compute_for(20us); });
      moves.wait();
      auto follower = spawn([&] {
        before = younger.load();
        over = true;
      });
      older.join();
      follower.join();
      hog.join();
    });
    maker.join();
    opener.join();
    EXPECT_LT(before, 1'000) << "of some 100,000";
  });
}

// A thief takes tasks that seem short in a row. Those that it has not begun are not lost behind one
// that waits for them, on whichever loop that is.
TEST(stolen_tasks, run_though_one_of_a_batch_waits_for_all_others) {
  static constexpr int tasks = 500;
  for (const unsigned loops : {2U, 4U}) {
    for (int waits = 50; waits < tasks; waits += 50) {
      std::atomic<int> ran{0};
      run(without_reports(loops), [&] {
        task_group all;
        for (int n = 0; n < tasks; ++n) {
          all.spawn([&ran, waits, n] {
            if (n == waits) {
              EXPECT_TRUE(test::eventually([&ran] { return ran == tasks - 1; }));
            }
            ++ran;
          });
        }
        all.join();
      });
      ASSERT_EQ(ran, tasks);
    }
  }
}

std::uint64_t taken_over_of(detail::scheduler& home) {
  std::uint64_t sum = 0;
  for (std::size_t n = 0; n < home.loops(); ++n) sum += home.loop(n).counters().taken_over.value();
  return sum;
}

// Each is a slice of its own, so the thief is never stuck; but there are too many for one.
TEST(stolen_tasks, that_turn_out_to_be_long_do_not_all_wait_for_the_thief_that_holds_them) {
  if (test::sanitized) GTEST_SKIP() << "with a sanitizer no task is short, so none is held";
  run(without_reports(2), [] {
    detail::scheduler& home = detail::worker::current()->owner();
    const clock::time_point until = clock::now() + 20s;
    while (taken_over_of(home) == 0 && clock::now() < until) {
      task_group all;
      for (int n = 0; n < 2'000; ++n) {
        const bool turns_long = n >= 1'900;
        all.spawn({.stack_bytes = 64 * 1024}, [turns_long] {  // not to be kept, but in the deque
          if (turns_long) compute_for(400us);
        });
      }
      all.join();
    }
    EXPECT_GT(taken_over_of(home), 0U);
  });
}

}  // namespace
}  // namespace heddle
