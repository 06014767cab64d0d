// SPDX-License-Identifier: MIT
// gather and gather_settled: all results, in order, or the first failure.
#include <heddle/runtime.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/made_range.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <variant>
#include <vector>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::park_for_ever;
using test::with_loops;

struct own_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

TEST(gather, gives_the_results_in_the_order_of_the_calls) {
  for (const unsigned loops : {1U, 2U}) {
    run(with_loops(loops), [] {
      int kept = 5;
      auto results = gather(
          [] {
            this_fiber::sleep_for(1ms);
            return 1;
          },
          [] { return std::string("two"); }, [] {}, [&]() -> int& { return kept; },
          [] { return std::make_unique<int>(4); });
      static_assert(std::is_same_v<decltype(results),
                                   std::tuple<int, std::string, std::monostate,
                                              std::reference_wrapper<int>, std::unique_ptr<int>>>);
      EXPECT_EQ(std::get<0>(results), 1);
      EXPECT_EQ(std::get<1>(results), "two");
      EXPECT_EQ(&std::get<3>(results).get(), &kept);
      EXPECT_EQ(*std::get<4>(results), 4);
    });
  }
}

TEST(gather, of_one_call_is_a_tuple_of_one) {
  run(with_loops(1), [] {
    EXPECT_EQ(gather([] { return 1; }), std::tuple(1));
    const auto inner = gather([] { return std::tuple(1, 2); });
    static_assert(std::is_same_v<decltype(inner), const std::tuple<std::tuple<int, int>>>);
    EXPECT_EQ(inner, std::make_tuple(std::tuple(1, 2)));
  });
}

TEST(gather, calls_start_in_order_and_run_side_by_side) {
  run(with_loops(1), [] {
    std::vector<int> order;
    const auto call = [&](int number) {
      return [&order, number] {
        order.push_back(number);
        this_fiber::yield();
        order.push_back(number + 10);
      };
    };
    gather(call(1), call(2), call(3));
    EXPECT_EQ(order, (std::vector<int>{1, 2, 3, 11, 12, 13}));
  });
}

TEST(gather, uses_callables_where_they_stand) {
  run(with_loops(1), [] {
    struct counter {
      int calls = 0;
      int operator()() { return ++calls; }
    } count;
    gather(count, count);
    EXPECT_EQ(count.calls, 2);
    struct once {
      std::unique_ptr<int> given = std::make_unique<int>(6);
      std::unique_ptr<int> operator()() && { return std::move(given); }
    };
    EXPECT_EQ(*std::get<0>(gather(once())), 6);
  });
}

TEST(gather, of_a_range_gives_a_vector) {
  run(with_loops(2), [] {
    std::vector<std::function<int()>> calls;
    for (int n = 0; n < 50; ++n) calls.emplace_back([n] { return (this_fiber::yield(), n); });
    const std::vector<int> results = gather(calls);
    for (int n = 0; n < 50; ++n) EXPECT_EQ(results[static_cast<std::size_t>(n)], n);
    std::vector<std::function<void()>> silent(3, [] {});
    static_assert(std::is_void_v<decltype(gather(silent))>);
    gather(silent);
    EXPECT_TRUE(gather(std::vector<std::function<int()>>{}).empty());
    std::vector<int> targets(3);
    std::vector<std::function<int&()>> referring;
    for (int& each : targets) referring.emplace_back([&each]() -> int& { return each; });
    const auto references = gather(referring);
    for (std::size_t n = 0; n < 3; ++n) EXPECT_EQ(&references[n].get(), &targets[n]);
  });
}

TEST(gather, of_calls_that_a_range_makes_on_the_way_keeps_them) {
  run(with_loops(1), [] {
    auto calls = test::made_range(3, [](int n) {
      return [text = std::string(100, static_cast<char>('1' + n))] { return text; };
    });
    const std::vector<std::string> results = gather(calls);
    EXPECT_EQ(results[2], std::string(100, '3'));
  });
}

TEST(gather, the_first_failure_cancels_the_rest_and_is_rethrown) {
  run(with_loops(1), [] {
    bool ended = false;
    EXPECT_THROW(gather(
                     [&] {
                       try {
                         park_for_ever();
                       } catch (const cancelled&) {
                         ended = true;
                         throw;
                       }
                     },
                     []() -> int { throw own_error("first"); }),
                 own_error);
    EXPECT_TRUE(ended);
  });
}

