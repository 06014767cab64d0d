// SPDX-License-Identifier: MIT
// Cancel scopes: who is cancelled, who takes the exception, and that nothing is lost.
#include <heddle/runtime.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::with_loops;

TEST(cancel_scope, gives_what_the_body_returns) {
  run(with_loops(1), [] {
    cancel_scope scope;
    EXPECT_EQ(scope.run([] { return 7; }), 7);
    static_assert(std::is_same_v<decltype(scope.run([] {})), bool>);
    EXPECT_TRUE(scope.run([] {}));
    int kept = 1;
    auto by_reference = scope.run([&]() -> int& { return kept; });
    ASSERT_TRUE(by_reference.has_value());
    EXPECT_EQ(&by_reference->get(), &kept);
    auto moved = scope.run([] { return std::make_unique<int>(3); });
    ASSERT_TRUE(moved.has_value());
    EXPECT_EQ(**moved, 3);
    EXPECT_FALSE(scope.cancel_requested());
    EXPECT_FALSE(scope.timed_out());
  });
}

TEST(cancel_scope, an_error_of_the_body_passes_through) {
  run(with_loops(1), [] {
    cancel_scope scope;
    EXPECT_THROW(scope.run([] { throw std::runtime_error("its own"); }), std::runtime_error);
    scope.cancel();
    EXPECT_THROW(scope.run([] { throw std::runtime_error("its own"); }), std::runtime_error);
    this_fiber::yield();  // nothing is left of it
  });
}

TEST(cancel_scope, cancelled_by_another_fiber_ends_a_parked_wait) {
  for (const unsigned loops : {1U, 2U}) {
    run(with_loops(loops), [] {
      cancel_scope scope;
      auto other = spawn([&] { scope.cancel("enough"); });
      std::string why;
      const bool ended = scope.run([&] {
        try {
          test::park_for_ever();
        } catch (const cancelled& request) {
          why = request.reason();
          throw;
        }
      });
      EXPECT_FALSE(ended);
      EXPECT_EQ(why, "enough");
      EXPECT_TRUE(scope.cancel_requested());
      EXPECT_FALSE(scope.timed_out());
      other.join();
    });
  }
}

TEST(cancel_scope, cancelled_by_a_plain_thread_ends_a_parked_wait) {
  run(with_loops(1), [] {
    cancel_scope scope;
    std::thread other([&] { scope.cancel(); });
    EXPECT_FALSE(scope.run([] { test::park_for_ever(); }));
    other.join();
  });
}

TEST(cancel_scope, cancelled_before_it_runs_is_met_at_the_first_suspension_point) {
  run(with_loops(1), [] {
    cancel_scope scope;
    scope.cancel();
    bool began = false;
    bool went_on = false;
    EXPECT_FALSE(scope.run([&] {
      began = true;
      this_fiber::yield();
      went_on = true;
    }));
    EXPECT_TRUE(began);
    EXPECT_FALSE(went_on);
    EXPECT_EQ(scope.run([] { return 5; }), 5) << "nothing suspended: the value is not dropped";
  });
}

TEST(cancel_scope, every_suspension_point_throws_until_the_scope_is_left) {
  run(with_loops(1), [] {
    cancel_scope scope;
    int swallowed = 0;
    EXPECT_FALSE(scope.run([&] {
      scope.cancel();
      for (; swallowed < 1000; ++swallowed) {
        try {
          if (swallowed % 3 == 0) this_fiber::yield();
          if (swallowed % 3 == 1) this_fiber::sleep_for(1h);
          if (swallowed % 3 == 2) this_fiber::checkpoint();
          FAIL() << "went on";
        } catch (...) {
        }
      }
      this_fiber::checkpoint();
    }));
    EXPECT_EQ(swallowed, 1000);
    this_fiber::yield();
    this_fiber::sleep_for(1ms);
  });
}

TEST(cancel_scope, a_value_that_comes_after_the_cancel_is_not_dropped) {
  run(with_loops(1), [] {
    cancel_scope scope;
    EXPECT_EQ(scope.run([&] {
      scope.cancel();
      try {
        this_fiber::yield();
      } catch (const cancelled&) {
      }
      return 9;
    }),
              9);
  });
}

TEST(cancel_scope, an_outer_scopes_exception_passes_through_an_inner_one) {
  run(with_loops(1), [] {
    cancel_scope outer;
    cancel_scope inner;
    bool inner_ended = false;
    EXPECT_FALSE(outer.run([&] {
      outer.cancel();
      inner.run([] { this_fiber::yield(); });
      inner_ended = true;
    }));
    EXPECT_FALSE(inner_ended);
  });
}

