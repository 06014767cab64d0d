// SPDX-License-Identifier: MIT
// Cancel scopes in shapes that are rarer: asked twice, left before anybody has heard, used again,
// shared by mistake, thousands deep, shielded and not.
#include <heddle/runtime.hpp>

#include "runtime/support/errors.hpp"
#include "runtime/support/loops.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::message_of;
using test::park_for_ever;
using test::with_loops;
using testing::AllOf;
using testing::HasSubstr;

std::string reason_met_at(const std::function<void()>& wait) {
  try {
    wait();
  } catch (const cancelled& request) {
    return std::string(request.reason());
  }
  return "went on";
}

TEST(cancel_scope, asked_twice_is_cancelled_once_for_the_first_reason) {
  run(with_loops(1), [] {
    cancel_scope scope;
    EXPECT_FALSE(scope.run([&] {
      scope.cancel("first");
      scope.cancel("second");
      EXPECT_EQ(reason_met_at([] { park_for_ever(); }), "first");
      EXPECT_EQ(reason_met_at([] { park_for_ever(); }), "first");
      this_fiber::yield();
    }));
    EXPECT_TRUE(scope.cancel_requested());
  });
}

TEST(cancel_scope, left_before_anybody_has_heard_of_it_gives_what_the_body_returned) {
  run(with_loops(1), [] {
    cancel_scope scope;
    EXPECT_TRUE(scope.run([&] {
      scope.cancel();
      shield([] { this_fiber::yield(); });
    }));
    this_fiber::yield();  // not delivered to whoever comes after
    EXPECT_TRUE(scope.cancel_requested());
    EXPECT_FALSE(scope.timed_out());
  });
}

TEST(cancel_scope, cancelled_between_two_runs_is_so_in_the_second) {
  run(with_loops(1), [] {
    cancel_scope scope;
    EXPECT_TRUE(scope.run([] { this_fiber::yield(); }));
    scope.cancel("between");
    this_fiber::yield();
    EXPECT_FALSE(scope.run([] {
      EXPECT_EQ(reason_met_at(&this_fiber::yield), "between");
      this_fiber::yield();
    }));
  });
}

TEST(cancel_scope, that_another_fiber_is_in_cannot_be_run) {
  run(with_loops(1), [] {
    cancel_scope scope;
    auto other = spawn([&] { EXPECT_FALSE(scope.run([] { park_for_ever(); })); });
    test::let_all_run();
    EXPECT_THAT(message_of<std::logic_error>([&] { scope.run([] {}); }),
                AllOf(HasSubstr("cancel_scope::run"), HasSubstr("being run already")));
    scope.cancel();  // the other one is still heard
    other.join();
  });
}

TEST(cancel_scope, thousands_deep_is_cancelled_by_the_outermost) {
  run(with_loops(1), [] {
    auto deep = spawn({.stack_bytes = std::size_t{64} << 20}, [] {
      cancel_scope outermost;
      int left = 0;
      const std::function<void(int)> nest = [&](int levels) {
        if (levels == 0) {
          outermost.cancel("all");
          park_for_ever();
        }
        cancel_scope scope;
        if (!scope.run([&] { nest(levels - 1); })) ++left;
      };
      EXPECT_FALSE(outermost.run([&] { nest(5000); }));
      EXPECT_EQ(left, 0) << "none of them was cancelled itself";
    });
    deep.join();
  });
}

TEST(cancel_scope, its_shield_keeps_the_outer_one_away_and_not_those_inside) {
  run(with_loops(1), [] {
    cancel_scope outer;
    EXPECT_FALSE(outer.run([&] {
      outer.cancel("outer");
      EXPECT_EQ(reason_met_at(&this_fiber::yield), "outer");
      shield([] {
        this_fiber::yield();
        cancel_scope inner;
        EXPECT_FALSE(inner.run([&] {
          inner.cancel("inner");
          EXPECT_EQ(reason_met_at(&this_fiber::yield), "inner");
          this_fiber::yield();
        }));
        this_fiber::yield();
      });
      EXPECT_EQ(reason_met_at(&this_fiber::yield), "outer") << "the shield is down";
      shield([] { this_fiber::sleep_for(1ms); });  // and may be raised again
      this_fiber::yield();
    }));
  });
}

