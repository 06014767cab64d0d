// SPDX-License-Identifier: MIT
// Time-outs: never early, told by the right scope, and shields against them.
#include <heddle/runtime.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/random.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::with_loops;

TEST(timeout, gives_what_the_body_returns) {
  run(with_loops(1), [] {
    EXPECT_EQ(with_timeout(1h, [] { return 7; }), 7);
    with_timeout(1h, [] { this_fiber::yield(); });
    int kept = 1;
    int& same = with_timeout(1h, [&]() -> int& { return kept; });
    EXPECT_EQ(&same, &kept);
    EXPECT_EQ(*with_deadline(deadline::never(), [] { return std::make_unique<int>(3); }), 3);
    EXPECT_EQ(move_on_after(1h, [] { return 2; }), 2);
  });
}

TEST(timeout, throws_timed_out_and_never_early) {
  run(with_loops(1), [] {
    const auto begin = clock::now();
    try {
      with_timeout(20ms, [] { test::park_for_ever(); });
      FAIL() << "returned";
    } catch (const timed_out& late) {
      EXPECT_NE(std::string(late.what()).find("0.02 s"), std::string::npos) << late.what();
    }
    EXPECT_GE(clock::now() - begin, 20ms);
    EXPECT_THROW(with_deadline(clock::now() + 1ms, [] { this_fiber::sleep_for(1h); }), timed_out);
    EXPECT_FALSE(move_on_after(1ms, [] { this_fiber::sleep_for(1h); }));
    EXPECT_EQ(move_on_at(clock::now(), [] { return (this_fiber::yield(), 1); }), std::nullopt);
  });
}

TEST(timeout, of_nothing_or_in_the_past_is_met_at_the_first_suspension_point) {
  run(with_loops(1), [] {
    EXPECT_EQ(with_timeout(0s, [] { return 1; }), 1) << "did not suspend";
    EXPECT_THROW(with_timeout(0s, [] { this_fiber::checkpoint(); }), timed_out);
    EXPECT_THROW(with_timeout(-1h, [] { this_fiber::yield(); }), timed_out);
    EXPECT_THROW(with_timeout(std::chrono::hours::min(), [] { this_fiber::yield(); }), timed_out);
    with_timeout(std::chrono::hours::max(), [] { this_fiber::yield(); });
    EXPECT_THROW(with_deadline(clock::time_point::min(), [] { this_fiber::yield(); }), timed_out);
    cancel_scope late{deadline(clock::now())};
    EXPECT_FALSE(late.run([] { this_fiber::checkpoint(); }));
    EXPECT_TRUE(late.timed_out());
    EXPECT_TRUE(late.cancel_requested());
  });
}

TEST(timeout, the_one_that_is_due_first_ends_its_own_scope_only) {
  run(with_loops(1), [] {
    bool inner_was_late = false;
    with_timeout(1h, [&] {
      try {
        with_timeout(1ms, [] { test::park_for_ever(); });
      } catch (const timed_out&) {
        inner_was_late = true;
      }
      this_fiber::sleep_for(1ms);
    });
    EXPECT_TRUE(inner_was_late);
  });
}

TEST(timeout, an_outer_one_that_is_due_first_owns_its_error) {
  run(with_loops(1), [] {
    bool inner_was_late = false;
    EXPECT_THROW(with_timeout(1ms,
                              [&] {
                                try {
                                  with_timeout(1h, [] { test::park_for_ever(); });
                                } catch (const timed_out&) {
                                  inner_was_late = true;
                                }
                              }),
                 timed_out);
    EXPECT_FALSE(inner_was_late);
  });
}

TEST(timeout, of_two_at_once_the_outer_one_owns_the_error) {
  for (const unsigned loops : {1U, 2U}) {
    run(with_loops(loops), [] {
      for (int n = 0; n < test::rounds(200); ++n) {
        const deadline both = n % 2 == 0 ? deadline(clock::now()) : deadline::after(100us);
        bool inner_was_late = false;
        cancel_scope outer(both);
        EXPECT_FALSE(outer.run([&] {
          try {
            with_deadline(both, [] { test::park_for_ever(); });
          } catch (const timed_out&) {
            inner_was_late = true;
          }
        }));
        EXPECT_FALSE(inner_was_late);
        EXPECT_TRUE(outer.timed_out());
      }
    });
  }
}

TEST(timeout, is_met_by_a_body_that_only_yields_or_never_waits) {
  for (const unsigned loops : {1U, 2U}) {
    run(with_loops(loops), [] {
      EXPECT_FALSE(move_on_after(2ms, [] {
        for (;;) this_fiber::yield();
      }));
      EXPECT_FALSE(move_on_after(2ms, [] {
        for (;;) this_fiber::checkpoint();
      }));
    });
  }
}

TEST(timeout, ends_a_join_that_runs_the_child_by_itself) {
  run(with_loops(1), [] {
    auto child = spawn([] { test::park_for_ever(); });
    EXPECT_THROW(with_timeout(1ms, [&] { child.join(); }), timed_out);
    child.cancel();
    EXPECT_THROW(child.join(), task_cancelled);
  });
}

TEST(timeout, tells_why_in_the_exception) {
  run(with_loops(1), [] {
    std::string why;
    EXPECT_FALSE(move_on_after(1ms, [&] {
      try {
        test::park_for_ever();
      } catch (const cancelled& request) {
        why = request.reason();
        throw;
      }
    }));
    EXPECT_EQ(why, "timed out");
  });
}

