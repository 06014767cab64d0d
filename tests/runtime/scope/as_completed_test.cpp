// SPDX-License-Identifier: MIT
// as_completed: results as tasks end, failures at their turn, and what becomes of the rest.
#include <heddle/runtime.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <span>
#include <stdexcept>
#include <type_traits>
#include <vector>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::with_loops;

TEST(as_completed, gives_the_results_in_the_order_in_which_the_tasks_end) {
  run(with_loops(1), [] {
    std::array<test::gate, 3> gates;
    std::vector<task<int>> tasks;
    for (int n = 0; n < 3; ++n) {
      tasks.push_back(spawn([&gates, n] {
        gates[static_cast<std::size_t>(n)].wait();
        return n;
      }));
    }
    std::vector<int> seen;
    gates[2].open();
    for (const int n : as_completed(tasks)) {
      seen.push_back(n);
      if (n == 2) gates[0].open();
      if (n == 0) gates[1].open();
    }
    EXPECT_EQ(seen, (std::vector<int>{2, 0, 1}));
    EXPECT_FALSE(tasks[0].joinable());
  });
}

TEST(as_completed, tasks_that_have_ended_come_first_in_the_order_of_the_range) {
  run(with_loops(1), [] {
    test::gate go_on;
    std::vector<task<int>> tasks;
    tasks.push_back(spawn([&] {
      go_on.wait();
      return 0;
    }));
    for (int n = 1; n < 4; ++n) tasks.push_back(spawn([n] { return n; }));
    test::let_all_run();
    std::vector<int> seen;
    for (const int n : as_completed(tasks)) {
      seen.push_back(n);
      if (n == 3) go_on.open();
    }
    EXPECT_EQ(seen, (std::vector<int>{1, 2, 3, 0}));
  });
}

TEST(as_completed, of_no_tasks_is_empty) {
  run(with_loops(1),
      [] { EXPECT_EQ(as_completed(std::vector<task<int>>{}).next(), std::nullopt); });
}

TEST(as_completed, takes_results_of_all_kinds) {
  run(with_loops(1), [] {
    std::vector<task<void>> without;
    without.push_back(spawn([] {}));
    static_assert(std::is_same_v<decltype(as_completed(without)), generator<std::monostate>>);
    EXPECT_EQ(as_completed(without).next(), std::monostate{});
    int place = 0;
    std::array<task<int&>, 1> places{spawn([&]() -> int& { return place; })};
    EXPECT_EQ(&*as_completed(places).begin(), &place);
    std::vector<task<std::unique_ptr<int>>> boxes;
    boxes.push_back(spawn([] { return std::make_unique<int>(4); }));
    for (std::unique_ptr<int> box : as_completed(std::span(boxes))) EXPECT_EQ(*box, 4);
  });
}

TEST(as_completed, a_failure_is_thrown_at_its_turn_and_the_rest_goes_on) {
  run(with_loops(1), [] {
    test::gate go_on;
    std::vector<task<int>> tasks;
    tasks.push_back(spawn([] { return 1; }));
    tasks.push_back(spawn([]() -> int { throw std::runtime_error("the second"); }));
    tasks.push_back(spawn([]() -> int {
      test::park_for_ever();
      return 0;
    }));
    tasks.push_back(spawn([&] {
      go_on.wait();
      return 4;
    }));
    tasks[2].cancel();
    auto results = as_completed(tasks);
    EXPECT_EQ(results.next(), 1);
    EXPECT_THROW(results.next(), std::runtime_error);
    EXPECT_THROW(results.next(), task_cancelled);
    go_on.open();
    EXPECT_EQ(results.next(), 4);
    EXPECT_EQ(results.next(), std::nullopt);
  });
}

/// A task that waits until it is cancelled, and counts that.
task<int> waits(std::atomic<int>& ended) {
  return spawn([&ended]() -> int {
    struct counts {
      std::atomic<int>& to;
      ~counts() { ++to; }
    } const at_end{ended};
    test::park_for_ever();
    return 0;
  });
}