TEST(cancel_scope, a_shield_raised_while_it_unwinds_does_not_take_the_exception_from_it) {
  run(with_loops(1), [] {
    cancel_scope outer;
    cancel_scope inner;
    bool inner_ended = false;
    struct shields {
      ~shields() {
        shield([] { this_fiber::yield(); });
      }
    };
    EXPECT_FALSE(outer.run([&] {
      outer.cancel();
      inner.run([] {
        const shields at_end;
        this_fiber::yield();
      });
      inner_ended = true;
    }));
    EXPECT_FALSE(inner_ended);
  });
}

TEST(cancel_scope, cancelled_while_its_wait_was_ended_already_loses_nothing) {
  run(with_loops(1), [] {
    cancel_scope scope;
    wait_queue queue;
    std::optional<wake_reason> reason;
    auto body = spawn([&] {
      EXPECT_FALSE(scope.run([&] {
        reason = queue.wait_unless([]() noexcept { return false; });
        this_fiber::yield();
      }));
    });
    test::let_all_run();
    EXPECT_TRUE(queue.wake_one());  // handed over
    scope.cancel();                 // too late for this wait, in time for the next
    body.join();
    EXPECT_EQ(reason, wake_reason::event);
  });
}

TEST(cancel_scope, what_the_body_holds_dies_before_run_returns) {
  run(with_loops(1), [] {
    const auto held = std::make_shared<int>(1);
    cancel_scope scope;
    EXPECT_FALSE(scope.run([&scope, mine = held] {
      const std::vector<std::shared_ptr<int>> more(3, mine);
      scope.cancel();
      this_fiber::yield();
    }));
    EXPECT_EQ(held.use_count(), 1);
    auto body = spawn([mine = held] { park_for_ever(); });
    test::let_all_run();
    body.cancel();
    EXPECT_THROW(body.join(), task_cancelled);
    EXPECT_EQ(held.use_count(), 1);
  });
}

TEST(cancel_scope, a_cancelled_that_nobody_asked_for_is_taken_by_no_scope) {
  run(with_loops(1), [] {
    cancel_scope outer;
    cancel_scope inner;
    EXPECT_EQ(reason_met_at(
                  [&] { outer.run([&] { inner.run([] { throw cancelled("made by hand"); }); }); }),
              "made by hand");
    EXPECT_THROW(with_timeout(1h, [] { throw cancelled(); }), cancelled);
    auto body = spawn([] { throw cancelled(); });
    EXPECT_THROW(body.join(), task_cancelled);
  });
}

TEST(cancel_scope, a_task_that_cancels_itself_meets_it_and_may_still_return) {
  run(with_loops(1), [] {
    task<int> waits;
    waits = spawn([&] {
      waits.cancel();
      park_for_ever();
      return 1;
    });
    test::let_all_run();
    EXPECT_THROW(waits.join(), task_cancelled);
    task<int> returns;
    returns = spawn([&] {
      returns.cancel();
      return 12;
    });
    test::let_all_run();
    EXPECT_EQ(returns.join(), 12);
  });
}

TEST(cancel_scope, a_request_to_the_task_is_for_good_and_one_to_a_scope_ends_with_it) {
  run(with_loops(1), [] {
    std::vector<std::string> met;
    auto body = spawn([&] {
      cancel_scope part;
      part.run([&] {
        part.cancel("the part");
        met.push_back(reason_met_at(&this_fiber::yield));
      });
      this_fiber::yield();  // as nothing had been: the scope has been left
      met.emplace_back("after");
      met.push_back(reason_met_at([] { park_for_ever(); }));
      met.push_back(reason_met_at([] { park_for_ever(); }));
      return 3;
    });
    test::let_all_run();
    body.cancel();
    EXPECT_EQ(body.join(), 3);
    EXPECT_EQ(met, (std::vector<std::string>{"the part", "after", "", ""}));
  });
}

}  // namespace
}  // namespace heddle
