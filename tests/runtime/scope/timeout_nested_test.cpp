// SPDX-License-Identifier: MIT
// Time-outs around bodies that resist, fail, clean up or hold time-outs of their own, and which of
// several reports itself. What asyncio's and trio's own tests ask of them: tests/ported.
#include <heddle/runtime.hpp>

#include "runtime/support/loops.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::park_for_ever;
using test::with_loops;

/// Calls what it holds at the end of its block.
template <class Call>
struct at_end {
  explicit at_end(Call what) : call(what) {}
  at_end(const at_end&) = delete;
  at_end& operator=(const at_end&) = delete;
  ~at_end() { call(); }
  Call call;
};

TEST(timeout, in_a_destructor_is_heard_while_one_that_was_due_before_is_unwound) {
  for (const unsigned loops : {1U, 2U}) {
    run(with_loops(loops), [] {
      bool inner_was_late = false;
      bool nested_was_late = false;
      EXPECT_THROW(with_timeout(1ms,
                                [&] {
                                  const at_end cleans([&] {
                                    inner_was_late = !move_on_after(1ms, [] { park_for_ever(); });
                                    move_on_after(1h, [&] {
                                      nested_was_late =
                                          !move_on_after(1ms, [] { park_for_ever(); });
                                    });
                                  });
                                  park_for_ever();
                                }),
                   timed_out);
      EXPECT_TRUE(inner_was_late);
      EXPECT_TRUE(nested_was_late);
    });
  }
}

TEST(timeout, in_a_destructor_is_heard_while_an_error_unwinds_one_that_is_due_before) {
  run(with_loops(1), [] {
    bool inner_was_late = false;
    EXPECT_THROW(with_timeout(1ms,
                              [&] {
                                const at_end cleans([&] {
                                  inner_was_late = !move_on_after(3ms, [] { park_for_ever(); });
                                });
                                throw std::runtime_error("the body's own");
                              }),
                 std::runtime_error);
    EXPECT_TRUE(inner_was_late);
  });
}

TEST(timeout, in_a_shield_is_heard_after_the_one_around_it_has_passed) {
  run(with_loops(1), [] {
    bool inner_was_late = false;
    EXPECT_FALSE(move_on_after(1ms, [&] {
      try {
        park_for_ever();
      } catch (const cancelled&) {
        shield([&] { inner_was_late = !move_on_after(1ms, [] { park_for_ever(); }); });
        throw;
      }
    }));
    EXPECT_TRUE(inner_was_late);
  });
}

TEST(timeout, of_two_that_pass_while_the_body_computes_the_outer_one_owns_the_error) {
  for (const bool outer_first : {true, false}) {
    run(with_loops(1), [outer_first] {
      bool inner_was_late = false;
      bool went_on = false;
      cancel_scope outer(deadline::after(outer_first ? 1ms : 2ms));
      EXPECT_FALSE(outer.run([&] {
        inner_was_late = !move_on_after(outer_first ? 2ms : 1ms, [] {
          const auto until = clock::now() + 4ms;
          while (clock::now() < until) {
          }
          park_for_ever();
        });
        went_on = true;
      }));
      EXPECT_TRUE(outer.timed_out());
      EXPECT_FALSE(inner_was_late);
      EXPECT_FALSE(went_on);
    });
  }
}

TEST(timeout, an_error_of_the_body_is_thrown_as_it_is) {
  run(with_loops(1), [] {
    cancel_scope scope(deadline::after(1h));
    EXPECT_THROW(scope.run([] { throw std::out_of_range("its own"); }), std::out_of_range);
    EXPECT_FALSE(scope.timed_out());
    EXPECT_FALSE(scope.cancel_requested());
    EXPECT_THROW(with_timeout(1h, [] { throw std::out_of_range("its own"); }), std::out_of_range);
  });
}

TEST(timeout, an_error_that_the_body_makes_of_it_is_thrown_in_its_place) {
  run(with_loops(1), [] {
    EXPECT_THROW(with_timeout(1ms,
                              [] {
                                try {
                                  park_for_ever();
                                } catch (const cancelled&) {
                                  throw std::domain_error("instead");
                                }
                              }),
                 std::domain_error);
    this_fiber::yield();  // nothing of it is left
  });
}

TEST(timeout, a_cancellation_from_elsewhere_is_not_called_a_time_out) {
  run(with_loops(1), [] {
    cancel_scope outer;
    cancel_scope limited(deadline::after(1h));
    bool called_late = false;
    EXPECT_FALSE(outer.run([&] {
      limited.run([&] {
        try {
          with_timeout(1h, [&] {
            outer.cancel();
            park_for_ever();
          });
        } catch (const timed_out&) {
          called_late = true;
        }
      });
    }));
    EXPECT_FALSE(called_late);
    EXPECT_FALSE(limited.timed_out());
    auto body = spawn([] { with_timeout(1h, [] { park_for_ever(); }); });
    test::let_all_run();
    body.cancel();
    EXPECT_THROW(body.join(), task_cancelled);
  });
}