TEST(as_completed, left_early_it_leaves_borrowed_tasks_alone) {
  run(with_loops(2), [] {
    std::atomic<int> ended{0};
    test::gate open;
    std::vector<task<int>> tasks;
    tasks.push_back(spawn([&] {
      open.wait();
      return 0;
    }));
    tasks.push_back(spawn([] { return 1; }));
    tasks.push_back(waits(ended));
    for (const int n : as_completed(tasks)) {
      EXPECT_EQ(n, 1);
      break;
    }
    EXPECT_EQ(ended, 0);
    EXPECT_FALSE(tasks[1].joinable());
    open.open();
    EXPECT_EQ(tasks[0].join(), 0);
    EXPECT_FALSE(tasks[2].done());
    tasks.clear();
    EXPECT_EQ(ended, 1);
  });
}

TEST(as_completed, left_early_it_cancels_and_joins_tasks_that_were_moved_in) {
  run(with_loops(2), [] {
    std::atomic<int> ended{0};
    std::vector<task<int>> tasks;
    for (int n = 0; n < 10; ++n) tasks.push_back(waits(ended));
    tasks.push_back(spawn([] { return 1; }));
    for (const int n : as_completed(std::move(tasks))) {
      EXPECT_EQ(n, 1);
      break;
    }
    EXPECT_EQ(ended, 10);
    tasks.clear();
    tasks.push_back(waits(ended));
    { auto never_begun = as_completed(std::move(tasks)); }
    EXPECT_EQ(ended, 11);
  });
}

TEST(as_completed, all_of_them_are_told_to_end_before_the_first_is_waited_for) {
  run(with_loops(1), [] {
    std::atomic<int> told{0};
    std::vector<task<void>> tasks;
    for (int n = 0; n < 5; ++n) {
      tasks.push_back(spawn([&told] {
        try {
          test::park_for_ever();
        } catch (const cancelled&) {
          ++told;
          shield([&] { test::yield_until([&] { return told == 5; }); });
          throw;
        }
      }));
    }
    auto results = as_completed(std::move(tasks));
    EXPECT_FALSE(move_on_after(1ms, [&] { return results.next(); }));
    results = {};
    EXPECT_EQ(told, 5);
  });
}

TEST(as_completed, a_cancelled_step_loses_no_result) {
  run(with_loops(2), [] {
    constexpr int count = test::rounds(400);
    std::vector<task<int>> tasks;
    for (int n = 0; n < count; ++n) {
      tasks.push_back(spawn([n] {
        this_fiber::sleep_for(std::chrono::microseconds(n % 7 * 50));
        return n;
      }));
    }
    auto results = as_completed(tasks);
    std::vector<int> seen;
    if (const auto first = results.next()) seen.push_back(*first);
    for (bool more = true; more;) {
      cancel_scope scope;
      auto canceller = spawn([&] { scope.cancel(); });
      const auto got = scope.run([&] { return results.next(); });
      canceller.join();
      if (!got) continue;
      more = got->has_value();
      if (more) seen.push_back(**got);
    }
    std::ranges::sort(seen);
    ASSERT_EQ(seen.size(), static_cast<std::size_t>(count));
    for (int n = 0; n < count; ++n) EXPECT_EQ(seen[static_cast<std::size_t>(n)], n);
  });
}

TEST(as_completed, a_consumer_that_is_cancelled_leaves_nobody) {
  run(with_loops(2), [] {
    std::atomic<int> ended{0};
    std::vector<task<int>> tasks;
    for (int n = 0; n < 10; ++n) tasks.push_back(waits(ended));
    EXPECT_THROW(with_timeout(1ms,
                              [&] {
                                for (const int n : as_completed(std::move(tasks))) FAIL() << n;
                              }),
                 timed_out);
    EXPECT_EQ(ended, 10);
  });
}

TEST(as_completed, a_task_without_a_task_is_refused) {
  run(with_loops(1), [] {
    std::vector<task<int>> tasks(1);
    tasks.push_back(spawn([] { return 1; }));
    EXPECT_THROW(as_completed(tasks).next(), std::logic_error);
    EXPECT_EQ(tasks[1].join(), 1);
  });
}

TEST(as_completed, waiting_for_a_task_leaves_it_to_be_joined) {
  run(with_loops(1), [] {
    auto one = spawn([] {
      this_fiber::yield();
      return 3;
    });
    one.wait();
    EXPECT_TRUE(one.done());
    one.wait();
    EXPECT_EQ(one.join(), 3);
    EXPECT_THROW(one.wait(), std::logic_error);
    auto stays = spawn([] { test::park_for_ever(); });
    EXPECT_FALSE(move_on_after(1ms, [&] { stays.wait(); }));
    EXPECT_FALSE(stays.done());
  });
}

}  // namespace
}  // namespace heddle
