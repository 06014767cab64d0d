// SPDX-License-Identifier: MIT
// this_fiber: yielding, sleeping, and what a fiber knows of itself.
#include <heddle/runtime.hpp>

#include "runtime/support/loops.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::with_loops;

TEST(this_fiber, yield_lets_everybody_who_waits_on_the_loop_go_first) {
  run(with_loops(1), [] {
    std::string order;
    auto first = spawn([&] {
      order += 'a';
      this_fiber::yield();
      order += 'd';
    });
    auto second = spawn([&] {
      order += 'b';
      this_fiber::yield();
      order += 'e';
    });
    this_fiber::yield();
    order += 'c';
    this_fiber::yield();
    order += 'f';
    first.join();
    second.join();
    EXPECT_EQ(order, "abcdef");
  });
}

TEST(this_fiber, yield_alone_returns) {
  run(with_loops(1), [] {
    for (int n = 0; n < 100'000; ++n) this_fiber::yield();
  });
}

TEST(this_fiber, a_sleep_never_ends_early) {
  const auto sleep_often = [] {
    for (const auto span : {0ns, 1ns, 999ns, 65'536ns, 65'537ns, 1'000'000ns, 4'300'000ns}) {
      const clock::time_point begin = clock::now();
      this_fiber::sleep_for(span);
      EXPECT_GE(clock::now() - begin, span);
    }
    this_fiber::sleep_for(-1h);
    this_fiber::sleep_until(clock::time_point::min());
  };
  run(with_loops(1), sleep_often);
  run(with_loops(2), sleep_often);
  sleep_often();
}

TEST(this_fiber, sleepers_wake_in_the_order_of_their_deadlines) {
  run(with_loops(1), [] {
    std::vector<int> order;
    std::vector<task<void>> sleepers;
    const clock::time_point begin = clock::now() + 20ms;
    for (const int n : {5, 1, 4, 2, 3}) {
      sleepers.push_back(spawn([&, n] {
        this_fiber::sleep_until(begin + n * 3ms);
        order.push_back(n);
      }));
    }
    for (auto& each : sleepers) each.join();
    EXPECT_EQ(order, (std::vector<int>{1, 2, 3, 4, 5}));
  });
}

TEST(this_fiber, a_sleep_without_end_is_ended_by_cancellation) {
  run(with_loops(1), [] {
    auto with_span = spawn([] { this_fiber::sleep_for(std::chrono::hours::max()); });
    auto for_ever = spawn([] { this_fiber::sleep_until(deadline::never()); });
    auto to_the_last =
        spawn([] { this_fiber::sleep_until(clock::time_point::max() - clock::duration(1)); });
    this_fiber::sleep_for(2ms);
    for (auto* const each : {&with_span, &for_ever, &to_the_last}) {
      EXPECT_FALSE(each->done());
      each->cancel();
      EXPECT_THROW(each->join(), task_cancelled);
    }
  });
}

TEST(this_fiber, every_fiber_has_an_id_of_its_own_in_every_runtime) {
  std::set<fiber_id> seen;
  for (int n = 0; n < 3; ++n) {
    run(with_loops(2), [&] {
      std::vector<task<fiber_id>> children;
      for (int child = 0; child < 3000; ++child) {
        children.push_back(spawn([] { return this_fiber::id(); }));
      }
      for (auto& each : children) {
        const fiber_id told = each.id();
        const fiber_id own = each.join();
        EXPECT_EQ(told, own);
        EXPECT_NE(own, fiber_id::none);
        EXPECT_TRUE(seen.insert(own).second) << own;
      }
    });
  }
}

TEST(this_fiber, the_name_is_the_one_given_at_spawn) {
  run(with_loops(1), [] {
    EXPECT_EQ(this_fiber::name(), "");
    std::string given = "fetcher";
    auto named = spawn({.name = given}, [] { return std::string(this_fiber::name()); });
    given = "changed";
    EXPECT_EQ(named.name(), "fetcher");
    EXPECT_EQ(named.join(), "fetcher");
    auto unnamed = spawn([] { return std::string(this_fiber::name()); });
    EXPECT_EQ(unnamed.name(), "");
    EXPECT_EQ(unnamed.join(), "");
    auto long_named =
        spawn({.name = std::string(1000, 'x')}, [] { return std::string(this_fiber::name()); });
    EXPECT_EQ(long_named.join(), std::string(256, 'x'));
  });
}

template <class Call>
void expect_logic_error(Call call, const std::string& operation) {
  try {
    call();
    ADD_FAILURE() << operation << " went through on a plain thread";
  } catch (const std::logic_error& error) {
    EXPECT_NE(std::string(error.what()).find("this_fiber::" + operation), std::string::npos)
        << error.what();
    EXPECT_NE(std::string(error.what()).find("outside a fiber"), std::string::npos);
  }
}

TEST(this_fiber, exists_in_fibers_and_not_on_plain_threads) {
  EXPECT_FALSE(this_fiber::exists());
  run(with_loops(1), [] {
    EXPECT_TRUE(this_fiber::exists());
    EXPECT_TRUE(spawn([] { return this_fiber::exists(); }).join());
    bool on_thread = true;
    std::thread([&] { on_thread = this_fiber::exists(); }).join();
    EXPECT_FALSE(on_thread);
  });
}

TEST(this_fiber, a_plain_thread_has_no_fiber_but_may_sleep) {
  expect_logic_error([] { this_fiber::yield(); }, "yield");
  expect_logic_error([] { this_fiber::checkpoint(); }, "checkpoint");
  expect_logic_error([] { this_fiber::id(); }, "id");
  expect_logic_error([] { this_fiber::name(); }, "name");
  expect_logic_error([] { this_fiber::stack_high_water_bytes(); }, "stack_high_water_bytes");
  expect_logic_error([] { this_fiber::trim_stack(); }, "trim_stack");
  const clock::time_point begin = clock::now();
  this_fiber::sleep_for(2ms);
  EXPECT_GE(clock::now() - begin, 2ms);
}

[[gnu::noinline]] std::size_t touch(std::size_t bytes) {
  std::array<char, 4096> page;
  asm volatile("" : : "r"(page.data()) : "memory");
  return bytes > page.size() ? touch(bytes - page.size()) + page.size() : page.size();
}

TEST(this_fiber, the_high_water_mark_grows_with_the_deepest_call) {
  run(with_loops(1), [] {
    auto body = spawn({.stack_bytes = 512 * 1024}, [] {
      const std::size_t at_first = this_fiber::stack_high_water_bytes();
      EXPECT_GT(at_first, 0U);
      EXPECT_LT(at_first, 64 * 1024U);
      touch(200 * 1024);
      const std::size_t after = this_fiber::stack_high_water_bytes();
      EXPECT_GE(after, 200 * 1024U);
      EXPECT_LE(after, 512 * 1024U);
      touch(4096);
      EXPECT_EQ(this_fiber::stack_high_water_bytes(), after);
    });
    body.join();
  });
}

TEST(this_fiber, a_trimmed_stack_has_given_back_what_was_below_and_kept_what_is_in_use) {
  run(with_loops(1), [] {
    auto body = spawn({.stack_bytes = 512 * 1024}, [] {
      std::array<char, 8192> kept;
      kept.fill('k');
      this_fiber::trim_stack();  // nothing is there yet
      touch(200 * 1024);
      this_fiber::trim_stack();
      EXPECT_LT(this_fiber::stack_high_water_bytes(), 64 * 1024U);
      EXPECT_EQ(std::count(kept.begin(), kept.end(), 'k'), 8192);
      touch(200 * 1024);
      EXPECT_GE(this_fiber::stack_high_water_bytes(), 200 * 1024U);
    });
    body.join();
  });
}

}  // namespace
}  // namespace heddle
