// SPDX-License-Identifier: MIT
// Cancelling a task: before its first run, parked, asleep, running, joining; swallowed; raced.
#include <heddle/runtime.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/random.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <exception>
#include <stdexcept>
#include <thread>
#include <vector>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::random_numbers;
using test::with_loops;

TEST(task_cancel, before_the_first_run_the_body_starts_and_meets_it_at_its_first_suspension) {
  run(with_loops(1), [] {
    bool started = false;
    bool went_on = false;
    auto body = spawn([&] {
      started = true;
      this_fiber::yield();
      went_on = true;
    });
    body.cancel();
    EXPECT_FALSE(started);
    EXPECT_THROW(body.join(), task_cancelled);
    EXPECT_TRUE(started);
    EXPECT_FALSE(went_on);
  });
}

TEST(task_cancel, a_task_that_returns_a_value_though_cancelled_gives_the_value) {
  run(with_loops(1), [] {
    auto quick = spawn([] { return 42; });
    quick.cancel();
    EXPECT_EQ(quick.join(), 42);
    auto stubborn = spawn([] {
      try {
        test::park_for_ever();
      } catch (const cancelled&) {
      }
      return 43;
    });
    test::let_all_run();
    stubborn.cancel();
    EXPECT_EQ(stubborn.join(), 43);
  });
}

TEST(task_cancel, a_task_that_throws_though_cancelled_gives_the_error) {
  run(with_loops(1), [] {
    auto body = spawn([] {
      try {
        test::park_for_ever();
      } catch (const cancelled&) {
        throw std::runtime_error("instead");
      }
    });
    test::let_all_run();
    body.cancel();
    EXPECT_THROW(body.join(), std::runtime_error);
  });
}

TEST(task_cancel, ends_a_park_and_a_sleep_and_a_yield_loop) {
  for (const unsigned loops : {1U, 2U}) {
    run(with_loops(loops), [] {
      std::atomic<int> started{0};
      const auto expect_cancelled = [&](auto wait) {
        started = 0;
        auto body = spawn([&] {
          ++started;
          wait();
        });
        test::yield_until([&] { return started == 1; });
        body.cancel();
        EXPECT_THROW(body.join(), task_cancelled);
      };
      expect_cancelled([] { test::park_for_ever(); });
      expect_cancelled([] { this_fiber::sleep_for(1h); });
      expect_cancelled([] {
        for (;;) this_fiber::yield();
      });
      expect_cancelled([] {
        for (;;) this_fiber::checkpoint();
      });
      expect_cancelled([] { spawn([] { this_fiber::sleep_for(1h); }).join(); });
      expect_cancelled([] {
        test::gate never;
        never.wait();
      });
    });
  }
}

TEST(task_cancel, swallowed_a_thousand_times_it_comes_again) {
  run(with_loops(1), [] {
    int met = 0;
    auto body = spawn([&] {
      while (met < 1000) {
        try {
          met % 2 == 0 ? this_fiber::yield() : this_fiber::sleep_for(1h);
        } catch (...) {
          ++met;
        }
      }
      this_fiber::yield();
    });
    body.cancel();
    EXPECT_THROW(body.join(), task_cancelled);
    EXPECT_EQ(met, 1000);
  });
}

TEST(task_cancel, is_not_caught_as_a_standard_exception) {
  run(with_loops(1), [] {
    auto body = spawn([] {
      try {
        test::park_for_ever();
      } catch (const std::exception&) {
      }
    });
    test::let_all_run();
    body.cancel();
    EXPECT_THROW(body.join(), task_cancelled);
  });
}

TEST(task_cancel, a_cancelled_join_leaves_the_task_running_and_joinable) {
  run(with_loops(1), [] {
    test::gate finish;
    auto child = spawn([&] {
      finish.wait();
      return 5;
    });
    bool met = false;
    auto joiner = spawn([&] {
      try {
        child.join();
      } catch (const cancelled&) {
        met = true;
        throw;
      }
    });
    test::let_all_run();
    joiner.cancel();
    EXPECT_THROW(joiner.join(), task_cancelled);
    EXPECT_TRUE(met);
    EXPECT_TRUE(child.joinable());
    EXPECT_FALSE(child.done());
    finish.open();
    EXPECT_EQ(child.join(), 5);
  });
}

TEST(task_cancel, a_joiner_that_was_cancelled_before_it_joined_does_not_wait) {
  run(with_loops(1), [] {
    test::gate finish;
    auto child = spawn([&] { finish.wait(); });
    task<int> unstarted;
    auto joiner = spawn([&] {
      EXPECT_THROW(child.join(), cancelled);
      unstarted = spawn([] { return 9; });
      EXPECT_THROW(unstarted.join(), cancelled);
    });
    joiner.cancel();
    joiner.join();
    finish.open();
    child.join();
    EXPECT_EQ(unstarted.join(), 9);
  });
}

TEST(task_cancel, one_s_own_cancellation_is_told_from_that_of_a_joined_task) {
  run(with_loops(1), [] {
    auto inner = spawn([] { test::park_for_ever(); });
    inner.cancel();
    auto outer = spawn([&] { inner.join(); });
    EXPECT_THROW(outer.join(), task_cancelled);  // as an error: outer failed, nobody cancelled it
  });
}

