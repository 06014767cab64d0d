// SPDX-License-Identifier: MIT
// race and any: who comes first, and what becomes of the others.
#include <heddle/runtime.hpp>

#include "runtime/support/errors.hpp"
#include "runtime/support/loops.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::message_of;
using test::park_for_ever;
using test::with_loops;

struct own_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

TEST(race, gives_the_result_of_whoever_ends_first_and_cancels_the_others) {
  for (const unsigned loops : {1U, 2U}) {
    run(with_loops(loops), [] {
      std::atomic<bool> ended{false};
      auto first = race(
          [&] {
            try {
              park_for_ever();
            } catch (const cancelled&) {
              ended = true;
              throw;
            }
          },
          [] {
            this_fiber::sleep_for(1ms);
            return std::make_unique<int>(3);
          },
          [] {
            park_for_ever();
            return 1;
          });
      static_assert(
          std::is_same_v<decltype(first), std::variant<std::monostate, std::unique_ptr<int>, int>>);
      ASSERT_EQ(first.index(), 1U);
      EXPECT_EQ(*std::get<1>(first), 3);
      EXPECT_TRUE(ended);
    });
  }
}

TEST(race, is_won_by_an_exception_too) {
  run(with_loops(1), [] {
    EXPECT_THROW(race([] { park_for_ever(); }, []() -> int { throw own_error("first"); }),
                 own_error);
  });
}

TEST(race, of_a_range_says_which) {
  run(with_loops(1), [] {
    std::vector<std::function<int()>> calls;
    for (int n = 0; n < 5; ++n) {
      calls.emplace_back([n] {
        if (n != 3) park_for_ever();
        return n * 10;
      });
    }
    const auto [who, what] = race(calls);
    EXPECT_EQ(who, 3U);
    EXPECT_EQ(what, 30);
    const std::vector<std::function<void()>> silent(2, [] {});
    EXPECT_EQ(race(silent).first, 0U);
    EXPECT_THROW(race(std::vector<std::function<int()>>{}), std::invalid_argument);
  });
}

TEST(race, a_loser_may_end_as_it_likes) {
  run(with_loops(1), [] {
    const auto stubborn = [] {
      try {
        park_for_ever();
      } catch (const cancelled&) {
      }
      throw own_error("too late");
    };
    EXPECT_EQ(race(stubborn, [] { return (this_fiber::yield(), 2); }).index(), 1U);
  });
}

TEST(race, cancelled_leaves_nobody_unless_somebody_has_won) {
  run(with_loops(1), [] {
    EXPECT_THROW(with_timeout(1ms, [] { race([] { park_for_ever(); }, [] { park_for_ever(); }); }),
                 timed_out);
    cancel_scope scope;
    const auto kept = scope.run([&] {
      return race([] { park_for_ever(); },
                  [&] {
                    scope.cancel();
                    return 7;
                  });
    });
    ASSERT_TRUE(kept.has_value()) << "a value that is there is not dropped";
    EXPECT_EQ(std::get<1>(*kept), 7);
  });
}

TEST(race, in_a_scope_that_is_cancelled_calls_nobody) {
  run(with_loops(1), [] {
    cancel_scope scope;
    scope.cancel();
    int calls = 0;
    const auto call = [&calls] { return ++calls; };
    const std::vector<std::function<int()>> range(2, call);
    EXPECT_FALSE(scope.run([&] { race(call, call); }));
    EXPECT_FALSE(scope.run([&] { race(range); }));
    EXPECT_FALSE(scope.run([&] { any(call, call); }));
    EXPECT_FALSE(scope.run([&] { any(range); }));
    EXPECT_EQ(calls, 0);
  });
}

TEST(race, has_one_winner_when_many_end_at_once) {
  run(with_loops(2), [] {
    for (int round = 0; round < test::rounds(2000); ++round) {
      std::vector<std::function<int()>> calls;
      for (int n = 0; n < 4; ++n) calls.emplace_back([n] { return n; });
      const auto [who, what] = race(calls);
      ASSERT_EQ(static_cast<int>(who), what);
    }
  });
}

TEST(any, gives_the_first_success) {
  run(with_loops(1), [] {
    const auto first = any([]() -> int { throw own_error("not this one"); },
                           [] {
                             this_fiber::sleep_for(1ms);
                             return 2;
                           },
                           [] { park_for_ever(); });
    ASSERT_EQ(first.index(), 1U);
    EXPECT_EQ(std::get<1>(first), 2);
  });
}

TEST(any, throws_what_all_have_thrown_in_order) {
  run(with_loops(1), [] {
    try {
      any(
          []() -> int {
            this_fiber::sleep_for(2ms);
            throw own_error("second");
          },
          [] { throw own_error("first"); });
      FAIL() << "returned";
    } catch (const all_failed& failed) {
      ASSERT_EQ(failed.failures().size(), 2U);
      EXPECT_NE(std::string(failed.what()).find("the first threw: first"), std::string::npos)
          << failed.what();
      EXPECT_THROW(std::rethrow_exception(failed.failures()[1]), own_error);
    }
  });
}

TEST(any, of_a_range_says_which) {
  run(with_loops(2), [] {
    std::vector<std::function<int()>> calls;
    for (int n = 0; n < 5; ++n) {
      calls.emplace_back([n]() -> int {
        if (n != 4) throw own_error("no");
        this_fiber::sleep_for(1ms);
        return 40;
      });
    }
    const auto [who, what] = any(calls);
    EXPECT_EQ(who, 4U);
    EXPECT_EQ(what, 40);
    calls.pop_back();
    EXPECT_THROW(any(calls), all_failed);
    EXPECT_THROW(any(std::vector<std::function<int()>>{}), std::invalid_argument);
  });
}

TEST(any, cancelled_throws) {
  run(with_loops(1), [] {
    EXPECT_FALSE(
        move_on_after(1ms, [] { any([] { park_for_ever(); }, [] { throw own_error("no"); }); }));
  });
}

TEST(any, says_how_many_of_the_calls_were_cancelled_on_their_own) {
  run(with_loops(1), [] {
    const auto cancelled_call = []() -> int { throw cancelled(); };
    const auto failing_call = []() -> int { throw own_error("its own"); };
    EXPECT_EQ(message_of<all_failed>([&] { any(failing_call, failing_call); }),
              "heddle: none of 2 calls has succeeded; the first threw: its own");
    EXPECT_EQ(message_of<all_failed>([&] { any(cancelled_call, failing_call); }),
              "heddle: none of 2 calls has succeeded, 1 was cancelled; the first threw: its own");
    const std::vector<std::function<int()>> calls{cancelled_call, cancelled_call, failing_call};
    EXPECT_EQ(message_of<all_failed>([&] { any(calls); }),
              "heddle: none of 3 calls has succeeded, 2 were cancelled; the first threw: its own");
    EXPECT_THROW(any(cancelled_call, cancelled_call), task_cancelled);
    EXPECT_THROW(race(cancelled_call), task_cancelled);
  });
}

}  // namespace
}  // namespace heddle