TEST(gather, cancelled_cancels_its_calls) {
  run(with_loops(1), [] {
    int ended = 0;
    const auto waits = [&] {
      try {
        park_for_ever();
      } catch (const cancelled&) {
        ++ended;
        throw;
      }
    };
    EXPECT_THROW(with_timeout(1ms, [&] { gather(waits, waits); }), timed_out);
    EXPECT_EQ(ended, 2);
  });
}

TEST(gather, cancelled_when_all_have_values_drops_none) {
  run(with_loops(1), [] {
    cancel_scope scope;
    const auto results = scope.run([&] {
      return gather(
          [&] {
            scope.cancel();
            return 1;
          },
          [] { return 2; });
    });
    ASSERT_TRUE(results.has_value());
    EXPECT_EQ(*results, std::tuple(1, 2));
  });
}

TEST(gather, in_a_scope_that_is_cancelled_calls_nobody) {
  run(with_loops(1), [] {
    cancel_scope scope;
    scope.cancel();
    int calls = 0;
    const auto call = [&calls] { return ++calls; };
    const std::vector<std::function<int()>> range(2, call);
    EXPECT_FALSE(scope.run([&] { gather(call, call); }));
    EXPECT_FALSE(scope.run([&] { gather(range); }));
    EXPECT_FALSE(scope.run([&] { gather_settled(call, call); }));
    EXPECT_FALSE(scope.run([&] { gather_settled(range); }));
    EXPECT_EQ(calls, 0);
    EXPECT_TRUE(scope.run([&] { shield([&] { gather(call, call); }); }));
    EXPECT_EQ(calls, 2);
  });
}

