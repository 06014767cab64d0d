// SPDX-License-Identifier: MIT
// The one loop of run() has no thread that watches it, until a slice was slow: it says so
// afterwards, as exactly as it knows.
#include <heddle/runtime.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/process_counts.hpp"
#include "runtime/support/slow_slices.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::hog_for;
using test::process_counts;
using test::slow_slices;
using ::testing::EndsWith;
using ::testing::HasSubstr;

constexpr auto limit = 100ms;
/// Longer than what a coarse clock may miss.
constexpr auto long_enough = limit + 30ms;

TEST(watchdog_late, a_slice_of_its_own_is_reported_with_all_that_is_known_of_it) {
  slow_slices reports(limit);
  fiber_id id = fiber_id::none;
  const auto named = [&] {
    spawn({.name = "late"}, [&] {
      id = this_fiber::id();
      this_fiber::sleep_for(1ms);
      hog_for(long_enough);
      EXPECT_EQ(reports.count(), 0U);
      this_fiber::sleep_for(1ms);
      EXPECT_EQ(reports.count(), 1U);
    }).join();
  };
  run(reports.settings(1), named);
  ASSERT_EQ(reports.count(), 1U);
  const stall_report report = reports.all()[0];
  EXPECT_EQ(report.id, id);
  EXPECT_EQ(report.name, "late");
  EXPECT_THAT(report.spawned_at.file, EndsWith("watchdog_late_test.cpp"));
  EXPECT_GE(report.lasted, limit);
  EXPECT_THAT(report.details, HasSubstr("use cpu() or blocking() here"));
}

TEST(watchdog_late, the_last_slice_of_all_is_reported_though_its_task_has_ended) {
  slow_slices reports(limit);
  const fiber_id id = run(reports.settings(1), [] {
    hog_for(long_enough);
    return this_fiber::id();
  });
  ASSERT_EQ(reports.count(), 1U);
  EXPECT_EQ(reports.all()[0].id, id);
}

TEST(watchdog_late, of_several_slices_it_says_that_one_was_slow) {
  slow_slices reports(limit);
  run(reports.settings(1), [] {
    auto next = spawn([] {});
    hog_for(4 * long_enough);
    next.join();
  });
  ASSERT_EQ(reports.count(), 1U);
  EXPECT_EQ(reports.all()[0].id, fiber_id::none);
  EXPECT_THAT(reports.all()[0].details,
              HasSubstr("slices of loop 0 was slower than 100 ms: use cpu() or blocking() there"));
}

TEST(watchdog_late, many_slices_that_were_slow_together_are_not_called_so) {
  slow_slices reports(limit);
  run(reports.settings(1), [] {
    auto other = spawn([] {
      for (int n = 0; n < 20; ++n) this_fiber::yield();
    });
    for (int n = 0; n < 20; ++n) {
      hog_for(8ms);
      this_fiber::yield();
    }
    other.join();
    this_fiber::sleep_for(1ms);
  });
  EXPECT_EQ(reports.count(), 0U);
}

TEST(watchdog_late, the_next_hog_is_reported_while_it_runs) {
  slow_slices reports(limit);
  config settings = reports.settings(1);
  settings.name = "lone";
  const std::size_t threads = process_counts::now().threads;
  run(settings, [&] {
    this_fiber::sleep_for(1ms);
    EXPECT_EQ(process_counts::now().threads, threads);
    hog_for(long_enough);
    this_fiber::sleep_for(1ms);
    EXPECT_EQ(reports.count(), 1U);
    EXPECT_TRUE(reports.has_come_to(2));
    EXPECT_NE(test::folder_of_thread("lone-watch"), "");
  });
  EXPECT_TRUE(test::eventually([] { return test::folder_of_thread("lone-watch").empty(); }));
}

TEST(watchdog_late, with_debug_the_first_is_reported_while_it_runs) {
  slow_slices reports(limit);
  config settings = reports.settings(1);
  settings.debug = true;
  run(settings, [&] { EXPECT_TRUE(reports.has_come_to(1)); });
}

}  // namespace
}  // namespace heddle
