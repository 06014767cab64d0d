// SPDX-License-Identifier: MIT
// When joins let others begin out of turn: how often in all, and whose turn it is.
#include "sched/out_of_turn.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>

namespace heddle::detail {
namespace {

using namespace std::chrono_literals;

const clock::time_point beginning = clock::time_point{} + 1h;

TEST(out_of_turn, nobody_is_due_before_the_patience_has_passed) {
  out_of_turn turns;
  clock::time_point since{};
  EXPECT_FALSE(turns.is_due(since, beginning));
  EXPECT_EQ(since, beginning);
  EXPECT_FALSE(turns.is_due(since, beginning + join_patience - 1ns));
  EXPECT_TRUE(turns.is_due(since, beginning + join_patience));
  EXPECT_EQ(since, beginning + join_patience);
}

TEST(out_of_turn, the_patience_doubles_up_to_its_limit) {
  out_of_turn turns;
  clock::time_point since{};
  turns.is_due(since, beginning);
  std::chrono::nanoseconds patience = join_patience;
  for (int n = 0; n < 12; ++n) {
    const clock::time_point last = since;
    EXPECT_FALSE(turns.is_due(since, last + patience - 1ns)) << n;
    EXPECT_TRUE(turns.is_due(since, last + patience)) << n;
    patience = std::min(2 * patience, most_join_patience);
  }
  EXPECT_EQ(patience, most_join_patience);
}

TEST(out_of_turn, few_begin_in_a_long_time_however_many_ask) {
  out_of_turn turns;
  std::array<clock::time_point, 50> since{};
  int begun = 0;
  for (clock::time_point now = beginning; now < beginning + 10s; now += 100us) {
    for (clock::time_point& each : since) begun += turns.is_due(each, now) ? 1 : 0;
  }
  EXPECT_GE(begun, 10);
  EXPECT_LE(begun, 17);
}

TEST(out_of_turn, is_given_to_all_that_ask_whoever_asks_first) {
  out_of_turn turns;
  std::array<clock::time_point, 5> since{};
  std::array<int, 5> begun{};
  // The first one is always there first when the time has come.
  for (clock::time_point now = beginning; now < beginning + 30s; now += 1ms) {
    for (std::size_t n = 0; n < since.size(); ++n) begun[n] += turns.is_due(since[n], now) ? 1 : 0;
  }
  for (const int each : begun) EXPECT_GE(each, 5);
}

TEST(out_of_turn, is_not_kept_for_one_that_asks_no_more) {
  out_of_turn turns;
  clock::time_point gone{};
  clock::time_point stays{};
  turns.is_due(gone, beginning);
  clock::time_point now = beginning;
  while (!turns.is_due(stays, now += 100us)) ASSERT_LT(now, beginning + 4 * join_patience);
  EXPECT_GE(now, beginning + 2 * join_patience);
}

TEST(out_of_turn, the_patience_is_the_first_again_after_a_reset) {
  out_of_turn turns;
  clock::time_point since{};
  for (clock::time_point now = beginning; now < beginning + 1s; now += 1ms)
    turns.is_due(since, now);
  turns.reset();
  clock::time_point next{};
  EXPECT_FALSE(turns.is_due(next, beginning + 2s));
  EXPECT_TRUE(turns.is_due(next, beginning + 2s + join_patience));
}

}  // namespace
}  // namespace heddle::detail
