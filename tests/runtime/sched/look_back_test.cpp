// SPDX-License-Identifier: MIT
// What a loop finds that looks back at the time since it left its root.
#include "sched/look_back.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace heddle::detail {
namespace {

using namespace std::chrono_literals;

clock::time_point now() { return std::chrono::steady_clock::now(); }

TEST(look_back, a_short_stretch_is_not_late) {
  look_back looks(1h);
  looks.is_on_root(now(), 5);
  const look_back::stretch past = looks.has_returned(6);
  EXPECT_FALSE(past.late);
  EXPECT_EQ(past.slices, 1U);
}

TEST(look_back, a_long_stretch_is_late_and_lasted_at_most_what_it_did) {
  look_back looks(1h);
  const clock::time_point began = now() - 2h;
  looks.is_on_root(began, 5);
  const look_back::stretch past = looks.has_returned(8);
  EXPECT_TRUE(past.late);
  EXPECT_EQ(past.slices, 3U);
  EXPECT_LE(past.lasted, now() - began);
  EXPECT_GT(past.lasted, 2h - 1min);
}

TEST(look_back, the_next_stretch_begins_where_this_one_ends) {
  look_back looks(1h);
  looks.is_on_root(now() - 2h, 0);
  looks.has_returned(3);
  const look_back::stretch next = looks.has_returned(4);
  EXPECT_FALSE(next.late);
  EXPECT_EQ(next.slices, 1U);
}

TEST(look_back, by_the_coarse_clock_nothing_seems_longer_than_it_was) {
  look_back looks(1ns);
  looks.is_on_root(now(), 0);
  // For some ticks, so that one of them falls between the two.
  for (const clock::time_point end = now() + 200ms; now() < end;) {
    const clock::time_point before = now();
    looks.is_on_root(before, 0);
    const auto first = looks.has_returned(1).lasted;
    const auto second = looks.has_returned(2).lasted;
    const auto both = now() - before;
    ASSERT_LE(first, both);
    ASSERT_LE(second, both);
  }
}

}  // namespace
}  // namespace heddle::detail
