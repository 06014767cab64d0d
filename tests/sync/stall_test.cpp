// SPDX-License-Identifier: MIT
// A runtime in which nothing can happen any more says so, once, and only then.
#include <heddle/runtime.hpp>
#include <heddle/sync/gate.hpp>
#include <heddle/sync/mutex.hpp>

#include "runtime/support/loops.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <mutex>
#include <string>
#include <thread>
#include <vector>
#include <sys/socket.h>
#include <unistd.h>

namespace heddle::sync {
namespace {

using namespace std::chrono_literals;
using test::let_all_run;
using test::park_for_ever;
using test::with_loops;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// A runtime that keeps its reports of a suspected deadlock.
class watched {
 public:
  explicit watched(unsigned loops) : home_(settings_for(loops)) {}

  runtime* operator->() { return &home_; }
  std::size_t count() const {
    const std::lock_guard guard(lock_);
    return reports_.size();
  }
  /// Waits for the n-th report; its text.
  std::string report(std::size_t n) const {
    EXPECT_TRUE(test::eventually([&] { return count() > n; }));
    const std::lock_guard guard(lock_);
    return reports_.size() > n ? reports_[n] : "";
  }

 private:
  config settings_for(unsigned loops) {
    config settings = with_loops(loops);
    settings.on_stall = [this](const stall_report& report) {
      if (report.what != stall_report::kind::suspected_deadlock) return;
      const std::lock_guard guard(lock_);
      reports_.push_back(report.details);
    };
    return settings;
  }

  mutable std::mutex lock_;
  std::vector<std::string> reports_;
  runtime home_;
};

/// Long enough for a report that should not come.
constexpr auto longer_than_a_stall = 1500ms;

TEST(stall, of_fibers_that_wait_for_nobody_is_reported_once) {
  watched home(2);
  auto first = home->spawn({.name = "first"}, [] { park_for_ever(); });
  auto second = home->spawn({.name = "second"}, [] { spawn([] { park_for_ever(); }).join(); });
  const std::string text = home.report(0);
  EXPECT_THAT(text, AllOf(ContainsRegex("\"first\", spawned at .*stall_test.cpp:[0-9]+: parked"),
                          ContainsRegex("\"second\".*: parked, waits for the end of fiber #[0-9]+"),
                          HasSubstr("3 live tasks, 3 started")));
  std::this_thread::sleep_for(longer_than_a_stall);
  EXPECT_EQ(home.count(), 1U);
}

TEST(stall, says_what_is_waited_for_and_who_holds_it) {
  watched home(1);
  mutex one;
  gate never;
  auto holder = home->spawn({.name = "holder"}, [&] {
    const std::lock_guard guard(one);
    never.wait();
  });
  auto waiting = home->spawn({.name = "waiting"}, [&] { const std::lock_guard guard(one); });
  EXPECT_THAT(home.report(0), ContainsRegex("\"waiting\".*: parked, waits for mutex 0x[0-9a-f]+, "
                                            "held by fiber #[0-9]+\n"));
  never.open();
  waiting.join();
}

TEST(stall, is_reported_again_after_something_has_happened) {
  watched home(1);
  gate first;
  gate second;
  auto waiting = home->spawn([&] {
    first.wait();
    second.wait();
  });
  home.report(0);
  first.open();
  home.report(1);
  second.open();
  waiting.join();
  EXPECT_EQ(home.count(), 2U);
}

TEST(stall, is_none_while_somebody_sleeps_or_has_a_deadline) {
  watched sleeping(1);
  watched limited(2);
  auto sleeper = sleeping->spawn([] { this_fiber::sleep_for(1h); });
  auto waiting = limited->spawn([] { with_timeout(1h, [] { park_for_ever(); }); });
  std::this_thread::sleep_for(longer_than_a_stall);
  EXPECT_EQ(sleeping.count() + limited.count(), 0U);
}

TEST(stall, is_none_while_somebody_waits_on_a_descriptor_or_nobody_lives) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  watched reading(2);
  watched idle(2);
  idle->run([] { this_fiber::yield(); });
  auto reader = reading->spawn([&] { wait_readable(ends[0]); });
  auto other = reading->spawn([] { park_for_ever(); });
  std::this_thread::sleep_for(longer_than_a_stall);
  EXPECT_EQ(reading.count() + idle.count(), 0U);
  ASSERT_EQ(::write(ends[1], "x", 1), 1);
  reader.join();
  EXPECT_THAT(reading.report(0), HasSubstr("1 live tasks")) << "now nobody is left to wake it";
  for (const int each : ends) ::close(each);
}

TEST(stall, of_many_fibers_names_a_hundred) {
  watched home(1);
  gate never;
  std::vector<task<void>> many;
  for (int n = 0; n < 120; ++n) many.push_back(home->spawn([&] { never.wait(); }));
  EXPECT_THAT(home.report(0), HasSubstr("\n  and 20 more\n"));
  never.open();
  for (auto& each : many) each.join();
}

TEST(stall, is_written_to_stderr_by_default) {
  ::testing::internal::CaptureStderr();
  {
    runtime home(with_loops(1));
    auto waiting = home.spawn([] { park_for_ever(); });
    std::this_thread::sleep_for(longer_than_a_stall);
  }
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr("heddle: suspected deadlock: every fiber waits and nothing is pending that "
                        "could wake one\nruntime \"heddle\": 1 live tasks, 1 started\n"));
}

}  // namespace
}  // namespace heddle::sync
