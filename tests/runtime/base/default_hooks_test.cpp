// SPDX-License-Identifier: MIT
// What a runtime prints when nobody asked for its reports, and that it does not flood.
#include "base/default_hooks.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

using heddle::clock;
using heddle::fiber_id;
using heddle::stall_report;
using heddle::detail::describe;
using heddle::detail::stall_limiter;
using namespace std::chrono_literals;

namespace {

stall_report report(stall_report::kind what, std::string details = {}) {
  return {what, fiber_id{5}, "work", {"a.cpp", 3}, 120ms, std::move(details)};
}

constexpr clock::time_point start{1h};

}  // namespace

TEST(default_hooks, a_slow_fiber_is_named_and_its_stack_follows) {
  EXPECT_EQ(describe(report(stall_report::kind::slow_slice)),
            "fiber #5 \"work\", spawned at a.cpp:3: has run for 120 ms without suspending");
  EXPECT_EQ(describe(report(stall_report::kind::slow_slice, "  main\n  work\n\n")),
            "fiber #5 \"work\", spawned at a.cpp:3: has run for 120 ms without suspending\n"
            "  main\n  work");
}

TEST(default_hooks, a_short_limit_is_told_in_microseconds) {
  stall_report brief = report(stall_report::kind::slow_slice);
  brief.lasted = 750us;
  EXPECT_EQ(describe(brief),
            "fiber #5 \"work\", spawned at a.cpp:3: has run for 750 us without suspending");
}

TEST(default_hooks, a_slow_fiber_that_nobody_knows_is_not_named) {
  stall_report unknown;
  unknown.lasted = 120ms;
  EXPECT_EQ(describe(unknown), "a fiber has run for at least 120 ms without suspending");
}

TEST(default_hooks, every_kind_of_stall_has_its_own_words) {
  EXPECT_EQ(describe(report(stall_report::kind::suspected_deadlock)),
            "suspected deadlock: every fiber waits and nothing is pending that could wake one");
  EXPECT_EQ(describe(report(stall_report::kind::unguarded_stacks)),
            "no guard pages left: further stacks are unguarded");
  EXPECT_EQ(describe(report(stall_report::kind::descriptors_exhausted, "accept: 1024 in use")),
            "no file descriptors left\naccept: 1024 in use");
}

TEST(default_hooks, reports_go_to_stderr_under_the_runtimes_name) {
  testing::internal::CaptureStderr();
  heddle::detail::print_unhandled(
      "billing",
      {fiber_id{2}, "", {"b.cpp", 8}, std::make_exception_ptr(std::runtime_error("no"))});
  heddle::detail::print_stall("billing", report(stall_report::kind::descriptors_exhausted));
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "billing: unhandled error: fiber #2, spawned at b.cpp:8: no\n"
            "billing: no file descriptors left\n");
}

TEST(stall_limiter, five_pass_and_the_sixth_waits_for_the_first_to_age) {
  stall_limiter limiter;
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(limiter.would_admit(start + i * 1s)) << i;
    EXPECT_TRUE(limiter.admit(start + i * 1s)) << i;
  }
  EXPECT_FALSE(limiter.would_admit(start + 5s));
  EXPECT_FALSE(limiter.admit(start + 5s));
  EXPECT_FALSE(limiter.admit(start + 60s - 1ns));
  EXPECT_EQ(limiter.refused(), 2u);
  EXPECT_TRUE(limiter.admit(start + 60s));
  EXPECT_FALSE(limiter.admit(start + 60s)) << "the second is only 59 s old";
  EXPECT_TRUE(limiter.admit(start + 61s));
}

TEST(stall_limiter, no_minute_has_more_than_five) {
  stall_limiter limiter;
  std::vector<clock::time_point> admitted;
  for (auto now = start; now < start + 10min; now += 700ms) {
    if (limiter.admit(now)) admitted.push_back(now);
  }
  EXPECT_GE(admitted.size(), 45u);
  for (std::size_t i = 5; i < admitted.size(); ++i) EXPECT_GE(admitted[i] - admitted[i - 5], 1min);
}

TEST(stall_limiter, works_at_the_beginning_of_virtual_time) {
  stall_limiter limiter;
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(limiter.admit(clock::time_point{}));
  EXPECT_FALSE(limiter.admit(clock::time_point{}));
}

TEST(stall_limiter, each_has_a_count_of_its_own) {
  stall_limiter one, other;
  for (int i = 0; i < 6; ++i) one.admit(start);
  EXPECT_TRUE(other.admit(start));
}

TEST(stall_limiter, many_threads_share_the_five) {
  stall_limiter limiter;
  std::atomic<int> admitted{0};
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) admitted += limiter.admit(start) ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(admitted, 5);
  EXPECT_EQ(limiter.refused(), 3995u);
}
