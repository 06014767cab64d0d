// SPDX-License-Identifier: MIT
// A fiber that runs for too long is reported while it runs; nobody else is, and nobody watches what
// does nothing.
#include <heddle/runtime.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/process_counts.hpp"
#include "runtime/support/sanitized.hpp"
#include "runtime/support/slow_slices.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::slow_slices;
using ::testing::EndsWith;
using ::testing::HasSubstr;

TEST(watchdog, a_hog_is_reported_while_it_runs) {
  slow_slices reports;
  runtime home(reports.settings(2));
  const std::uint32_t line = __LINE__ + 1;
  auto hog = home.spawn({.name = "hog"}, [&] { return reports.has_come_to(1); });
  const fiber_id id = hog.id();
  ASSERT_TRUE(hog.join());
  const stall_report report = reports.all()[0];
  EXPECT_EQ(report.id, id);
  EXPECT_EQ(report.name, "hog");
  EXPECT_THAT(report.spawned_at.file, EndsWith("watchdog_test.cpp"));
  EXPECT_EQ(report.spawned_at.line, line);
  EXPECT_GE(report.lasted, slow_slices::limit);
  EXPECT_THAT(report.details, HasSubstr("use cpu() or blocking() here"));
}

TEST(watchdog, hogs_on_all_loops_are_all_reported) {
  slow_slices reports;
  runtime home(reports.settings(3));
  std::vector<task<bool>> hogs;
  for (int n = 0; n < 3; ++n) hogs.push_back(home.spawn([&] { return reports.has_come_to(3); }));
  std::set<fiber_id> ids;
  for (auto& each : hogs) {
    ids.insert(each.id());
    EXPECT_TRUE(each.join());
  }
  std::set<fiber_id> reported;
  for (const stall_report& each : reports.all()) reported.insert(each.id);
  EXPECT_EQ(reported, ids);
}

TEST(watchdog, a_hog_on_a_thread_that_run_borrows_is_reported_too) {
  slow_slices reports;
  run(reports.settings(2), [&] { EXPECT_TRUE(reports.has_come_to(1)); });
}

TEST(watchdog, a_hog_that_ends_a_runtime_is_reported) {
  slow_slices reports;
  runtime home(reports.settings(1));
  std::atomic<bool> waits{false};
  home.spawn([&] {
        try {
          waits = true;
          test::park_for_ever();
        } catch (const cancelled&) {
          EXPECT_TRUE(reports.has_come_to(1));
        }
      })
      .detach();
  test::wait_until([&] { return waits.load(); });
}

TEST(watchdog, tells_again_when_ten_times_as_much_has_passed) {
  slow_slices reports;
  runtime home(reports.settings(1));
  ASSERT_TRUE(home.run([&] { return reports.has_come_to(2); }));
  const auto both = reports.all();
  EXPECT_EQ(both[0].id, both[1].id);
  EXPECT_GE(both[1].lasted, 10 * slow_slices::limit);
}

TEST(watchdog, a_fiber_that_yields_often_for_long_is_not_reported) {
  slow_slices reports(300ms);
  runtime home(reports.settings(2));
  home.run([] {
    const deadline end = deadline::after(700ms);
    while (!end.passed()) this_fiber::yield();
  });
  EXPECT_EQ(reports.count(), 0U);
}

TEST(watchdog, two_slices_of_a_fiber_are_two) {
  slow_slices reports;
  runtime home(reports.settings(1));
  home.run([&] {
    for (std::size_t n = 1; n <= 2; ++n) {
      EXPECT_TRUE(reports.has_come_to(n));
      this_fiber::yield();
    }
  });
}

/// Whether the watcher comes to rest: sleeps without looking while much time passes.
bool watcher_rests() {
  return test::eventually([] {
    const long before = test::sleeps_of_thread("idle-watch");
    std::this_thread::sleep_for(200ms);
    return before > 0 && test::sleeps_of_thread("idle-watch") == before;
  });
}

TEST(watchdog, sleeps_while_all_fibers_do) {
  slow_slices reports(2ms);
  config settings = reports.settings(2);
  settings.name = "idle";
  runtime home(settings);
  test::gate open;
  auto parked = home.spawn([&] { open.wait(); });
  auto sleeper = home.spawn([] { this_fiber::sleep_for(1h); });
  EXPECT_TRUE(watcher_rests());
  const std::size_t before = reports.count();
  EXPECT_TRUE(home.run([&] { return reports.has_come_to(before + 1); })) << "and wakes up";
  EXPECT_TRUE(watcher_rests());
  open.open();
  parked.join();
}