TEST(cancel_scope, an_inner_scope_takes_its_own_and_the_outer_one_goes_on) {
  run(with_loops(1), [] {
    cancel_scope outer;
    cancel_scope inner;
    EXPECT_TRUE(outer.run([&] {
      EXPECT_FALSE(inner.run([&] {
        inner.cancel();
        this_fiber::yield();
      }));
      this_fiber::yield();
      this_fiber::sleep_for(1ms);
    }));
  });
}

TEST(cancel_scope, of_two_that_are_cancelled_the_outer_one_takes_the_exception) {
  for (const bool inner_first : {true, false}) {
    run(with_loops(1), [&] {
      cancel_scope outermost;
      cancel_scope outer;
      cancel_scope inner;
      bool went_on = false;
      std::string why;
      EXPECT_TRUE(outermost.run([&] {
        EXPECT_FALSE(outer.run([&] {
          inner.run([&] {
            if (inner_first) inner.cancel("inner");
            outer.cancel("outer");
            inner.cancel("inner");
            try {
              this_fiber::yield();
            } catch (const cancelled& request) {
              why = request.reason();
              throw;
            }
          });
          went_on = true;
        }));
        this_fiber::yield();
      }));
      EXPECT_FALSE(went_on);
      EXPECT_EQ(why, "outer");
    });
  }
}

TEST(cancel_scope, an_outer_one_that_is_cancelled_while_the_inner_unwinds_takes_the_exception) {
  run(with_loops(1), [] {
    cancel_scope outer;
    cancel_scope inner;
    struct last_minute {
      cancel_scope& outer;
      ~last_minute() { outer.cancel(); }
    };
    bool went_on = false;
    EXPECT_FALSE(outer.run([&] {
      inner.run([&] {
        const last_minute cancels_outer{outer};
        inner.cancel();
        this_fiber::yield();
      });
      went_on = true;
    }));
    EXPECT_FALSE(went_on);
  });
}

TEST(cancel_scope, a_cancelled_task_passes_through_all_its_scopes) {
  run(with_loops(1), [] {
    bool left = false;
    auto body = spawn([&] {
      cancel_scope outer;
      cancel_scope inner;
      inner.cancel();
      outer.run([&] { inner.run([] { test::park_for_ever(); }); });
      left = true;
      outer.run([&] { inner.run([] { test::park_for_ever(); }); });
    });
    body.cancel();
    EXPECT_THROW(body.join(), task_cancelled);
    EXPECT_FALSE(left);
  });
}

TEST(cancel_scope, only_its_own_fiber_is_cancelled) {
  run(with_loops(2), [] {
    cancel_scope scope;
    std::atomic<bool> over{false};
    auto other = spawn([&] {
      while (!over) this_fiber::yield();
      this_fiber::sleep_for(1ms);
      return 1;
    });
    EXPECT_FALSE(scope.run([&] {
      scope.cancel();
      this_fiber::yield();
    }));
    over = true;
    EXPECT_EQ(other.join(), 1);
  });
}

TEST(cancel_scope, a_task_spawned_inside_belongs_to_no_scope_of_its_parent) {
  run(with_loops(1), [] {
    cancel_scope scope;
    std::optional<task<int>> child;
    EXPECT_FALSE(scope.run([&] {
      child = spawn([] {
        this_fiber::sleep_for(1ms);
        return 4;
      });
      scope.cancel();
      this_fiber::yield();
    }));
    EXPECT_EQ(child->join(), 4);
  });
}

TEST(cancel_scope, a_cancelled_join_leaves_the_task_joinable) {
  for (const bool started : {false, true}) {
    run(with_loops(1), [&] {
      test::gate finish;
      auto slow = spawn([&] {
        finish.wait();
        return 6;
      });
      if (started) test::let_all_run();
      EXPECT_FALSE(move_on_after(1ms, [&] { slow.join(); }));
      finish.open();
      EXPECT_EQ(slow.join(), 6);
    });
  }
}

TEST(cancel_scope, while_an_exception_unwinds_through_it_suspension_points_park) {
  run(with_loops(1), [] {
    cancel_scope scope;
    bool parked = false;
    struct waits_at_its_end {
      bool& parked;
      ~waits_at_its_end() {
        this_fiber::sleep_for(1ms);
        parked = true;
      }
    };
    EXPECT_FALSE(scope.run([&] {
      const waits_at_its_end guard{parked};
      scope.cancel();
      this_fiber::yield();
    }));
    EXPECT_TRUE(parked);
  });
}

