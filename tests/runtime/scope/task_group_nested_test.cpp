// SPDX-License-Identifier: MIT
// Groups whose children, bodies and parents fail, resist or are cancelled, alone and nested: what
// asyncio's and trio's own tests ask of theirs (tests/ported).
#include <heddle/runtime.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/numbered_failure.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::failure_of;
using test::number_of;
using test::park_for_ever;
using test::with_loops;

/// Parks until it is cancelled, counts that, and goes.
auto counts_its_end(int& ended) {
  return [&ended] {
    try {
      park_for_ever();
    } catch (const cancelled&) {
      ++ended;
      throw;
    }
  };
}

/// Parks until it is cancelled, and fails then.
auto fails_when_cancelled(int who) {
  return [who] {
    try {
      park_for_ever();
    } catch (const cancelled&) {
      throw failure_of(who);
    }
  };
}

TEST(task_group, children_may_be_spawned_while_others_run) {
  run(with_loops(1), [] {
    task_group group;
    std::optional<subtask<int>> second;
    auto first = group.spawn([] {
      this_fiber::sleep_for(1ms);
      return 42;
    });
    group.run([&] {
      test::let_all_run();
      second = group.spawn([] { return 11; });
    });
    EXPECT_EQ(first.get(), 42);
    EXPECT_EQ(second->get(), 11);
  });
}

TEST(task_group, one_child_that_is_cancelled_alone_disturbs_nobody) {
  run(with_loops(1), [] {
    cancel_scope of_first;
    task_group group;
    auto first = group.spawn([&] { return of_first.run([] { park_for_ever(); }); });
    auto by_hand = group.spawn([]() -> int { throw cancelled(); });
    auto last = group.spawn([] {
      this_fiber::sleep_for(1ms);
      return 11;
    });
    test::let_all_run();
    of_first.cancel();
    group.join();
    EXPECT_FALSE(first.get());
    EXPECT_TRUE(by_hand.was_cancelled());
    EXPECT_THROW(by_hand.get(), task_cancelled);
    EXPECT_EQ(last.get(), 11);
    EXPECT_TRUE(group.failures().empty());
  });
}

TEST(task_group, children_that_fail_together_end_the_body_and_are_all_kept) {
  run(with_loops(1), [] {
    int ended = 0;
    bool body_ended = false;
    bool went_on = false;
    auto parent = spawn([&] {
      task_group group;
      try {
        group.run([&] {
          for (int who = 1; who <= 3; ++who) group.spawn([who] { throw failure_of(who); });
          group.spawn(counts_its_end(ended));
          try {
            park_for_ever();
          } catch (const cancelled& request) {
            EXPECT_EQ(request.reason(), "a sibling failed");
            body_ended = true;
            throw;
          }
        });
        went_on = true;
      } catch (const failure_of& first) {
        EXPECT_EQ(first.number, 1);
      }
      std::vector<int> who;
      for (const auto& each : group.failures()) who.push_back(number_of(each));
      EXPECT_EQ(who, (std::vector<int>{1, 2, 3}));
      this_fiber::yield();  // the parent itself was not cancelled
    });
    parent.join();
    EXPECT_EQ(ended, 1);
    EXPECT_TRUE(body_ended);
    EXPECT_FALSE(went_on);
  });
}

TEST(task_group, a_cancelled_task_ends_the_body_and_all_children) {
  for (const int children : {5, 0}) {
    run(with_loops(1), [children] {
      int ended = 0;
      auto parent = spawn([&] {
        task_group group;
        group.run([&] {
          for (int n = 0; n < children; ++n) group.spawn(counts_its_end(ended));
          try {
            park_for_ever();
          } catch (const cancelled&) {
            ended += 10;
            throw;
          }
        });
        ADD_FAILURE() << "went on";
      });
      test::let_all_run();
      EXPECT_FALSE(parent.done());
      parent.cancel();
      EXPECT_THROW(parent.join(), task_cancelled);
      EXPECT_EQ(ended, 10 + children);
    });
  }
}

