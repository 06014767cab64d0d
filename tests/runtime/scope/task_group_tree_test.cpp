// SPDX-License-Identifier: MIT
// Groups in the tree of scopes: requests go down to children and children of children.
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
using test::park_for_ever;
using test::with_loops;

TEST(task_group_tree, children_are_cancelled_while_their_parent_computes_or_is_shielded) {
  run(with_loops(2), [] {
    cancel_scope scope;
    std::atomic<int> ended{0};
    EXPECT_FALSE(scope.run([&] {
      task_group group;
      for (int n = 0; n < 2; ++n) {
        group.spawn([&] {
          task_group inner;
          inner.spawn([&] {
            try {
              park_for_ever();
            } catch (const cancelled&) {
              ++ended;
              throw;
            }
          });
          inner.join();
        });
      }
      shield([&] {
        for (int turn = 0; turn < 100; ++turn) this_fiber::yield();
        scope.cancel();
        test::yield_until([&] { return ended == 2; });
      });
      group.join();
      ADD_FAILURE() << "the children have been cancelled: the join must say so, ended or not";
    }));
    EXPECT_EQ(ended, 2);
  });
}

TEST(task_group_tree, a_deadline_around_it_reaches_children_of_children) {
  for (const unsigned loops : {1U, 2U}) {
    run(with_loops(loops), [] {
      std::atomic<int> ended{0};
      const auto leaf = [&] {
        try {
          park_for_ever();
        } catch (const cancelled& request) {
          if (request.reason() == "timed out") ++ended;
          throw;
        }
      };
      EXPECT_THROW(with_timeout(2ms,
                                [&] {
                                  task_group group;
                                  for (int n = 0; n < 4; ++n) {
                                    group.spawn([&] {
                                      task_group inner;
                                      for (int m = 0; m < 4; ++m) inner.spawn(leaf);
                                      inner.join();
                                    });
                                  }
                                  group.join();
                                }),
                   timed_out);
      EXPECT_EQ(ended, 16);
    });
  }
}

TEST(task_group_tree, made_in_a_shield_keeps_its_children_in_it) {
  run(with_loops(1), [] {
    cancel_scope scope;
    bool went_on = false;
    EXPECT_FALSE(scope.run([&] {
      scope.cancel();
      shield([&] {
        task_group group;
        group.spawn([&] {
          this_fiber::sleep_for(1ms);
          went_on = true;
        });
        group.join();
      });
      this_fiber::yield();
    }));
    EXPECT_TRUE(went_on);
  });
}

TEST(task_group_tree, made_in_a_scope_that_is_cancelled_cancels_its_children) {
  run(with_loops(1), [] {
    cancel_scope scope;
    std::string why;
    EXPECT_FALSE(scope.run([&] {
      scope.cancel("before");
      task_group group;
      group.spawn([&] {
        try {
          this_fiber::yield();
        } catch (const cancelled& request) {
          why = request.reason();
          throw;
        }
      });
      group.join();
    }));
    EXPECT_EQ(why, "before");
  });
}

TEST(task_group_tree, made_in_an_outer_scope_is_not_cancelled_by_an_inner_one) {
  run(with_loops(1), [] {
    task_group group;
    cancel_scope inner;
    std::optional<subtask<int>> child;
    EXPECT_FALSE(inner.run([&] {
      child = group.spawn([] {
        this_fiber::sleep_for(1ms);
        return 1;
      });
      inner.cancel();
      this_fiber::yield();
    }));
    group.join();
    EXPECT_EQ(child->get(), 1);
  });
}

TEST(task_group_tree, that_outlives_the_scope_in_which_it_was_made_is_in_the_one_around_it) {
  run(with_loops(1), [] {
    cancel_scope outer;
    std::optional<task_group> group;
    EXPECT_FALSE(outer.run([&] {
      EXPECT_TRUE(cancel_scope{}.run([&] { group.emplace(); }));
      auto child = group->spawn([] { park_for_ever(); });
      cancel_scope later;
      EXPECT_FALSE(later.run([&] {
        later.cancel();
        this_fiber::yield();
      })) << "at the depth of the one in which the group was made";
      test::let_all_run();
      EXPECT_FALSE(child.done());
      outer.cancel();
      this_fiber::yield();
    }));
    group->join();
  });
}

TEST(task_group_tree, that_outlives_the_task_that_made_it_is_nobodys) {
  run(with_loops(1), [] {
    auto maker = spawn([] { return std::make_unique<task_group>(); });
    const std::unique_ptr<task_group> group = maker.join();
    auto child = group->spawn([] {
      this_fiber::sleep_for(1ms);
      return 2;
    });
    auto next = spawn([] { park_for_ever(); });  // on the same fiber
    test::let_all_run();
    next.cancel();
    EXPECT_THROW(next.join(), task_cancelled);
    group->join();
    EXPECT_EQ(child.get(), 2);
  });
}

