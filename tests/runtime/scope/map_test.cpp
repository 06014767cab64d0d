// SPDX-License-Identifier: MIT
// map: a call an element, a limited number at a time, results in order.
#include <heddle/runtime.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/made_range.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <vector>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::made_range;
using test::numbers_below;
using test::park_for_ever;
using test::with_loops;

TEST(map, gives_the_results_in_the_order_of_the_elements) {
  run(with_loops(2), [] {
    std::vector<int> numbers(100);
    for (int n = 0; n < 100; ++n) numbers[static_cast<std::size_t>(n)] = n;
    const std::vector<int> squares = map(numbers, 7, [](int n) {
      if (n % 10 == 0) this_fiber::sleep_for(100us);
      return n * n;
    });
    for (int n = 0; n < 100; ++n) EXPECT_EQ(squares[static_cast<std::size_t>(n)], n * n);
  });
}

TEST(map, has_at_most_limit_calls_under_way) {
  for (const std::size_t limit : {1U, 3U, 100U}) {
    run(with_loops(2), [limit] {
      std::atomic<std::size_t> under_way{0};
      std::atomic<std::size_t> most{0};
      map(numbers_below(40), limit, [&](int) {
        const std::size_t now = ++under_way;
        std::size_t seen = most;
        while (seen < now && !most.compare_exchange_weak(seen, now)) {
        }
        this_fiber::sleep_for(100us);
        --under_way;
      });
      EXPECT_LE(most, limit);
      EXPECT_GE(most, std::min<std::size_t>(limit, 3));
    });
  }
}

TEST(map, hands_over_the_elements_themselves_or_what_the_range_makes) {
  run(with_loops(1), [] {
    std::vector<int> numbers{1, 2, 3};
    map(numbers, 2, [](int& n) { n *= 2; });
    EXPECT_EQ(numbers, (std::vector<int>{2, 4, 6}));
    const auto boxes = map(made_range(3, [](int n) { return std::make_unique<int>(2 * n + 2); }), 2,
                           [](std::unique_ptr<int> box) { return box; });
    EXPECT_EQ(*boxes[2], 6);
    const auto same = map(numbers, 1, [](int& n) -> int& { return n; });
    EXPECT_EQ(&same[1].get(), &numbers[1]);
    static_assert(std::is_void_v<decltype(map(numbers, 1, [](int) {}))>);
    EXPECT_TRUE(map(std::vector<int>{}, 1, [](int n) { return n; }).empty());
  });
}

TEST(map, the_first_failure_stops_the_rest) {
  run(with_loops(1), [] {
    int calls = 0;
    EXPECT_THROW(map(numbers_below(1000), 2,
                     [&](int n) {
                       ++calls;
                       this_fiber::yield();
                       if (n == 5) throw std::runtime_error("the fifth");
                     }),
                 std::runtime_error);
    EXPECT_LT(calls, 20);
  });
}

TEST(map, a_failure_of_the_range_ends_the_calls) {
  run(with_loops(1), [] {
    bool ended = false;
    const auto numbers = made_range(10, [](int n) {
      if (n == 1) throw std::runtime_error("the range");
      return n;
    });
    EXPECT_THROW(map(numbers, 4,
                     [&](int) {
                       try {
                         park_for_ever();
                       } catch (const cancelled&) {
                         ended = true;
                         throw;
                       }
                     }),
                 std::runtime_error);
    EXPECT_TRUE(ended);
  });
}

TEST(map, cancelled_leaves_nobody) {
  run(with_loops(1), [] {
    EXPECT_THROW(with_timeout(1ms, [] { map(numbers_below(9), 3, [](int) { park_for_ever(); }); }),
                 timed_out);
  });
}

TEST(map, in_a_scope_that_is_cancelled_calls_nobody) {
  run(with_loops(1), [] {
    cancel_scope scope;
    scope.cancel();
    int calls = 0;
    EXPECT_FALSE(scope.run([&] { map(numbers_below(9), 3, [&calls](int) { ++calls; }); }));
    EXPECT_FALSE(scope.run([] { map(numbers_below(0), 3, [](int) {}); }));
    EXPECT_EQ(calls, 0);
  });
}

TEST(map, cancelled_by_a_call_starts_no_more_of_them) {
  run(with_loops(1), [] {
    cancel_scope scope;
    int walked = 0;
    const auto numbers = made_range(1000, [&](int n) {
      ++walked;
      if (n == 5) scope.cancel();
      return n;
    });
    EXPECT_FALSE(scope.run([&] { map(numbers, 1000, [](int n) { return n; }); }));
    EXPECT_LT(walked, 10);
  });
}

TEST(map, without_a_place_is_refused) {
  run(with_loops(1),
      [] { EXPECT_THROW(map(numbers_below(9), 0, [](int) {}), std::invalid_argument); });
}

}  // namespace
}  // namespace heddle
