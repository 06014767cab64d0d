// SPDX-License-Identifier: MIT
// Children that stay with their group until its maker joins it: depth first in little memory, in
// spawn order, for other loops to take, and no hindrance for whatever else runs on the loop.
#include <heddle/runtime.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/numbered_failure.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <numeric>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::failure_of;
using test::with_loops;

/// Adds up the numbers from `first` to `first + leaves`, by a tree of groups of ten.
long sum_of_tree(long first, long leaves) {
  if (leaves == 1) return first;
  std::array<long, 10> sums{};
  task_group parts;
  for (long& sum : sums) {
    parts.spawn([&sum, first, step = leaves / 10] { sum = sum_of_tree(first, step); });
    first += leaves / 10;
  }
  parts.join();
  return std::accumulate(sums.begin(), sums.end(), 0L);
}

constexpr long leaves = test::sanitized ? 10'000 : 100'000;
constexpr long sum_of_leaves = leaves * (leaves - 1) / 2;

TEST(kept_children, of_a_tree_are_started_depth_first) {
  for (const unsigned loops : {1U, 2U, 4U}) {
    runtime home(with_loops(loops));
    EXPECT_EQ(home.run([] { return sum_of_tree(0, leaves); }), sum_of_leaves);
    // Breadth first it takes a stack for each inner part: a tenth of the leaves. A loop keeps 64.
    EXPECT_LE(home.stats().stacks, leaves / 50) << loops;
  }
}

TEST(kept_children, of_a_tree_are_started_depth_first_beside_timers_and_fibers_that_yield) {
  for (const unsigned loops : {1U, 2U}) {
    runtime home(with_loops(loops));
    home.run([] {
      std::atomic<bool> over{false};
      auto ticks = spawn([&] {
        for (; !over; this_fiber::sleep_for(200us)) continue;
      });
      auto turns = spawn([&] {
        for (; !over; this_fiber::yield()) continue;
      });
      EXPECT_EQ(sum_of_tree(0, leaves), sum_of_leaves);
      over = true;
      ticks.join();
      turns.join();
    });
    EXPECT_LE(home.stats().stacks, leaves / 50) << loops;
  }
}

TEST(kept_children, let_timers_and_other_fibers_run_on_a_lone_loop) {
  run(with_loops(1), [] {
    std::atomic<bool> slept{false};
    std::atomic<int> turns{0};
    auto sleeper = spawn([&] {
      this_fiber::sleep_for(1ms);
      slept = true;
    });
    auto other = spawn([&] {
      for (; turns < 100; ++turns) this_fiber::yield();
    });
    // None of these children suspends, and each join has some to run.
    while (!slept || turns < 100) sum_of_tree(0, 100);
    sleeper.join();
    other.join();
  });
}

TEST(kept_children, that_go_on_for_ever_in_one_join_let_others_run) {
  // Each child spawns the next into its own group: the joins never end while they go on.
  struct chain {
    static void link(const std::atomic<bool>& over, int depth) {
      if (over || depth == 0) return;
      for (int n = 0; n < 2; ++n) {
        task_group next;
        next.spawn([&over, depth] { link(over, depth - 1); });
        next.join();
      }
    }
  };
  run(with_loops(1), [] {
    std::atomic<bool> over{false};
    auto sleeper = spawn([&] {
      this_fiber::sleep_for(1ms);
      over = true;
    });
    chain::link(over, 60);
    EXPECT_TRUE(over);
    sleeper.join();
  });
}

TEST(kept_children, start_in_spawn_order_among_all_that_their_fiber_spawns) {
  run(with_loops(1), [] {
    std::string order;
    const auto says = [&order](char what) { return [&order, what] { order += what; }; };
    task_group first;
    task_group second;
    first.spawn(says('a'));
    first.spawn(says('b'));
    auto plain = spawn(says('c'));
    first.spawn(says('d'));
    second.spawn(says('e'));
    first.spawn({.name = "f"}, says('f'));
    second.spawn(says('g'));
    second.join();
    first.join();
    plain.join();
    EXPECT_EQ(order, "abcdefg");
  });
}

TEST(kept_children, of_a_group_that_is_joined_second_start_first_if_they_are_older) {
  run(with_loops(1), [] {
    std::string order;
    task_group outer;
    outer.spawn([&order] { order += 'a'; });
    {
      task_group inner;
      inner.spawn([&order] { order += 'b'; });
      inner.join();
    }
    outer.spawn([&order] { order += 'c'; });
    outer.join();
    EXPECT_EQ(order, "abc");
  });
}

