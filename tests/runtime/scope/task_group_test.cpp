// SPDX-License-Identifier: MIT
// Groups: nobody outlives them, and the first failure cancels the rest.
#include <heddle/runtime.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/numbered_failure.hpp"
#include "runtime/support/random.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::failure_of;
using test::number_of;
using test::park_for_ever;
using test::with_loops;

TEST(task_group, gives_the_results_of_its_children_after_the_join) {
  for (const unsigned loops : {1U, 2U}) {
    run(with_loops(loops), [] {
      int kept = 0;
      task_group group;
      test::gate joined;
      auto seven = group.spawn([&] { return (joined.wait(), 7); });
      auto same = group.spawn([&]() -> int& { return kept; });
      auto moved = group.spawn([] { return std::make_unique<int>(3); });
      auto nothing = group.spawn([&] { this_fiber::yield(); });
      EXPECT_THROW(seven.get(), std::logic_error) << "not joined yet";
      joined.open();
      group.join();
      EXPECT_TRUE(seven.done());
      EXPECT_EQ(seven.get(), 7);
      EXPECT_THROW(seven.get(), std::logic_error) << "taken";
      EXPECT_EQ(&same.get(), &kept);
      EXPECT_EQ(*moved.get(), 3);
      nothing.get();
      EXPECT_TRUE(group.failures().empty());
    });
  }
}

TEST(task_group, without_children_joins_at_once) {
  run(with_loops(1), [] {
    task_group group;
    group.join();
    EXPECT_THROW(group.join(), std::logic_error);
    EXPECT_THROW(group.spawn([] {}), std::logic_error);
    task_group never_joined;
  });
}

TEST(task_group, children_may_use_the_locals_of_their_parent) {
  run(with_loops(2), [] {
    std::vector<int> squares(100);
    task_group group;
    for (std::size_t n = 0; n < squares.size(); ++n) {
      group.spawn([&squares, n] { squares[n] = static_cast<int>(n * n); });
    }
    group.join();
    for (std::size_t n = 0; n < squares.size(); ++n) EXPECT_EQ(squares[n], n * n);
  });
}

TEST(task_group, children_on_one_loop_start_in_the_order_in_which_they_were_spawned) {
  run(with_loops(1), [] {
    std::vector<int> order;
    task_group group;
    for (int n = 0; n < 10; ++n) group.spawn([&order, n] { order.push_back(n); });
    group.join();
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  });
}

TEST(task_group, the_first_failure_cancels_the_others_and_is_rethrown) {
  for (const unsigned loops : {1U, 2U}) {
    run(with_loops(loops), [] {
      std::string why;
      task_group group;
      auto waits = group.spawn([&] {
        try {
          park_for_ever();
        } catch (const cancelled& request) {
          why = request.reason();
          throw;
        }
      });
      auto fails = group.spawn([] {
        this_fiber::yield();
        throw failure_of(1);
      });
      auto has_ended = group.spawn([] { return 5; });
      EXPECT_THROW(group.join(), failure_of);
      EXPECT_EQ(why, "a sibling failed");
      EXPECT_THROW(waits.get(), task_cancelled);
      EXPECT_THROW(fails.get(), failure_of);
      EXPECT_EQ(has_ended.get(), 5);
      ASSERT_EQ(group.failures().size(), 1U);
    });
  }
}

TEST(task_group, keeps_all_failures_in_the_order_in_which_they_happened) {
  run(with_loops(1), [] {
    task_group group;
    for (int n = 0; n < 4; ++n) {
      group.spawn([n] {
        try {
          if (n != 2) park_for_ever();
        } catch (const cancelled&) {
          if (n == 3) throw;
        }
        throw failure_of(n);
      });
    }
    try {
      group.join();
      FAIL() << "joined";
    } catch (const failure_of& first) {
      EXPECT_EQ(first.number, 2);
    }
    const auto all = group.failures();
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(number_of(all[0]), 2);
    EXPECT_EQ(number_of(all[1]) + number_of(all[2]), 1);
  });
}

