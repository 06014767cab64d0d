// SPDX-License-Identifier: MIT
// The checker can go red: each planted bug is found, shrunk and replayed.
#include <heddle/runtime.hpp>
#include <heddle/runtime/park.hpp>
#include <heddle/runtime/spinlock.hpp>
#include <heddle/sync.hpp>
#include <heddle/testing/explore.hpp>
#include <heddle/testing/simulation.hpp>

#include "testing/cpu_budget.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>

namespace {

using heddle::testing::exploration;
using heddle::testing::explore;
using heddle::testing::explore_options;
using heddle::testing::failure;

/// A queue by hand, with the bug that has hung many programs: between the look and the entry into
/// the list of waiters it suspends.
class forgetful_queue {
 public:
  void push(int value) {
    values_.push_back(value);
    if (waiting_ == nullptr) return;
    heddle::resumption woken = std::exchange(waiting_, nullptr)->claim();
  }

  int pop() {
    while (values_.empty()) {
      heddle::this_fiber::yield();  // as a log line, a metric, a lock would
      heddle::waiter self;
      waiting_ = &self;
      heddle::throw_if_cancelled(self.wait());
    }
    const int value = values_.front();
    values_.pop_front();
    return value;
  }

 private:
  std::deque<int> values_;
  heddle::waiter* waiting_ = nullptr;
};

void lose_a_wake_up() {
  forgetful_queue queue;
  heddle::task_group both;
  both.spawn([&queue] {
    for (int n = 0; n < 3; ++n) queue.pop();
  });
  both.spawn([&queue] {
    for (int n = 0; n < 3; ++n) {
      queue.push(n);
      heddle::this_fiber::yield();
    }
  });
  both.join();
}

/// Nothing in it has to wait but what goes wrong.
void lock_in_both_orders() {
  heddle::sync::mutex left;
  heddle::sync::mutex right;
  const auto take = [](heddle::sync::mutex& first, heddle::sync::mutex& second) {
    return [&first, &second] {
      const std::lock_guard one(first);
      const std::lock_guard two(second);
    };
  };
  heddle::task_group both;
  both.spawn(take(left, right));
  both.spawn(take(right, left));
  both.join();
}

/// A counter that is read under its lock, and written under its lock. Nothing has to wait.
void lose_an_update() {
  heddle::sync::mutex lock;
  int counter = 0;
  const auto with_lock = [&lock](auto&& body) {
    const std::lock_guard guard(lock);
    body();
  };
  heddle::task_group both;
  for (int n = 0; n < 2; ++n) {
    both.spawn([&] {
      int seen = 0;
      with_lock([&] { seen = counter; });
      with_lock([&] { counter = seen + 1; });
    });
  }
  both.join();
  if (counter != 2) throw std::runtime_error("an update was lost");
}

/// Right under every schedule.
void hand_over_in_order() {
  heddle::sync::channel<int> values(1);
  heddle::task_group both;
  both.spawn([&values] {
    for (int n = 0; n < 3; ++n) values.send(n);
    values.close();
  });
  int sum = 0;
  both.spawn([&] {
    while (const std::optional<int> value = values.receive()) sum += *value;
  });
  both.join();
  if (sum != 3) throw std::runtime_error("a value was lost");
}

explore_options quiet(exploration mode, unsigned loops) {
  explore_options options;
  options.mode = mode;
  options.loops = loops;
  return options;
}

explore_options quiet(exploration mode) {
  return quiet(mode, mode == exploration::exhaustive ? 2 : 3);
}

class explore_each : public ::testing::TestWithParam<exploration> {};

TEST_P(explore_each, finds_a_lost_wake_up) {
  const heddle::test::cpu_budget budget;
  const std::optional<failure> found = explore(lose_a_wake_up, quiet(GetParam()));
  ASSERT_TRUE(found);
  EXPECT_NE(found->what.find("deadlock"), std::string::npos) << found->what;
}

TEST_P(explore_each, finds_locks_taken_in_both_orders) {
  const heddle::test::cpu_budget budget;
  const std::optional<failure> found = explore(lock_in_both_orders, quiet(GetParam()));
  ASSERT_TRUE(found);
  EXPECT_NE(found->what.find("held by fiber"), std::string::npos) << found->what;
}

TEST_P(explore_each, finds_a_lost_update) {
  const heddle::test::cpu_budget budget;
  const std::optional<failure> found = explore(lose_an_update, quiet(GetParam()));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->what, "an update was lost");
}

TEST_P(explore_each, finds_nothing_in_a_right_program) {
  explore_options options = quiet(GetParam());
  options.seeds = 300;
  EXPECT_FALSE(explore(hand_over_in_order, options));
}

TEST_P(explore_each, bears_a_program_that_polls) {
  explore_options options = quiet(GetParam());
  options.seeds = 100;
  const std::optional<failure> found = explore(
      [] {
        bool told = false;
        heddle::task_group both;
        both.spawn({.pinned = true, .loop = 0}, [&told] {
          while (!told) heddle::this_fiber::yield();
        });
        both.spawn({.pinned = true, .loop = 1}, [&told] { told = true; });
        both.join();
      },
      options);
  EXPECT_FALSE(found) << found->what;
}