TEST(kept_children, more_than_there_is_room_for_run_in_order_too) {
  run(with_loops(1), [] {
    std::vector<int> order;
    task_group group;
    for (int n = 0; n < 1'000; ++n) group.spawn([&order, n] { order.push_back(n); });
    group.join();
    std::vector<int> all(1'000);
    std::iota(all.begin(), all.end(), 0);
    EXPECT_EQ(order, all);
  });
}

TEST(kept_children, are_there_for_other_loops_while_their_maker_computes) {
  run(with_loops(2), [] {
    std::atomic<int> ran{0};
    task_group group;
    for (int n = 0; n < 3; ++n) group.spawn([&ran] { ++ran; });
    while (ran < 3) std::this_thread::yield();  // it leaves its stack to nobody
    group.join();
  });
}

TEST(kept_children, are_there_for_other_loops_while_their_siblings_are_joined) {
  run(with_loops(2), [] {
    std::atomic<bool> second_ran{false};
    task_group group;
    group.spawn([&] {
      while (!second_ran) std::this_thread::yield();
    });
    group.spawn([&] { second_ran = true; });
    group.join();
  });
}

TEST(kept_children, that_suspend_leave_the_others_to_their_loop) {
  for (const unsigned loops : {1U, 2U}) {
    run(with_loops(loops), [] {
      std::vector<int> order;
      std::atomic<int> ran{0};
      test::gate last;
      task_group group;
      group.spawn([&] { (last.wait(), ++ran); });  // waits for a younger sibling
      for (int n = 0; n < 20; ++n) group.spawn([&] { (this_fiber::yield(), ++ran); });
      group.spawn([&] { (last.open(), ++ran); });
      group.join();
      EXPECT_EQ(ran, 22);
    });
  }
}

TEST(kept_children, of_outer_joins_run_while_an_inner_one_waits) {
  run(with_loops(1), [] {
    test::gate late;
    bool uncle_ran = false;
    task_group outer;
    outer.spawn([&] {
      task_group inner;
      inner.spawn([&] { late.wait(); });
      inner.join();
      EXPECT_TRUE(uncle_ran);
    });
    outer.spawn([&] {
      uncle_ran = true;
      late.open();
    });
    outer.join();
  });
}

TEST(kept_children, fail_and_are_cancelled_as_others) {
  for (const unsigned loops : {1U, 2U}) {
    run(with_loops(loops), [loops] {
      int ended_cancelled = 0;
      bool started_late = false;
      task_group group;
      group.spawn([&] {
        try {
          this_fiber::sleep_for(1h);
        } catch (const cancelled&) {
          ++ended_cancelled;
          throw;
        }
      });
      group.spawn([] { throw failure_of(7); });
      group.spawn([&] {
        started_late = true;
        this_fiber::checkpoint();
        // Another loop may have taken it before its sibling failed.
        EXPECT_NE(loops, 1U) << "it is cancelled by then";
      });
      EXPECT_THROW(group.join(), failure_of);
      EXPECT_EQ(ended_cancelled, 1);
      EXPECT_TRUE(started_late);
    });
  }
}

TEST(kept_children, are_cancelled_when_the_join_is) {
  for (const unsigned loops : {1U, 2U}) {
    run(with_loops(loops), [] {
      std::atomic<int> heard{0};
      std::atomic<int> begun{0};
      task_group outside;
      for (int n = 0; n < 3; ++n) {
        outside.spawn([&] {
          ++begun;
          while (true) {
            try {
              sum_of_tree(0, 10);
              this_fiber::yield();
            } catch (const cancelled&) {
              ++heard;
              throw;
            }
          }
        });
      }
      // The group was made outside of the scope whose time is over: the join is what hears of it.
      EXPECT_THROW(with_timeout(2ms, [&] { outside.join(); }), timed_out);
      EXPECT_EQ(begun, 3);
      EXPECT_EQ(heard, 3);
    });
  }
}

TEST(kept_children, that_never_park_do_not_keep_a_cancel_from_the_join_that_runs_them) {
  for (const unsigned loops : {1U, 2U}) {
    run(with_loops(loops), [] {
      bool heard = false;
      task_group outside;
      outside.spawn([&] {
        try {
          while (true) gather([] {}, [] {});
        } catch (const cancelled&) {
          heard = true;
          throw;
        }
      });
      EXPECT_THROW(with_timeout(1ms, [&] { outside.join(); }), timed_out);
      EXPECT_TRUE(heard);
    });
  }
}

TEST(kept_children, that_never_park_do_not_keep_their_siblings_from_starting) {
  for (const unsigned loops : {1U, 2U}) {
    run(with_loops(loops), [loops] {
      std::atomic<bool> started{false};
      task_group all;
      for (unsigned n = 0; n < loops; ++n) {  // so that none is idle
        all.spawn([&] {
          while (!started) gather([] {}, [] {});
        });
      }
      all.spawn([&] { started = true; });
      all.join();
    });
  }
}

TEST(kept_children, are_found_by_a_loop_that_sleeps_while_their_siblings_take_turns) {
  config settings = with_loops(2);
  settings.spin = 0us;
  run(settings, [] {
    // Many that nobody needs help with: after these, wake-ups are rare.
    for (int n = 0; n < test::rounds(20'000); ++n) gather([] {}, [] {});
    std::atomic<bool> elsewhere{false};
    const auto here = std::this_thread::get_id();
    task_group group;
    for (int n = 0; n < 200; ++n) {
      group.spawn([&, here] {
        const auto until = clock::now() + (elsewhere ? 0us : 500us);
        while (clock::now() < until) continue;
        if (std::this_thread::get_id() != here) elsewhere = true;
      });
    }
    group.join();
    EXPECT_TRUE(elsewhere);
  });
}

TEST(kept_children, of_a_deep_and_narrow_tree_are_started_depth_first) {
  struct tree {
    static void grow(int depth) {
      if (depth <= 1) return;
      task_group parts;
      parts.spawn([depth] { grow(depth - 1); });
      parts.spawn([depth] { grow(depth / 6); });
      parts.join();
    }
  };
  // More levels than a group may keep children.
  constexpr int depth = 300;
  runtime home(with_loops(1));
  home.run([] { tree::grow(depth); });
  EXPECT_LE(home.stats().stacks, 2U * depth);
}

TEST(kept_children, may_be_kept_again_after_those_of_another_group_were_stolen) {
  runtime home(with_loops(2));
  constexpr std::uint64_t groups = 3'000;
  home.run([] {
    std::atomic<bool> runs{false};
    std::atomic<bool> over{false};
    task_group first;
    first.spawn([&] {
      runs = true;
      while (!over) std::this_thread::yield();  // or its loop would come back for more
    });
    while (!runs) std::this_thread::yield();  // only the other loop can take it
    for (std::uint64_t n = 0; n < groups; ++n) gather([] {}, [] {});
    over = true;
  });
  std::uint64_t run_by_joins = 0;
  for (const auto& each : home.stats().loops) run_by_joins += each.claimed;
  EXPECT_GT(run_by_joins, groups);
}

TEST(kept_children, are_waited_for_by_their_maker_as_a_dump_says) {
  runtime home(with_loops(1));
  home.run([&home] {
    task_group group;
    group.spawn([&home] {
      std::ostringstream text;
      home.dump(text);
      EXPECT_NE(text.str().find("waits for the children of task_group"), std::string::npos)
          << text.str();
    });
    group.join();
  });
}

TEST(kept_children, of_a_join_that_is_late_already_still_start) {
  run(with_loops(1), [] {
    int started = 0;
    task_group outside;
    for (int n = 0; n < 3; ++n) {
      outside.spawn([&] {
        ++started;
        EXPECT_THROW(this_fiber::checkpoint(), cancelled);
      });
    }
    cancel_scope scope;
    EXPECT_FALSE(scope.run([&] {
      scope.cancel();
      outside.join();
    }));
    EXPECT_EQ(started, 3);
  });
}

TEST(kept_children, are_waited_for_by_another_fiber_that_joins_their_group) {
  for (const unsigned loops : {1U, 2U}) {
    run(with_loops(loops), [] {
      for (int round = 0; round < test::rounds(200); ++round) {
        std::atomic<int> ran{0};
        auto group = std::make_unique<task_group>();
        test::gate spawned;
        auto joiner = spawn([&] {
          spawned.wait();
          group->join();
          EXPECT_EQ(ran, 3);
          group.reset();
        });
        for (int n = 0; n < 3; ++n) group->spawn([&ran] { ++ran; });
        spawned.open();
        if (round % 2 == 0) this_fiber::yield();
        joiner.join();
      }
    });
  }
}

TEST(kept_children, of_a_group_that_outlives_its_maker_are_the_loop_s) {
  for (const unsigned loops : {1U, 2U}) {
    run(with_loops(loops), [] {
      std::atomic<int> ran{0};
      std::unique_ptr<task_group> left;
      task_group around;
      around.spawn([&] {
        left = std::make_unique<task_group>();
        for (int n = 0; n < 3; ++n) left->spawn([&ran] { ++ran; });
      });
      around.spawn([] {});
      around.join();
      left->join();
      EXPECT_EQ(ran, 3);
    });
  }
}

TEST(kept_children, are_left_to_the_loop_though_their_maker_has_joined_another_group_since) {
  run(with_loops(1), [] {
    std::string order;
    auto left = std::make_unique<task_group>();
    auto maker = spawn([&] {
      left->spawn([&order] { order += 'a'; });
      {
        task_group empty;
        empty.join();
      }
      {
        task_group other;
        other.spawn([&order] { order += 'b'; });
        other.join();
      }
      left->spawn([&order] { order += 'c'; });
    });
    maker.join();
    left->join();
    EXPECT_EQ(order, "abc");
  });
}

TEST(kept_children, of_a_task_that_a_pinned_fiber_joins_leave_that_on_its_loop) {
  run(with_loops(2), [] {
    std::atomic<bool> over{false};
    auto others = spawn([&] {
      for (; !over; this_fiber::yield()) continue;
    });
    for (int round = 0; round < test::rounds(50); ++round) {
      spawn({.pinned = true}, [] {
        const auto home = std::this_thread::get_id();
        auto maker = spawn([] { EXPECT_EQ(sum_of_tree(0, 1'000), 499'500); });
        maker.join();
        EXPECT_EQ(std::this_thread::get_id(), home);
      }).join();
    }
    over = true;
    others.join();
  });
}

/// Joins, with a time-out, a task that does `busy` again and again, and never parks.
template <class Busy>
void expect_time_out_while(Busy busy) {
  run(with_loops(1), [&busy] {
    std::atomic<bool> over{false};
    auto maker = spawn([&] {
      while (!over) busy();
    });
    EXPECT_THROW(with_timeout(1ms, [&] { maker.join(); }), timed_out);
    over = true;
    maker.join();
  });
}

TEST(kept_children, of_a_task_do_not_hold_up_the_time_out_of_its_joiner) {
  expect_time_out_while([] { sum_of_tree(0, 100); });
}

TEST(kept_children, and_tasks_that_a_task_joins_do_not_hold_up_its_joiner_either) {
  expect_time_out_while([] { spawn([] {}).join(); });
}

TEST(kept_children, of_a_group_that_is_not_joined_start_and_are_cancelled) {
  run(with_loops(1), [] {
    int started = 0;
    {
      task_group group;
      for (int n = 0; n < 3; ++n) {
        group.spawn([&] {
          ++started;
          EXPECT_THROW(this_fiber::checkpoint(), cancelled);
        });
      }
    }
    EXPECT_EQ(started, 3);
  });
}

TEST(kept_children, keep_their_results_for_handles_that_outlive_the_group) {
  run(with_loops(1), [] {
    subtask<std::string> kept;
    subtask<std::string> dropped_late;
    {
      task_group group;
      kept = group.spawn([] { return std::string(100, 'k'); });
      group.spawn([] { return std::string(100, 'd'); });
      dropped_late = group.spawn([] { return std::string(100, 'l'); });
      group.join();
    }
    EXPECT_EQ(kept.get(), std::string(100, 'k'));
  });
}

TEST(kept_children, whose_results_wait_when_they_are_destroyed_end_before_the_join) {
  struct waits_at_its_end {
    std::atomic<int>* ended;
    explicit waits_at_its_end(std::atomic<int>& count) : ended(&count) {}
    waits_at_its_end(waits_at_its_end&& other) noexcept
        : ended(std::exchange(other.ended, nullptr)) {}
    ~waits_at_its_end() {
      if (ended == nullptr) return;
      shield([] { this_fiber::sleep_for(100us); });
      ++*ended;
    }
  };
  for (const unsigned loops : {1U, 2U}) {
    run(with_loops(loops), [] {
      std::atomic<int> ended{0};
      task_group group;
      for (int n = 0; n < 5; ++n) group.spawn([&ended] { return waits_at_its_end(ended); });
      group.join();
      EXPECT_EQ(ended, 5);
    });
  }
}

TEST(kept_children, of_a_pinned_fiber_run_elsewhere_and_it_stays) {
  run(with_loops(2), [] {
    for (int round = 0; round < test::rounds(100); ++round) {
      spawn({.pinned = true}, [] {
        const auto home = std::this_thread::get_id();
        EXPECT_EQ(sum_of_tree(0, 1'000), 499'500);
        EXPECT_EQ(std::this_thread::get_id(), home);
      }).join();
    }
  });
}

TEST(kept_children, have_what_is_their_own) {
  run(with_loops(1), [] {
    fiber_local<int> local([] { return 0; });
    *local = 1;
    const fiber_id me = this_fiber::id();
    std::vector<fiber_id> seen;
    task_group group;
    for (int n = 0; n < 2; ++n) {
      group.spawn([&] {
        seen.push_back(this_fiber::id());
        EXPECT_EQ(*local, 0);
        *local = 5;
      });
    }
    group.join();
    ASSERT_EQ(seen.size(), 2U);
    EXPECT_NE(seen[0], seen[1]);
    EXPECT_NE(seen[0], me);
    EXPECT_EQ(this_fiber::id(), me);
    EXPECT_EQ(*local, 1);
  });
}

}  // namespace
}  // namespace heddle