TEST(task_group, after_cancel_the_join_returns_normally_unless_a_child_failed) {
  run(with_loops(1), [] {
    {
      task_group group;
      auto child = group.spawn([] { park_for_ever(); });
      auto late = group.spawn([] { return 3; });
      test::let_all_run();
      group.cancel();
      auto after = group.spawn([] { this_fiber::checkpoint(); });
      group.join();
      EXPECT_THROW(child.get(), task_cancelled);
      EXPECT_EQ(late.get(), 3);
      EXPECT_THROW(after.get(), task_cancelled);
    }
    task_group group;
    group.spawn([] {
      try {
        park_for_ever();
      } catch (const cancelled&) {
        throw failure_of(1);
      }
    });
    group.cancel();
    EXPECT_THROW(group.join(), failure_of);
  });
}

TEST(task_group, cancelled_from_a_plain_thread_ends) {
  run(with_loops(2), [] {
    task_group group;
    for (int n = 0; n < 10; ++n) group.spawn([] { park_for_ever(); });
    std::thread other([&] { group.cancel(); });
    group.join();
    other.join();
  });
}

TEST(task_group, a_cancelled_join_cancels_the_children_and_waits_for_them) {
  run(with_loops(1), [] {
    int ended = 0;
    cancel_scope scope;
    auto canceller = spawn([&] { scope.cancel("from outside"); });
    std::string why;
    EXPECT_FALSE(scope.run([&] {
      task_group group;
      for (int n = 0; n < 3; ++n) {
        group.spawn([&] {
          try {
            park_for_ever();
          } catch (const cancelled& request) {
            why = request.reason();
            shield([] { this_fiber::sleep_for(1ms); });
            ++ended;
            throw;
          }
        });
      }
      group.join();
    }));
    EXPECT_EQ(ended, 3);
    EXPECT_EQ(why, "from outside") << "the children hear it from the scope itself";
    canceller.join();
  });
}

TEST(task_group, a_failure_goes_before_the_cancellation_of_the_join) {
  run(with_loops(1), [] {
    cancel_scope scope;
    EXPECT_THROW(scope.run([&] {
      task_group group;
      group.spawn([] {
        try {
          park_for_ever();
        } catch (const cancelled&) {
          throw failure_of(1);
        }
      });
      test::let_all_run();
      scope.cancel();
      group.join();
    }),
                 failure_of);
  });
}

TEST(task_group, one_that_is_dropped_cancels_waits_and_reports) {
  config settings = with_loops(1);
  std::vector<int> reported;
  settings.on_unhandled = [&](const unhandled_error& error) {
    reported.push_back(number_of(error.error));
  };
  run(settings, [] {
    bool ended = false;
    {
      task_group group;
      group.spawn([&] {
        try {
          park_for_ever();
        } catch (const cancelled&) {
          this_fiber::yield();
        }
      });
      group.spawn([&] {
        try {
          park_for_ever();
        } catch (const cancelled&) {
          shield([] { this_fiber::sleep_for(1ms); });
          ended = true;
          throw failure_of(4);
        }
      });
      test::let_all_run();
    }
    EXPECT_TRUE(ended);
  });
  EXPECT_EQ(reported, (std::vector<int>{4}));
}

TEST(task_group, an_exception_that_leaves_its_block_ends_the_children_first) {
  run(with_loops(1), [] {
    bool ended = false;
    EXPECT_THROW(
        {
          task_group group;
          group.spawn([&] {
            try {
              park_for_ever();
            } catch (const cancelled&) {
              ended = true;
              throw;
            }
          });
          test::let_all_run();
          throw failure_of(1);
        },
        failure_of);
    EXPECT_TRUE(ended);
  });
}

TEST(task_group, runs_a_body_and_joins) {
  run(with_loops(1), [] {
    int children = 0;
    task_group group;
    EXPECT_EQ(group.run([&] {
      for (int n = 0; n < 3; ++n) group.spawn([&] { ++children; });
      this_fiber::yield();
      return 8;
    }),
              8);
    EXPECT_EQ(children, 3);
    EXPECT_THROW(group.join(), std::logic_error);
  });
}