TEST(task_group, children_that_fail_because_their_parent_was_cancelled_fail_the_parent) {
  run(with_loops(1), [] {
    std::size_t failures = 0;
    auto parent = spawn([&] {
      task_group group;
      try {
        group.run([&] {
          for (int who = 0; who < 5; ++who) group.spawn(fails_when_cancelled(who));
          park_for_ever();
        });
      } catch (const failure_of&) {
        failures = group.failures().size();
        throw;
      }
    });
    test::let_all_run();
    parent.cancel();
    EXPECT_THROW(parent.join(), failure_of) << "an error, not a cancellation";
    EXPECT_EQ(failures, 5U);
  });
}

TEST(task_group, a_body_that_makes_an_error_of_the_cancellation_fails_the_parent) {
  run(with_loops(1), [] {
    auto parent = spawn([] {
      task_group group;
      group.run(fails_when_cancelled(7));
    });
    test::let_all_run();
    parent.cancel();
    EXPECT_THROW(parent.join(), failure_of);
  });
}

TEST(task_group, a_child_that_fails_late_while_the_cancelled_parent_cleans_up_fails_it) {
  for (const bool one_task_further : {false, true}) {
    run(with_loops(1), [one_task_further] {
      const auto parent = [] {
        test::gate body_has_met_it;
        task_group group;
        group.run([&] {
          group.spawn([&] {
            shield([&] { body_has_met_it.wait(); });
            throw failure_of(1);
          });
          try {
            park_for_ever();
          } catch (const cancelled&) {
            body_has_met_it.open();
            shield([] { this_fiber::sleep_for(1ms); });
            throw;
          }
        });
      };
      auto outer = spawn([&] {
        if (!one_task_further) return parent();
        task_group around;
        around.spawn(parent);
        around.join();
      });
      test::let_all_run();
      outer.cancel();
      EXPECT_THROW(outer.join(), failure_of);
    });
  }
}

TEST(task_group_nested, the_failures_of_an_inner_one_are_one_failure_of_the_outer) {
  for (const bool outer_has_children : {false, true}) {
    run(with_loops(1), [outer_has_children] {
      int ended = 0;
      auto parent = spawn([&] {
        task_group outer;
        task_group inner;
        try {
          outer.run([&] {
            if (outer_has_children) outer.spawn(counts_its_end(ended));
            inner.run([&] {
              for (int who = 0; who < 5; ++who) inner.spawn(fails_when_cancelled(who));
              park_for_ever();
            });
          });
        } catch (const failure_of&) {
          EXPECT_EQ(inner.failures().size(), 5U);
          EXPECT_EQ(outer.failures().size(), 1U);
          throw;
        }
      });
      test::let_all_run();
      parent.cancel();
      EXPECT_THROW(parent.join(), failure_of);
      EXPECT_EQ(ended, outer_has_children ? 1 : 0);
    });
  }
}

TEST(task_group_nested, a_child_of_the_outer_one_that_fails_ends_the_inner_one) {
  run(with_loops(1), [] {
    int ended = 0;
    task_group outer;
    EXPECT_THROW(outer.run([&] {
      outer.spawn([] {
        this_fiber::yield();
        throw failure_of(1);
      });
      task_group inner;
      inner.run([&] { inner.spawn(counts_its_end(ended)); });
      ADD_FAILURE() << "went on";
    }),
                 failure_of);
    EXPECT_EQ(ended, 1);
    EXPECT_EQ(outer.failures().size(), 1U) << "the body was cancelled; that is no failure";
  });
}

TEST(task_group_nested, a_child_of_the_inner_one_that_fails_ends_the_outer_one) {
  run(with_loops(1), [] {
    int ended = 0;
    task_group outer;
    EXPECT_THROW(outer.run([&] {
      outer.spawn(counts_its_end(ended));
      task_group inner;
      inner.run([&] {
        inner.spawn([] {
          this_fiber::yield();
          throw failure_of(2);
        });
      });
    }),
                 failure_of);
    EXPECT_EQ(ended, 1);
    EXPECT_EQ(outer.failures().size(), 1U);
  });
}

TEST(task_group_nested, a_failure_of_the_inner_one_that_is_caught_leaves_the_outer_one_alone) {
  run(with_loops(1), [] {
    task_group outer;
    auto other = outer.spawn([] {
      this_fiber::sleep_for(1ms);
      return 3;
    });
    outer.run([&] {
      task_group inner;
      inner.spawn([] { throw failure_of(1); });
      EXPECT_THROW(inner.join(), failure_of);
      this_fiber::sleep_for(1ms);
    });
    EXPECT_EQ(other.get(), 3);
  });
}