TEST(watchdog, reports_at_most_five_a_minute) {
  slow_slices reports;
  runtime home(reports.settings(1));
  for (std::size_t n = 1; n <= 5; ++n) {
    EXPECT_TRUE(home.run([&] { return reports.has_come_to(n); }));
  }
  home.run([] { test::hog_for(4 * slow_slices::limit); });
  EXPECT_EQ(reports.count(), 5U);
}

TEST(watchdog, does_not_keep_a_hang_from_being_reported) {
  slow_slices reports;
  config settings = reports.settings(1);
  std::atomic<int> hangs{0};
  settings.on_stall = [&, slow = settings.on_stall](const stall_report& report) {
    if (report.what == stall_report::kind::suspected_deadlock) ++hangs;
    slow(report);
  };
  runtime home(settings);
  for (std::size_t n = 1; n <= 5; ++n) {
    EXPECT_TRUE(home.run([&] { return reports.has_come_to(n); }));
  }
  auto hung = home.spawn([] { test::park_for_ever(); });
  EXPECT_TRUE(test::eventually([&] { return hangs == 1; }));
  hung.cancel();
  EXPECT_THROW(hung.join(), task_cancelled);
}

TEST(watchdog, without_a_limit_there_is_none) {
  slow_slices reports;
  config settings = reports.settings(2);
  settings.slow_slice = 0ns;
  settings.name = "free";
  runtime home(settings);
  home.run([] {
    // A thread names itself when it begins.
    EXPECT_TRUE(test::eventually([] { return !test::folder_of_thread("free-0").empty(); }));
    test::hog_for(200ms);
    EXPECT_EQ(test::folder_of_thread("free-watch"), "");
  });
  run(settings, [] { test::hog_for(200ms); });
  EXPECT_EQ(reports.count(), 0U);
}

TEST(watchdog, two_runtimes_have_one_each) {
  slow_slices mine;
  slow_slices yours;
  config with_name = mine.settings(1);
  with_name.name = "mine";
  runtime first(with_name);
  runtime second(yours.settings(1));
  auto hog = first.spawn({.name = "mine"}, [&] { return mine.has_come_to(1); });
  auto other = second.spawn({.name = "yours"}, [&] { return yours.has_come_to(1); });
  EXPECT_TRUE(hog.join());
  EXPECT_TRUE(other.join());
  for (const auto& each : mine.all()) EXPECT_EQ(each.name, "mine");
  for (const auto& each : yours.all()) EXPECT_EQ(each.name, "yours");
  EXPECT_NE(test::folder_of_thread("mine-watch"), "");
}

TEST(watchdog, a_runtime_ends_after_the_report_that_is_being_made) {
  std::atomic<bool> began{false};
  std::atomic<bool> ended{false};
  {
    config settings = test::with_loops(1);
    settings.slow_slice = slow_slices::limit;
    settings.on_stall = [&](const stall_report&) {
      began = true;
      std::this_thread::sleep_for(100ms);
      ended = true;
    };
    runtime home(settings);
    home.run([&] { EXPECT_TRUE(test::eventually([&] { return began.load(); })); });
  }
  EXPECT_TRUE(ended);
}

TEST(watchdog, ends_with_its_runtime_a_hundred_times) {
  const test::process_counts before = test::process_counts::now();
  for (unsigned n = 0; n < test::rounds(100U); ++n) {
    slow_slices reports(2ms);
    config settings = reports.settings(1 + n % 3);
    settings.debug = n % 2 == 0;
    runtime home(settings);
    if (n % 5 == 0) continue;
    EXPECT_TRUE(home.run([&] { return reports.has_come_to(1); }));
  }
  const std::size_t most = before.threads + (test::thread_sanitized ? 1 : 0);
  EXPECT_TRUE(test::eventually([&] { return test::process_counts::now().threads <= most; }));
  EXPECT_EQ(test::process_counts::now().descriptors, before.descriptors);
}

}  // namespace
}  // namespace heddle