INSTANTIATE_TEST_SUITE_P(modes, explore_each,
                         ::testing::Values(exploration::random, exploration::pct,
                                           exploration::exhaustive),
                         [](const auto& each) {
                           switch (each.param) {
                             case exploration::random:
                               return "random";
                             case exploration::pct:
                               return "pct";
                             case exploration::exhaustive:
                               return "exhaustive";
                           }
                           return "unknown";
                         });

TEST(explore, a_failure_is_replayed_by_its_schedule) {
  const std::optional<failure> found = explore(lose_a_wake_up, quiet(exploration::random));
  ASSERT_TRUE(found);
  heddle::testing::simulation again(
      heddle::testing::simulation_options{.schedule = found->schedule});
  EXPECT_THROW(again.run(lose_a_wake_up), heddle::testing::deadlock);
  EXPECT_EQ(again.trace(), found->trace);
  EXPECT_NE(found->command.find("HEDDLE_SEED=" + found->schedule), std::string::npos);
}

TEST(explore, a_failure_is_shrunk) {
  explore_options options = quiet(exploration::random, 8);
  options.shrink_runs = 0;
  const std::optional<failure> as_found = explore(lose_a_wake_up, options);
  options.shrink_runs = 300;
  const std::optional<failure> shrunk = explore(lose_a_wake_up, options);
  ASSERT_TRUE(as_found);
  ASSERT_TRUE(shrunk);
  EXPECT_EQ(as_found->seed, shrunk->seed);
  const auto answers = [](const failure& of) {
    return std::count(of.schedule.begin(), of.schedule.end(), ':');
  };
  EXPECT_EQ(as_found->schedule.substr(0, 2), "8/");
  EXPECT_LT(shrunk->schedule[0], '4') << shrunk->schedule;
  EXPECT_LT(answers(*shrunk), answers(*as_found));
}

TEST(explore, shrinking_keeps_the_kind_of_the_failure) {
  // With fewer loops or other choices it fails too, but otherwise.
  const auto two_faults = [] {
    int first = 0;
    heddle::task_group all;
    for (const int n : {1, 2, 3}) {
      all.spawn([&first, n] {
        if (first == 0) first = n;
      });
    }
    all.join();
    if (first == 3) throw std::out_of_range("the rare one");
    if (first == 2) throw std::domain_error("the usual one");
  };
  int rare = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    explore_options options = quiet(exploration::random, 8);
    options.seeds = 1;
    options.first_seed = seed;
    options.shrink_runs = 0;
    const auto as_found = explore(two_faults, options);
    if (!as_found) continue;
    options.shrink_runs = 300;
    const auto shrunk = explore(two_faults, options);
    ASSERT_TRUE(shrunk);
    EXPECT_EQ(shrunk->what, as_found->what) << seed;
    if (shrunk->what == "the rare one") ++rare;
  }
  EXPECT_GT(rare, 0);
}

/// Two loops count; throws if they took turns more than once.
void take_turns_once() {
  std::string order;
  heddle::task_group both;
  for (const unsigned loop : {0U, 1U}) {
    both.spawn({.pinned = true, .loop = loop}, [&order, loop] {
      for (int n = 0; n < 20; ++n) {
        heddle::this_fiber::checkpoint();
        order += static_cast<char>('0' + loop);
      }
    });
  }
  both.join();
  order.erase(std::unique(order.begin(), order.end()), order.end());
  if (order.size() > 2) throw std::runtime_error(order);
}

TEST(explore, priorities_change_as_often_as_they_are_told_to) {
  explore_options options = quiet(exploration::pct, 2);
  options.seeds = 300;
  options.priority_changes = 0;
  const auto unchanged = explore(take_turns_once, options);
  EXPECT_FALSE(unchanged) << unchanged->what;
  options.priority_changes = 3;
  EXPECT_TRUE(explore(take_turns_once, options));
}

TEST(explore, a_small_program_is_tried_exhaustively) {
  heddle::testing::explore_progress progress;
  explore_options options = quiet(exploration::exhaustive, 2);
  options.seeds = 100'000;
  options.progress = &progress;
  const auto two_fibers = [] {
    heddle::task_group both;
    for (int n = 0; n < 2; ++n) both.spawn([] { heddle::this_fiber::yield(); });
    both.join();
  };
  EXPECT_FALSE(explore(two_fibers, options));
  EXPECT_TRUE(progress.complete) << progress.runs;
  EXPECT_GT(progress.runs, 100U);
}

TEST(explore, tries_as_many_as_it_was_told_to) {
  heddle::testing::explore_progress progress;
  explore_options options = quiet(exploration::random);
  options.seeds = 17;
  options.progress = &progress;
  int runs = 0;
  EXPECT_FALSE(explore([&runs] { ++runs; }, options));
  EXPECT_EQ(runs, 17);
  EXPECT_EQ(progress.runs, 17U);
}

TEST(explore, an_error_that_nobody_joins_is_a_failure) {
  const std::optional<failure> found = explore([] {
    heddle::spawn([] { throw std::runtime_error("nobody hears it"); }).detach();
    heddle::this_fiber::sleep_for(std::chrono::seconds{1});
  });
  ASSERT_TRUE(found);
  EXPECT_NE(found->what.find("nobody hears it"), std::string::npos) << found->what;
}

TEST(explore, asks_whether_a_run_failed) {
  explore_options options = quiet(exploration::random);
  int asked = 0;
  options.failed = [&asked] { return ++asked == 5; };
  options.shrink_runs = 0;
  const std::optional<failure> found = explore([] {}, options);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->seed, 5U);
}

}  // namespace