TEST(timeout, that_was_cancelled_by_hand_is_not_timed_out) {
  run(with_loops(1), [] {
    for (bool in_time = false; !in_time;) {
      cancel_scope scope(deadline::after(2ms));
      EXPECT_FALSE(scope.run([&] {
        in_time = !scope.cancel_requested();
        scope.cancel("by hand");
        shield([] { this_fiber::sleep_for(4ms); });
        try {
          this_fiber::yield();
        } catch (const cancelled& request) {
          EXPECT_EQ(request.reason(), in_time ? "by hand" : "timed out");
        }
        this_fiber::yield();
      }));
      EXPECT_EQ(scope.timed_out(), !in_time);
    }
  });
}

TEST(timeout, does_not_cancel_the_task_around_it) {
  run(with_loops(1), [] {
    auto body = spawn([] {
      EXPECT_THROW(with_timeout(1ms, [] { park_for_ever(); }), timed_out);
      this_fiber::sleep_for(1ms);
      return 5;
    });
    EXPECT_EQ(body.join(), 5);
  });
}

TEST(timeout, a_body_that_swallows_it_and_returns_gives_its_value) {
  run(with_loops(1), [] {
    EXPECT_EQ(with_timeout(1ms,
                           [] {
                             try {
                               park_for_ever();
                             } catch (const cancelled&) {
                             }
                             return 1;
                           }),
              1);
  });
}

TEST(timeout, a_value_that_comes_in_time_is_given) {
  run(with_loops(1), [] {
    test::gate ready;
    auto opens = spawn([&] {
      this_fiber::sleep_for(1ms);
      ready.open();
    });
    EXPECT_EQ(with_timeout(1h,
                           [&] {
                             ready.wait();
                             return std::string("ok");
                           }),
              "ok");
    opens.join();
    auto ended = spawn([] { return 4; });
    test::let_all_run();
    EXPECT_EQ(with_timeout(0s, [&] { return ended.join(); }), 4) << "there already";
  });
}

TEST(timeout, waits_until_the_body_has_cleaned_up) {
  for (const auto limit : {0ms, 1ms}) {
    run(with_loops(1), [limit] {
      bool cleaned = false;
      EXPECT_THROW(with_timeout(limit,
                                [&] {
                                  try {
                                    park_for_ever();
                                  } catch (const cancelled&) {
                                    shield([] { this_fiber::sleep_for(2ms); });
                                    cleaned = true;
                                    throw;
                                  }
                                }),
                   timed_out);
      EXPECT_TRUE(cleaned);
    });
  }
}

TEST(timeout, a_task_that_the_body_owns_is_cancelled_and_waited_for) {
  for (const auto limit : {-1ms, 0ms, 1ms}) {
    run(with_loops(1), [limit] {
      bool started = false;
      bool ended = false;
      EXPECT_THROW(with_timeout(limit,
                                [&] {
                                  auto child = spawn([&] {
                                    const at_end tells([&] { ended = true; });
                                    started = true;
                                    park_for_ever();
                                  });
                                  child.join();
                                }),
                   timed_out);
      EXPECT_TRUE(started) << "it starts, and meets the request at its first suspension point";
      EXPECT_TRUE(ended);
    });
  }
}

TEST(timeout, an_error_of_a_child_on_its_way_out_goes_before_it) {
  run(with_loops(1), [] {
    EXPECT_THROW(with_timeout(1ms,
                              [] {
                                task_group group;
                                group.spawn([] {
                                  try {
                                    park_for_ever();
                                  } catch (const cancelled&) {
                                    throw std::domain_error("the child's");
                                  }
                                });
                                group.join();
                              }),
                 std::domain_error);
  });
}

TEST(timeout, of_a_body_that_resists_is_met_again_and_a_cancellation_from_outside_too) {
  run(with_loops(1), [] {
    int met = 0;
    auto body = spawn([&] {
      with_timeout(1ms, [&] {
        for (;;) {
          try {
            park_for_ever();
          } catch (const cancelled&) {
            if (++met == 3) throw;
            shield([] { this_fiber::yield(); });
          }
        }
      });
    });
    test::yield_until([&] { return met > 0; });
    body.cancel();
    EXPECT_THROW(body.join(), task_cancelled) << "the outer request owns what leaves";
    EXPECT_EQ(met, 3);
  });
}

TEST(timeout, a_deadline_that_passes_before_its_scope_runs_counts_when_it_does) {
  run(with_loops(1), [] {
    cancel_scope scope(deadline::after(1ms));
    this_fiber::sleep_for(2ms);
    EXPECT_FALSE(scope.cancel_requested()) << "it has not been run";
    bool began = false;
    EXPECT_FALSE(scope.run([&] {
      began = true;
      this_fiber::checkpoint();
    }));
    EXPECT_TRUE(began);
    EXPECT_TRUE(scope.timed_out());
  });
}

TEST(timeout, a_scope_that_has_ended_in_time_is_never_late) {
  run(with_loops(1), [] {
    cancel_scope scope(deadline::after(2ms));
    EXPECT_TRUE(scope.run([] { this_fiber::sleep_for(100us); }) || scope.timed_out());
    const bool late = scope.timed_out();
    this_fiber::sleep_for(4ms);
    EXPECT_EQ(scope.timed_out(), late);
    EXPECT_EQ(scope.cancel_requested(), late);
  });
}

}  // namespace
}  // namespace heddle