TEST(task_group, what_is_no_standard_exception_is_a_failure_too) {
  run(with_loops(1), [] {
    int ended = 0;
    task_group group;
    group.spawn(counts_its_end(ended));
    group.spawn([] {
      this_fiber::yield();
      throw 42;  // NOLINT(hicpp-exception-baseclass)
    });
    EXPECT_THROW(group.join(), int);
    EXPECT_EQ(ended, 1);
    EXPECT_EQ(group.failures().size(), 1U);
    task_group with_body;
    EXPECT_THROW(with_body.run([&] {
      with_body.spawn(fails_when_cancelled(2));
      this_fiber::yield();
      throw 43;  // NOLINT(hicpp-exception-baseclass)
    }),
                 int);
    EXPECT_EQ(with_body.failures().size(), 2U);
  });
}

TEST(task_group, a_child_spawned_after_the_failure_starts_and_meets_the_cancellation) {
  run(with_loops(1), [] {
    bool began = false;
    bool went_on = false;
    task_group group;
    group.spawn([&] {
      try {
        park_for_ever();
      } catch (const cancelled&) {
        group.spawn([&] {
          began = true;
          this_fiber::yield();
          went_on = true;
        });
        throw;
      }
    });
    group.spawn([] {
      this_fiber::yield();
      throw failure_of(1);
    });
    EXPECT_THROW(group.join(), failure_of);
    EXPECT_TRUE(began);
    EXPECT_FALSE(went_on);
  });
}

TEST(task_group, a_failure_ends_children_that_spawn_for_ever) {
  for (const unsigned loops : {1U, 2U}) {
    run(with_loops(loops), [] {
      std::atomic<int> heads{0};
      task_group group;
      const std::function<void()> hydra = [&] {
        ++heads;
        this_fiber::sleep_for(10us);
        group.spawn([&] { hydra(); });
        group.spawn([&] { hydra(); });
      };
      group.spawn([&] { hydra(); });
      group.spawn([&] {
        test::yield_until([&] { return heads >= 10; });
        throw failure_of(1);
      });
      EXPECT_THROW(group.join(), failure_of);
      const int at_join = heads;
      EXPECT_GE(at_join, 10);
      this_fiber::sleep_for(1ms);
      EXPECT_EQ(heads, at_join) << "nobody is left";
    });
  }
}

TEST(task_group, children_have_names_and_ids) {
  run(with_loops(1), [] {
    task_group group;
    auto name = group.spawn({.name = "yolo"}, [] { return std::string(this_fiber::name()); });
    auto unnamed = group.spawn([] { return std::string(this_fiber::name()); });
    auto id = group.spawn([] { return this_fiber::id(); });
    group.join();
    EXPECT_EQ(name.get(), "yolo");
    EXPECT_EQ(unnamed.get(), "");
    EXPECT_NE(id.get(), this_fiber::id());
  });
}

TEST(task_group, keeps_nothing_of_a_child_that_has_ended) {
  run(with_loops(1), [] {
    const auto held = std::make_shared<int>(1);
    task_group group;
    for (int n = 0; n < 10; ++n) {
      group.spawn([mine = held] { return mine; });  // captures and result
    }
    test::let_all_run();
    EXPECT_EQ(held.use_count(), 1) << "before the join";
    auto kept = group.spawn([mine = held] { return mine; });
    test::let_all_run();
    EXPECT_EQ(held.use_count(), 2) << "whoever has the subtask keeps the result";
    group.join();
    EXPECT_EQ(kept.get(), held);
    EXPECT_EQ(held.use_count(), 1);
  });
}