/// Waits in its destructor, as a lease does that says goodbye.
struct waits_in_destructor {
  ~waits_in_destructor() {
    this_fiber::sleep_for(1ms);
    spawn([] { this_fiber::yield(); }).join();
    passed = true;
  }
  bool& passed;
};

TEST(task_cancel, is_not_thrown_while_an_exception_unwinds_the_body) {
  run(with_loops(1), [] {
    bool passed = false;
    auto body = spawn([&] {
      const waits_in_destructor lease{passed};
      test::park_for_ever();
    });
    test::let_all_run();
    body.cancel();
    EXPECT_THROW(body.join(), task_cancelled);
    EXPECT_TRUE(passed);

    passed = false;
    auto throws = spawn([&] {
      const waits_in_destructor lease{passed};
      throw std::runtime_error("x");
    });
    throws.cancel();
    EXPECT_THROW(throws.join(), std::runtime_error);
    EXPECT_TRUE(passed);
  });
}

TEST(task_cancel, comes_again_after_the_unwinding_is_over) {
  run(with_loops(1), [] {
    bool went_on = false;
    auto body = spawn([&] {
      try {
        bool passed = false;
        const waits_in_destructor lease{passed};
        throw std::runtime_error("x");
      } catch (const std::runtime_error&) {
      }
      this_fiber::yield();
      went_on = true;
    });
    body.cancel();
    EXPECT_THROW(body.join(), task_cancelled);
    EXPECT_FALSE(went_on);
  });
}

TEST(task_cancel, a_task_spawned_during_unwinding_is_cancelled_on_its_own_account) {
  run(with_loops(2), [] {
    bool outcome = false;
    struct spawns {
      ~spawns() {
        auto child = spawn([] { test::park_for_ever(); });
        child.cancel();
        try {
          child.join();
        } catch (const task_cancelled&) {
          cancelled_child = true;
        }
      }
      bool& cancelled_child;
    };
    auto body = spawn([&] {
      const spawns on_exit{outcome};
      throw std::runtime_error("x");
    });
    EXPECT_THROW(body.join(), std::runtime_error);
    EXPECT_TRUE(outcome);
  });
}

TEST(task_cancel, from_any_thread_at_any_moment_the_outcome_is_one_of_two_and_never_a_hang) {
  runtime home(with_loops(2));
  random_numbers random(1);
  int values = 0;
  int cancels = 0;
  for (int round = 0; round < test::rounds(20'000); ++round) {
    auto body = home.spawn([round] {
      this_fiber::yield();
      return round;
    });
    test::spin(random.below(8'000));
    body.cancel();
    try {
      EXPECT_EQ(body.join(), round);
      ++values;
    } catch (const task_cancelled&) {
      ++cancels;
    }
  }
  EXPECT_GT(cancels, 0);
}

TEST(task_cancel, a_cancel_hits_its_task_and_not_the_next_one_on_the_same_fiber) {
  run(with_loops(2), [] {
    random_numbers random(2);
    for (int round = 0; round < test::rounds(20'000); ++round) {
      auto victim = spawn([] { this_fiber::checkpoint(); });
      auto next = spawn([] {
        this_fiber::yield();
        this_fiber::yield();
        return 1;
      });
      if (random.once_in(2)) this_fiber::yield();
      victim.cancel();
      try {
        victim.join();
      } catch (const task_cancelled&) {
      }
      EXPECT_EQ(next.join(), 1);
    }
  });
}

TEST(task_cancel, a_timed_wait_that_is_cancelled_leaves_its_timer_disarmed) {
  run(with_loops(2), [] {
    for (int round = 0; round < test::rounds(5'000); ++round) {
      auto sleeper = spawn([] { this_fiber::sleep_for(200us); });
      test::spin(static_cast<std::uint32_t>(round) * 37 % 100'000);
      sleeper.cancel();
      try {
        sleeper.join();
      } catch (const task_cancelled&) {
      }
    }
  });
}

TEST(task_cancel, reaches_a_joiner_that_runs_its_child_by_a_direct_switch) {
  run(with_loops(1), [] {
    test::gate finish;
    task<int> child;
    auto joiner = spawn([&] {
      child = spawn([&] {
        finish.wait();
        return 3;
      });
      EXPECT_THROW(child.join(), cancelled);  // claimed: it starts here, and parks
      throw_if_cancelled();
    });
    test::let_all_run();
    joiner.cancel();
    EXPECT_THROW(joiner.join(), task_cancelled);
    auto second = spawn([&] { return child.join(); });  // a joiner of another fiber
    test::let_all_run();
    finish.open();
    EXPECT_EQ(second.join(), 3);
  });
}

TEST(task_cancel, of_a_joiner_that_lent_its_turn_to_its_child_is_met_when_the_child_suspends) {
  run(with_loops(1), [] {
    test::gate finish;
    bool met = false;
    task<int> child;
    task<void> joiner = spawn([&] {
      child = spawn([&] {
        joiner.cancel();  // it waits for nothing yet: its wait begins when this fiber parks
        finish.wait();
        return 3;
      });
      try {
        child.join();
      } catch (const cancelled&) {
        met = true;
        throw;
      }
    });
    test::let_all_run();
    const bool met_in_time = met;
    finish.open();
    ASSERT_TRUE(met_in_time);
    EXPECT_THROW(joiner.join(), task_cancelled);
    EXPECT_EQ(child.join(), 3);
  });
}

}  // namespace
}  // namespace heddle