TEST(gather, again_and_again_ends_when_the_task_is_cancelled) {
  for (const unsigned loops : {1U, 2U}) {
    run(with_loops(loops), [] {
      int rounds = 0;
      auto service = spawn([&rounds] {
        for (; rounds < 100'000; ++rounds) gather([] { return 1; }, [] { return 2; });
      });
      this_fiber::yield();
      service.cancel();
      EXPECT_THROW(service.join(), task_cancelled);
      EXPECT_LT(rounds, 100'000);
    });
  }
}

TEST(gather, cancelled_while_its_calls_end_by_themselves_is_so_at_the_next) {
  run(with_loops(1), [] {
    cancel_scope scope;
    int rounds = 0;
    EXPECT_FALSE(scope.run([&] {
      for (; rounds < 100; ++rounds) {
        gather([&] { scope.cancel(); }, [] { return 2; });
      }
    }));
    EXPECT_EQ(rounds, 1);
  });
}

TEST(gather, of_a_call_that_is_cancelled_on_its_own_disturbs_nobody_and_gives_task_cancelled) {
  run(with_loops(1), [] {
    bool ended = false;
    EXPECT_THROW(gather([] { return 1; }, []() -> int { throw cancelled(); },
                        [&] {
                          this_fiber::sleep_for(1ms);
                          ended = true;
                        }),
                 task_cancelled);
    EXPECT_TRUE(ended);
    this_fiber::yield();  // the caller was not cancelled
  });
}

TEST(gather, hands_the_reason_of_its_caller_s_cancellation_on_and_throws_it) {
  run(with_loops(1), [] {
    cancel_scope scope;
    std::vector<std::string> met;
    const auto waits = [&] {
      try {
        park_for_ever();
      } catch (const cancelled& request) {
        met.emplace_back(request.reason());
        throw;
      }
    };
    auto other = spawn([&] { scope.cancel("my message"); });
    EXPECT_FALSE(scope.run([&] {
      try {
        gather_settled(waits, waits);
      } catch (const cancelled& request) {
        met.emplace_back(request.reason());
        throw;
      }
    }));
    EXPECT_EQ(met, std::vector<std::string>(3, "my message"));
    other.join();
  });
}

TEST(gather, of_shielded_calls_that_is_cancelled_waits_and_gives_their_values) {
  run(with_loops(1), [] {
    cancel_scope scope;
    auto other = spawn([&] { scope.cancel(); });
    const auto shielded = [] {
      return shield([] {
        this_fiber::sleep_for(2ms);
        return 3;
      });
    };
    std::tuple<int, int> values;
    EXPECT_FALSE(scope.run([&] {
      values = gather(shielded, shielded);
      this_fiber::yield();
    }));
    EXPECT_EQ(values, std::tuple(3, 3));
    other.join();
  });
}

TEST(gather, failures_after_the_first_are_told_to_nobody) {
  config settings = with_loops(1);
  int unhandled = 0;
  settings.on_unhandled = [&](const unhandled_error&) { ++unhandled; };
  run(settings, [] {
    EXPECT_THROW(gather(
                     [] {
                       try {
                         park_for_ever();
                       } catch (const cancelled&) {
                         throw std::runtime_error("second");
                       }
                     },
                     [] { throw own_error("first"); }),
                 own_error);
  });
  EXPECT_EQ(unhandled, 0);
}

TEST(gather, of_tasks_that_are_joined_waits_for_all_of_them) {
  run(with_loops(2), [] {
    std::vector<task<int>> tasks;
    for (int n = 0; n < 5; ++n) {
      tasks.push_back(spawn([n] {
        this_fiber::sleep_for(std::chrono::microseconds(500 - 100 * n));
        return n;
      }));
    }
    std::vector<std::function<int()>> joins;
    for (auto& each : tasks) joins.emplace_back([&each] { return each.join(); });
    EXPECT_EQ(gather(joins), (std::vector<int>{0, 1, 2, 3, 4}));
    // One that is not waited for any more goes on: the handle is elsewhere.
    test::gate finish;
    auto slow = spawn([&] {
      finish.wait();
      return 6;
    });
    EXPECT_FALSE(move_on_after(1ms, [&] { return gather([&] { return slow.join(); }); }));
    finish.open();
    EXPECT_EQ(slow.join(), 6);
  });
}

TEST(gather, outside_a_fiber_says_so) {
  EXPECT_THROW(gather([] { return 1; }), std::logic_error);
}

TEST(gather_settled, gives_an_outcome_each_and_cancels_nobody) {
  run(with_loops(1), [] {
    int kept = 1;
    auto [fails, succeeds, silent, refers] =
        gather_settled([]() -> int { throw own_error("its own"); },
                       [] {
                         this_fiber::sleep_for(1ms);
                         return 2;
                       },
                       [] {}, [&]() -> int& { return kept; });
    EXPECT_FALSE(fails.has_value());
    EXPECT_THROW(fails.value(), own_error);
    EXPECT_NE(fails.error(), nullptr);
    ASSERT_TRUE(succeeds.has_value());
    EXPECT_EQ(succeeds.value(), 2);
    EXPECT_EQ(succeeds.error(), nullptr);
    silent.value();
    EXPECT_EQ(&refers.value(), &kept);
  });
}

TEST(gather_settled, of_a_range_gives_a_vector_of_outcomes) {
  run(with_loops(2), [] {
    std::vector<std::function<int()>> calls;
    for (int n = 0; n < 10; ++n) {
      calls.emplace_back([n]() -> int {
        if (n % 2 == 0) throw own_error(std::to_string(n));
        return n;
      });
    }
    const auto outcomes = gather_settled(calls);
    ASSERT_EQ(outcomes.size(), 10U);
    for (std::size_t n = 0; n < 10; ++n) EXPECT_EQ(outcomes[n].has_value(), n % 2 == 1);
    EXPECT_EQ(outcomes[3].value(), 3);
  });
}

TEST(gather_settled, one_that_cancels_itself_is_an_outcome) {
  run(with_loops(1), [] {
    const auto [odd, usual] = gather_settled([]() -> int { throw cancelled(); }, [] { return 1; });
    EXPECT_THROW(odd.value(), task_cancelled);
    EXPECT_EQ(usual.value(), 1);
  });
}

TEST(gather_settled, cancelled_throws_and_leaves_nobody) {
  run(with_loops(1), [] {
    EXPECT_FALSE(move_on_after(1ms, [] { gather_settled([] { park_for_ever(); }, [] {}); }));
  });
}

TEST(outcome, gives_its_value_away_as_an_rvalue) {
  auto made = outcome<std::unique_ptr<int>>::of_value(std::make_unique<int>(3));
  EXPECT_EQ(*made.value(), 3);
  const std::unique_ptr<int> taken = std::move(made).value();
  EXPECT_EQ(*taken, 3);
  using about_errors = outcome<std::exception_ptr>;
  EXPECT_TRUE(about_errors::of_value(nullptr).has_value());
  EXPECT_FALSE(about_errors::of_error(std::make_exception_ptr(1)).has_value());
}

}  // namespace
}  // namespace heddle