TEST(task_group, a_failing_child_ends_the_body) {
  run(with_loops(1), [] {
    bool went_on = false;
    task_group group;
    EXPECT_THROW(group.run([&] {
      group.spawn([] { throw failure_of(1); });
      park_for_ever();
      went_on = true;
    }),
                 failure_of);
    EXPECT_FALSE(went_on);
    this_fiber::yield();
  });
}

TEST(task_group, a_failing_body_ends_the_children_and_its_failure_is_rethrown) {
  run(with_loops(1), [] {
    bool ended = false;
    task_group group;
    EXPECT_THROW(group.run([&] {
      group.spawn([&] {
        try {
          park_for_ever();
        } catch (const cancelled&) {
          ended = true;
          throw failure_of(2);
        }
      });
      this_fiber::yield();
      throw failure_of(1);
    }),
                 failure_of);
    EXPECT_TRUE(ended);
    const auto all = group.failures();
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(number_of(all[0]), 1);
    EXPECT_EQ(number_of(all[1]), 2);
  });
}

TEST(task_group, a_body_that_fails_after_a_child_comes_second) {
  run(with_loops(1), [] {
    task_group group;
    try {
      group.run([&] {
        group.spawn([] { throw failure_of(1); });
        try {
          park_for_ever();
        } catch (const cancelled&) {
        }
        throw failure_of(2);
      });
      FAIL() << "returned";
    } catch (const failure_of& first) {
      EXPECT_EQ(first.number, 1);
    }
    EXPECT_EQ(group.failures().size(), 2U);
  });
}

TEST(task_group, a_cancelled_group_ends_its_body) {
  run(with_loops(1), [] {
    {
      task_group group;
      group.run([&] {
        group.cancel();
        this_fiber::yield();
        FAIL() << "went on";
      });
    }
    {
      task_group group;
      group.cancel();
      EXPECT_THROW(group.run([] { return (this_fiber::yield(), 1); }), task_cancelled);
    }
    task_group group;
    EXPECT_EQ(group.run([&] {
      group.cancel();
      return 5;
    }),
              5)
        << "a value is not dropped";
  });
}

TEST(task_group, an_outer_cancellation_passes_through_the_body) {
  run(with_loops(1), [] {
    bool child_ended = false;
    cancel_scope scope;
    EXPECT_FALSE(scope.run([&] {
      task_group group;
      group.run([&] {
        group.spawn([&] {
          try {
            park_for_ever();
          } catch (const cancelled&) {
            child_ended = true;
            throw;
          }
        });
        this_fiber::yield();
        scope.cancel();
        this_fiber::yield();
      });
      FAIL() << "went on";
    }));
    EXPECT_TRUE(child_ended);
  });
}

TEST(task_group, children_may_spawn_siblings) {
  run(with_loops(2), [] {
    std::atomic<int> ran{0};
    task_group group;
    const std::function<void(int)> grow = [&](int left) {
      ++ran;
      if (left == 0) return;
      group.spawn([&grow, left] { grow(left - 1); });
      group.spawn([&grow, left] { grow(left - 1); });
    };
    group.spawn([&] { grow(8); });
    group.join();
    EXPECT_EQ(ran, 511);
  });
}

TEST(task_group, that_was_joined_refuses_children_also_two_at_once) {
  run(with_loops(2), [] {
    task_group group;
    group.join();
    std::atomic<int> taken{0};
    std::atomic<int> arrived{0};
    const auto spawn_often = [&] {
      for (int n = 1; n <= test::rounds(100'000); ++n) {
        ++arrived;
        test::yield_until([&] { return arrived >= 2 * n; });
        try {
          group.spawn([] {});
          ++taken;
        } catch (const std::logic_error&) {
        }
      }
    };
    gather(spawn_often, spawn_often);
    EXPECT_EQ(taken, 0);
  });
}

}  // namespace
}  // namespace heddle