TEST(task_group_tree, a_cancelled_task_takes_the_children_of_its_groups_with_it) {
  run(with_loops(2), [] {
    std::atomic<int> ended{0};
    auto owner = spawn([&] {
      task_group group;
      for (int n = 0; n < 3; ++n) {
        group.spawn([&] {
          try {
            park_for_ever();
          } catch (const cancelled&) {
            ++ended;
            throw;
          }
        });
      }
      group.join();
    });
    for (int turn = 0; turn < 100; ++turn) this_fiber::yield();
    owner.cancel();
    EXPECT_THROW(owner.join(), task_cancelled);
    EXPECT_EQ(ended, 3);
  });
}

TEST(task_group_tree, a_deep_tree_is_cancelled_without_recursion) {
  run(with_loops(1), [] {
    constexpr int depth = test::rounds(20'000);
    int ended = 0;
    task_group group;
    const std::function<void(int)> descend = [&](int left) {
      if (left == 0) {
        try {
          park_for_ever();
        } catch (const cancelled&) {
          ++ended;
          throw;
        }
      }
      task_group inner;
      inner.spawn([&descend, left] { descend(left - 1); });
      inner.join();
    };
    group.spawn([&] { descend(depth); });
    while (ended == 0) {
      for (int turn = 0; turn < depth + 100; ++turn) this_fiber::yield();
      group.cancel();
    }
    group.join();
    EXPECT_EQ(ended, 1);
  });
}

TEST(task_group_tree, made_while_a_thread_cancels_its_scope_is_told_by_one_of_the_two) {
  run(with_loops(1), [] {
    const std::string why(60, 'x');  // its copy is counted: two who write it at once are found out
    std::atomic<cancel_scope*> asked{nullptr};
    std::atomic<bool> over{false};
    std::thread canceller([&] {
      while (!over) {
        if (cancel_scope* const scope = asked.exchange(nullptr)) scope->cancel(why);
        std::this_thread::yield();
      }
    });
    for (int round = 0; round < 1000; ++round) {
      cancel_scope scope;
      bool met = false;
      EXPECT_FALSE(scope.run([&] {
        asked = &scope;
        test::spin(static_cast<std::uint32_t>(round) % 300);
        task_group group;
        group.spawn([&] {
          try {
            park_for_ever();
          } catch (const cancelled& request) {
            met = request.reason() == why;
            throw;
          }
        });
        group.join();
        this_fiber::yield();
      }));
      EXPECT_TRUE(met) << "round " << round;
      if (!met) break;
    }
    over = true;
    canceller.join();
  });
}

TEST(task_group_tree, under_random_cancels_from_threads_all_children_end_and_are_counted) {
  run(with_loops(2), [] {
    constexpr int rounds = test::rounds(3000);
    test::random_numbers random(7);
    std::atomic<task_group*> open{nullptr};
    std::atomic<int> at_work{0};
    std::atomic<bool> over{false};
    std::thread canceller([&] {
      while (!over) {
        ++at_work;
        if (task_group* const group = open.load()) group->cancel();
        --at_work;
        std::this_thread::yield();
      }
    });
    for (int round = 0; round < rounds; ++round) {
      std::atomic<int> begun{0};
      std::atomic<int> ended{0};
      cancel_scope scope;
      const auto children = random.below(5);
      const auto fails = random.below(8);
      const bool by_scope = random.below(3) == 0;
      try {
        scope.run([&] {
          task_group group;
          struct closing {
            std::atomic<task_group*>& open;
            std::atomic<int>& at_work;
            ~closing() {
              open = nullptr;
              shield([this] { test::yield_until([this] { return at_work.load() == 0; }); });
            }
          } const before_the_group_ends{open, at_work};
          if (random.below(2) == 0) open = &group;
          for (std::uint32_t n = 0; n < children; ++n) {
            group.spawn([&, n] {
              struct counted {
                std::atomic<int>& ended;
                ~counted() { ++ended; }
              } const end{ended};
              ++begun;
              task_group inner;
              inner.spawn([] { this_fiber::sleep_for(20us); });
              this_fiber::yield();
              if (n == fails) throw failure_of(1);
              inner.join();
            });
          }
          if (by_scope) scope.cancel();
          try {
            group.join();
          } catch (const failure_of&) {
          }
        });
      } catch (const failure_of&) {
      }
      ASSERT_EQ(begun, ended) << "seed " << test::seed();
      ASSERT_EQ(begun, static_cast<int>(children)) << "seed " << test::seed();
    }
    over = true;
    canceller.join();
  });
}

}  // namespace
}  // namespace heddle