TEST(cancel_scope, one_that_is_opened_inside_a_destructor_is_delivered_there) {
  run(with_loops(1), [] {
    cancel_scope scope;
    bool inner_timed_out = false;
    bool outer_heard = true;
    struct cleans_up {
      bool& inner_timed_out;
      bool& outer_heard;
      ~cleans_up() {
        outer_heard = !shield([] { return move_on_after(1ms, [] { return true; }).has_value(); });
        inner_timed_out = !move_on_after(1ms, [] { test::park_for_ever(); });
      }
    };
    EXPECT_FALSE(scope.run([&] {
      const cleans_up guard{inner_timed_out, outer_heard};
      scope.cancel();
      this_fiber::yield();
    }));
    EXPECT_TRUE(inner_timed_out);
    EXPECT_FALSE(outer_heard);
  });
}

TEST(cancel_scope, a_wait_inside_a_catch_is_cancelled) {
  run(with_loops(1), [] {
    cancel_scope scope;
    EXPECT_FALSE(scope.run([&] {
      try {
        throw std::runtime_error("something");
      } catch (const std::runtime_error&) {
        scope.cancel();
        this_fiber::yield();
      }
    }));
    EXPECT_EQ(std::current_exception(), nullptr);
  });
}

TEST(cancel_scope, outside_a_fiber_or_run_twice_at_once_it_says_so) {
  cancel_scope scope;
  EXPECT_THROW(scope.run([] {}), std::logic_error);
  EXPECT_THROW(with_timeout(1s, [] {}), std::logic_error);
  run(with_loops(1), [&] {
    EXPECT_TRUE(scope.run([&] { EXPECT_THROW(scope.run([] {}), std::logic_error); }));
    EXPECT_TRUE(scope.run([] {})) << "once it has ended it can be run again";
  });
}

void nest(int levels) {
  if (levels > 0) shield([levels] { nest(levels - 1); });
}

TEST(cancel_scope, more_than_65534_inside_one_another_are_refused) {
  if (test::sanitized) GTEST_SKIP() << "a sanitizer's own stack of calls is not that deep";
  run(with_loops(1), [] {
    auto deep = spawn({.stack_bytes = std::size_t{256} << 20}, [] {
      nest(65'534);
      EXPECT_THROW(nest(65'535), std::length_error);
      EXPECT_TRUE(move_on_after(1h, [] { this_fiber::yield(); })) << "the depth is back at none";
    });
    deep.join();
  });
}

TEST(cancel_scope, a_long_reason_is_copied_and_outlives_the_scope) {
  run(with_loops(1), [] {
    std::exception_ptr kept;
    {
      cancel_scope scope;
      scope.run([&] {
        scope.cancel(std::string(100, 'x'));
        try {
          this_fiber::yield();
        } catch (...) {
          kept = std::current_exception();
          throw;
        }
      });
    }
    try {
      std::rethrow_exception(kept);
    } catch (const cancelled& request) {
      EXPECT_EQ(request.reason(), std::string(100, 'x'));
    }
  });
}

TEST(cancel_scope, of_many_who_cancel_and_one_who_ends_nobody_touches_what_is_gone) {
  run(with_loops(2), [] {
    constexpr int rounds = test::rounds(20'000);
    std::atomic<cancel_scope*> open{nullptr};
    std::atomic<int> at_work{0};
    std::atomic<bool> over{false};
    std::vector<std::thread> cancellers;
    for (int n = 0; n < 2; ++n) {
      cancellers.emplace_back([&] {
        while (!over) {
          ++at_work;
          if (cancel_scope* const scope = open.load()) scope->cancel("from a thread");
          --at_work;
        }
      });
    }
    int cancelled_rounds = 0;
    for (int n = 0; n < rounds; ++n) {
      auto scope = std::make_unique<cancel_scope>();
      open = scope.get();
      const bool ended = scope->run([&] {
        for (int yields = 0; yields < 3; ++yields) this_fiber::yield();
      });
      cancelled_rounds += ended ? 0 : 1;
      open = nullptr;
      while (at_work.load() != 0) this_fiber::yield();
      this_fiber::yield();  // nothing of it has stayed
    }
    over = true;
    for (std::thread& each : cancellers) each.join();
    EXPECT_LE(cancelled_rounds, rounds);
  });
}

}  // namespace
}  // namespace heddle