TEST(task_group, a_subtask_may_outlive_its_group) {
  run(with_loops(1), [] {
    std::optional<subtask<int>> value;
    std::optional<subtask<int>> error;
    std::optional<subtask<int>> ended;
    {
      task_group group;
      value = group.spawn([] { return 5; });
      error = group.spawn([]() -> int { throw failure_of(1); });
      EXPECT_THROW(group.join(), failure_of);
    }
    {
      task_group never_joined;
      ended = never_joined.spawn([] { return (park_for_ever(), 1); });
      test::let_all_run();
    }
    EXPECT_EQ(value->get(), 5);
    EXPECT_THROW(error->get(), failure_of);
    EXPECT_THROW(ended->get(), task_cancelled);
  });
}

TEST(task_group, a_child_may_cancel_its_group_and_meets_it_too) {
  run(with_loops(1), [] {
    int ended = 0;
    task_group group;
    auto cancels = group.spawn([&] {
      group.cancel();
      this_fiber::yield();
      return 1;
    });
    auto returns = group.spawn([&] {
      group.cancel();
      return 2;
    });
    group.spawn(counts_its_end(ended));
    group.join();
    EXPECT_THROW(cancels.get(), task_cancelled);
    EXPECT_EQ(returns.get(), 2);
    EXPECT_EQ(ended, 1);
  });
}

TEST(task_group, made_in_a_destructor_while_its_scope_unwinds_may_do_its_work) {
  run(with_loops(2), [] {
    std::atomic<int> done{0};
    struct cleans_up {
      std::atomic<int>& done;
      ~cleans_up() {
        task_group group;
        for (int n = 0; n < 3; ++n) {
          group.spawn([this] {
            task_group inner;
            inner.spawn([this] {
              this_fiber::sleep_for(1ms);
              ++done;
            });
            inner.join();
          });
        }
        group.run([] { this_fiber::sleep_for(1ms); });
      }
    };
    cancel_scope scope;
    EXPECT_FALSE(scope.run([&] {
      const cleans_up at_end{done};
      scope.cancel();
      this_fiber::yield();
    }));
    EXPECT_EQ(done, 3);
  });
}

TEST(task_group, dropped_while_an_error_unwinds_ends_its_children_and_the_error_goes_on) {
  config settings = with_loops(1);
  std::vector<int> reported;
  settings.on_unhandled = [&](const unhandled_error& error) {
    reported.push_back(number_of(error.error));
  };
  run(settings, [] {
    int ended = 0;
    EXPECT_THROW(with_timeout(1h,
                              [&] {
                                task_group group;
                                group.spawn(counts_its_end(ended));
                                group.spawn(fails_when_cancelled(4));
                                group.spawn(fails_when_cancelled(5));
                                test::let_all_run();
                                throw std::out_of_range("the body's");
                              }),
                 std::out_of_range);
    EXPECT_EQ(ended, 1);
  });
  EXPECT_EQ(reported.size(), 2U) << "each failure once";
}

TEST(task_group, its_children_may_be_spawned_by_a_fiber_of_another_runtime_and_are_cancelled) {
  runtime other(with_loops(1));
  run(with_loops(1), [&] {
    std::atomic<int> ended{0};
    std::atomic<int> parked{0};
    cancel_scope scope;
    EXPECT_FALSE(scope.run([&] {
      task_group group;
      auto spawner = other.spawn([&] {
        for (int n = 0; n < 3; ++n) {
          group.spawn([&] {
            try {
              ++parked;
              park_for_ever();
            } catch (const cancelled&) {
              ++ended;
              throw;
            }
          });
        }
      });
      spawner.join();
      test::yield_until([&] { return parked == 3; });
      scope.cancel();
      group.join();         // throws, unless the children on the other thread have ended already:
      this_fiber::yield();  // then this does
    }));
    EXPECT_EQ(ended, 3);
  });
}

TEST(task_group, made_on_a_plain_thread_is_joined_there) {
  runtime home(with_loops(2));
  task_group group;
  std::vector<subtask<int>> children;
  home.run([&] {
    for (int n = 0; n < 4; ++n) {
      children.push_back(group.spawn([n] {
        this_fiber::sleep_for(1ms);
        return n;
      }));
    }
    group.spawn([] {
      this_fiber::sleep_for(2ms);
      throw failure_of(9);
    });
  });
  EXPECT_THROW(group.join(), failure_of);
  for (int n = 0; n < 4; ++n) EXPECT_EQ(children[static_cast<std::size_t>(n)].get(), n);
}

}  // namespace
}  // namespace heddle