TEST(timeout, leaves_no_timer_behind) {
  runtime machine(with_loops(1));
  machine.run([] {
    for (int n = 0; n < 100; ++n) {
      with_timeout(1h, [] { this_fiber::sleep_for(10us); });
      with_timeout(1h, [] { with_timeout(10us, [] { return 1; }); });
      move_on_after(50us, [] { this_fiber::sleep_for(1h); });
    }
    // Were one armed, its scope's frame would be gone when it fires.
    this_fiber::sleep_for(1ms);
  });
}

TEST(shield, keeps_an_outer_cancellation_away_until_it_ends) {
  run(with_loops(1), [] {
    cancel_scope scope;
    bool slept = false;
    bool went_on = false;
    EXPECT_FALSE(scope.run([&] {
      scope.cancel();
      slept = shield([] {
        this_fiber::sleep_for(1ms);
        this_fiber::yield();
        return true;
      });
      EXPECT_TRUE(slept) << "the shield does not throw";
      this_fiber::checkpoint();
      went_on = true;
    }));
    EXPECT_TRUE(slept);
    EXPECT_FALSE(went_on);
  });
}

TEST(shield, keeps_away_what_comes_while_it_waits) {
  run(with_loops(2), [] {
    cancel_scope scope;
    auto other = spawn([&] {
      this_fiber::sleep_for(1ms);
      scope.cancel();
    });
    bool slept = false;
    EXPECT_FALSE(scope.run([&] {
      shield([&] { this_fiber::sleep_for(5ms); });
      slept = true;
      this_fiber::yield();
    }));
    EXPECT_TRUE(slept);
    other.join();
  });
}

TEST(shield, a_deadline_inside_is_heard_and_one_outside_after) {
  run(with_loops(1), [] {
    bool after = false;
    EXPECT_THROW(with_timeout(1ms,
                              [&] {
                                shield([] {
                                  EXPECT_THROW(with_timeout(10ms, [] { test::park_for_ever(); }),
                                               timed_out);
                                });
                                after = true;
                                this_fiber::yield();
                              }),
                 timed_out);
    EXPECT_TRUE(after);
  });
}

TEST(shield, a_cancelled_task_may_clean_up_in_it) {
  run(with_loops(1), [] {
    bool cleaned = false;
    auto body = spawn([&] {
      try {
        test::park_for_ever();
      } catch (const cancelled&) {
        shield([&] {
          this_fiber::sleep_for(1ms);
          cleaned = true;
        });
        throw;
      }
    });
    test::let_all_run();
    body.cancel();
    EXPECT_THROW(body.join(), task_cancelled);
    EXPECT_TRUE(cleaned);
  });
}

TEST(shield, gives_what_its_body_returns_or_throws) {
  run(with_loops(1), [] {
    EXPECT_EQ(shield([] { return (this_fiber::yield(), 42); }), 42);
    int kept = 1;
    EXPECT_EQ(&shield([&]() -> int& { return kept; }), &kept);
    EXPECT_EQ(*shield([] { return std::make_unique<int>(3); }), 3);
    EXPECT_THROW(shield([] { throw std::runtime_error("expected"); }), std::runtime_error);
    auto child = spawn([] { test::park_for_ever(); });
    child.cancel();
    EXPECT_THROW(shield([&] { child.join(); }), task_cancelled) << "that is not its own";
    cancel_scope scope;
    EXPECT_THROW(scope.run([&] {
      scope.cancel();
      shield([] { throw std::runtime_error("expected"); });
    }),
                 std::runtime_error);
    this_fiber::yield();
  });
}

TEST(shield, what_runs_side_by_side_inside_comes_to_its_end) {
  run(with_loops(2), [] {
    cancel_scope scope;
    int sum = 0;
    EXPECT_FALSE(scope.run([&] {
      scope.cancel();
      const auto sleeps = [] {
        this_fiber::sleep_for(1ms);
        return 1;
      };
      const auto [a, b] = shield([&] { return gather(sleeps, sleeps); });
      sum = a + b;
      this_fiber::yield();
    }));
    EXPECT_EQ(sum, 2);
  });
}

TEST(shield, on_a_plain_thread_just_calls) {
  EXPECT_EQ(shield([] { return 3; }), 3);
}

TEST(timeout, random_nests_of_scopes_end_as_a_model_says) {
  // Scopes inside one another, some with a deadline that has passed, some cancelled by hand, some
  // shields; the body then suspends. The outermost cancelled one inside of the innermost shield
  // takes the exception; without one the body goes on.
  SCOPED_TRACE(test::seed());
  run(with_loops(1), [] {
    test::random_numbers random(1);
    for (int round = 0; round < test::rounds(3000); ++round) {
      enum class kind { plain, cancelled, late, shield };
      std::vector<kind> nest;
      for (auto left = random.below(6); left > 0; --left)
        nest.push_back(static_cast<kind>(random.below(4)));
      std::size_t taker = nest.size();
      for (std::size_t n = nest.size(); n-- > 0;) {
        if (nest[n] == kind::shield) break;
        if (nest[n] != kind::plain) taker = n;
      }
      std::size_t took = nest.size();
      const auto enter = [&](const auto& self, std::size_t n) -> void {
        if (n == nest.size()) return this_fiber::yield();
        if (nest[n] == kind::shield) return shield([&] { self(self, n + 1); });
        cancel_scope scope(nest[n] == kind::late ? deadline(clock::time_point()) : deadline());
        if (nest[n] == kind::cancelled) scope.cancel();
        if (!scope.run([&] { self(self, n + 1); })) took = n;
      };
      // What a shield has kept away is not met any more: nothing suspends after it.
      enter(enter, 0);
      ASSERT_EQ(took, taker) << "round " << round;
      this_fiber::yield();
    }
  });
}

}  // namespace
}  // namespace heddle
