// SPDX-License-Identifier: MIT
// rate_limiter: never more than the burst and what has come since, in line, and nothing lost by
// those who leave. What is checked are counts against the clock, never how long something takes.
#include <heddle/runtime.hpp>
#include <heddle/sync/rate_limiter.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/random.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace heddle::sync {
namespace {

using namespace std::chrono_literals;
using test::let_all_run;
using test::with_any_loops;
using test::with_loops;

TEST(rate_limiter, refuses_what_makes_no_sense) {
  const auto says = [](rate_limit bad, const char* field) {
    try {
      const rate_limiter made(bad);
      ADD_FAILURE() << "made with a bad " << field;
    } catch (const std::invalid_argument& error) {
      EXPECT_NE(std::string(error.what()).find(field), std::string::npos) << error.what();
    }
  };
  says({.tokens = 0}, "tokens");
  says({.per = 0ns}, "per");
  says({.burst = 0}, "burst");
  says({.burst = std::numeric_limits<std::ptrdiff_t>::max()}, "burst");
  rate_limiter gate({.tokens = 1, .per = 1h, .burst = 3});
  for (const std::ptrdiff_t bad : {0, -1, 4}) {
    EXPECT_THROW(gate.acquire(bad), std::invalid_argument);
    EXPECT_THROW(gate.try_acquire(bad), std::invalid_argument);
  }
}

TEST(rate_limiter, starts_with_a_burst_and_not_a_token_more) {
  rate_limiter gate({.tokens = 1, .per = 1h, .burst = 5});
  gate.acquire(2);
  EXPECT_FALSE(gate.try_acquire(4));
  EXPECT_TRUE(gate.try_acquire(3));
  EXPECT_FALSE(gate.try_acquire());
}

TEST(rate_limiter, refuses_at_once_what_cannot_come_in_time) {
  // Each would take an hour if it waited; the case's watchdog gives a minute.
  const rate_limit hourly{.tokens = 1, .per = 1h, .burst = 1};
  rate_limiter beside_threads(hourly);
  beside_threads.acquire();
  EXPECT_FALSE(beside_threads.acquire_for(59min));
  run(with_any_loops(), [&] {
    rate_limiter gate(hourly);
    gate.acquire();
    EXPECT_FALSE(gate.acquire_for(59min));
    auto first = spawn([&] { gate.acquire_for(2h); });
    let_all_run();
    EXPECT_FALSE(gate.acquire_for(119min)) << "behind one who waits an hour";
    first.cancel();
    EXPECT_THROW(first.join(), task_cancelled);
  });
}

TEST(rate_limiter, never_gives_more_than_the_rate_allows) {
  const rate_limit limits[] = {{.tokens = 100'000, .per = 1s, .burst = 1},
                               {.tokens = 3, .per = 100us, .burst = 7},
                               {.tokens = 7, .per = 1ms, .burst = 20}};
  for (const rate_limit& limit : limits) {
    run(with_loops(2), [&limit] {
      const auto before = clock::now();
      rate_limiter gate(limit);
      std::atomic<std::int64_t> given{0};
      std::atomic<bool> too_many{false};
      const auto end = before + 40ms;
      const auto use = [&](std::uint64_t stream) {
        test::random_numbers random(stream);
        while (clock::now() < end) {
          const auto most_at_once = std::min<std::ptrdiff_t>(limit.burst, 3);
          const std::ptrdiff_t n = 1 + random.below(static_cast<std::uint32_t>(most_at_once));
          if (random.once_in(3)) {
            if (!gate.try_acquire(n)) continue;
          } else if (!gate.acquire_until(end, n)) {
            break;  // none comes before the end
          }
          const std::int64_t sum = given += n;
          const auto elapsed = clock::now() - before;  // read after the count
          const auto most = limit.burst + elapsed.count() * limit.tokens / limit.per.count() + 1;
          if (sum > most) too_many = true;
        }
      };
      test::plain_thread thread([&] { use(1); });
      gather([&] { use(2); }, [&] { use(3); }, [&] { use(4); });
      thread.join();
      EXPECT_FALSE(too_many);
      EXPECT_GT(given, limit.burst) << "gave nothing after its burst";
    });
  }
}

TEST(rate_limiter, keeps_rates_of_more_than_one_token_a_nanosecond) {
  rate_limiter gate({.tokens = 3, .per = 2ns, .burst = 3'000'000});
  const auto before = clock::now();
  constexpr std::int64_t wanted = 18'000'000;
  for (std::int64_t given = 0; given < wanted; given += 300'000) gate.acquire(300'000);
  EXPECT_GE(clock::now() - before, 10ms) << "all but the burst, at 1.5 a nanosecond";
}

TEST(rate_limiter, serves_in_the_order_of_arrival) {
  run(with_loops(1), [] {
    rate_limiter gate({.tokens = 1, .per = 200us, .burst = 4});
    gate.acquire(4);
    std::vector<int> order;
    task_group group;
    for (const int wanted : {4, 1, 3, 2}) {
      group.spawn([&, wanted] {
        gate.acquire(wanted);
        order.push_back(wanted);
      });
    }
    group.join();
    EXPECT_EQ(order, (std::vector<int>{4, 1, 3, 2}));
  });
}

TEST(rate_limiter, whoever_is_counted_in_line_is_served_before_those_who_come_later) {
  run(with_any_loops(), [] {
    // Whatever is left of the first one's turn: it may not end between being counted and the line.
    for (int turns = 120; turns < 136; ++turns) {
      rate_limiter gate({.tokens = 1, .per = 4ms, .burst = 1});
      gate.acquire();
      std::vector<char> order;
      bool later_was_refused = false;
      task_group group;
      group.spawn([&] {
        for (int n = 0; n < turns; ++n) this_fiber::checkpoint();
        gate.acquire();
        order.push_back('a');
      });
      group.spawn([&] {
        later_was_refused = !gate.acquire_for(6ms);  // because the other one is in line
        if (later_was_refused) gate.acquire();
        order.push_back('b');
      });
      group.join();
      if (later_was_refused) {
        EXPECT_EQ(order, (std::vector<char>{'a', 'b'})) << turns;
      }
    }
  });
}

TEST(rate_limiter, nobody_passes_who_waits) {
  run(with_any_loops(), [] {
    rate_limiter gate({.tokens = 1, .per = 1h, .burst = 3});
    gate.acquire(2);
    auto waits = spawn([&] { gate.acquire(2); });
    let_all_run();
    EXPECT_FALSE(gate.try_acquire()) << "there is one token, but somebody waits";
    waits.cancel();
    EXPECT_THROW(waits.join(), task_cancelled);
    EXPECT_TRUE(gate.try_acquire()) << "who left had reserved nothing";
  });
}

TEST(rate_limiter, those_behind_one_who_leaves_move_up) {
  run(with_any_loops(), [] {
    rate_limiter gate({.tokens = 1, .per = 1h, .burst = 3});
    gate.acquire(2);
    auto large = spawn([&] { gate.acquire(3); });
    let_all_run();
    auto small = spawn([&] { gate.acquire(1); });
    let_all_run();
    EXPECT_FALSE(small.done());
    large.cancel();
    EXPECT_THROW(large.join(), task_cancelled);
    small.join();
    auto other = spawn([&] { gate.acquire(); });
    let_all_run();
    other.cancel();
    EXPECT_THROW(other.join(), task_cancelled);
  });
}

TEST(rate_limiter, gives_what_is_there_to_whoever_asks_while_nobody_waits) {
  constexpr int asked = test::rounds(100'000);
  rate_limiter gate({.tokens = 1, .per = 1us, .burst = 4 * asked});
  std::atomic<int> refused{0};
  std::atomic<int> here{0};
  const auto ask = [&](auto attempt) {
    ++here;
    test::wait_until([&] { return here == 2; });
    for (int n = 0; n < 2 * asked; ++n) refused += attempt() ? 0 : 1;
  };
  std::thread other([&] { ask([&] { return gate.acquire_for(0s); }); });
  ask([&] { return gate.try_acquire(); });
  other.join();
  EXPECT_EQ(refused, 0);
}

TEST(rate_limiter, keeps_count_of_the_largest_numbers_it_takes) {
  constexpr std::ptrdiff_t huge = std::numeric_limits<std::int64_t>::max() / 4;
  run(with_any_loops(), [] {
    rate_limiter gate({.tokens = 1, .per = 1ns, .burst = huge});
    gate.acquire(huge);
    task_group group;
    for (int n = 0; n < 9; ++n) group.spawn([&] { gate.acquire(huge); });
    let_all_run();
    EXPECT_FALSE(gate.try_acquire()) << "nine wait";
    EXPECT_FALSE(gate.acquire_for(1s));
    group.cancel();
    group.join();
    EXPECT_TRUE(gate.try_acquire()) << "nobody waits, and some nanoseconds have passed";
  });
}

TEST(rate_limiter, does_not_save_more_than_a_burst) {
  rate_limiter gate({.tokens = 1, .per = 1ms, .burst = 2});
  gate.acquire(2);
  this_fiber::sleep_for(10ms);
  // Two at once; a third only if a millisecond passes between these lines.
  const auto before = clock::now();
  int got = 0;
  while (gate.try_acquire()) ++got;
  EXPECT_GE(got, 2);
  EXPECT_LE(got, 3 + (clock::now() - before) / 1ms);
}

TEST(rate_limiter, says_in_a_dump_what_is_waited_for) {
  runtime home(with_loops(1));
  rate_limiter gate({.tokens = 1, .per = 1h, .burst = 1});
  gate.acquire();
  auto body = home.spawn([&] { gate.acquire(); });
  EXPECT_TRUE(test::eventually([&] {
    std::ostringstream text;
    home.dump(text);
    return text.str().find("tokens of rate_limiter") != std::string::npos;
  }));
  body.cancel();
  EXPECT_THROW(body.join(), task_cancelled);
}

}  // namespace
}  // namespace heddle::sync
