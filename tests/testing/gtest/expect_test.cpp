// SPDX-License-Identifier: MIT
// Expectations in explored and swept programs are failures of the schedule, told once.
#include <heddle/gtest/expect.hpp>
#include <heddle/runtime.hpp>
#include <heddle/sync.hpp>

#include "testing/gtest/failing_tests.hpp"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>

namespace {

using heddle::test::run_failing_tests;
using heddle::testing::expect_explored;
using heddle::testing::expect_swept;

int runs = 0;

/// Which of the two is first depends on the schedule.
void race() {
  int turns = 0;
  auto other = heddle::spawn([&turns] { ++turns; });
  heddle::this_fiber::yield();
  EXPECT_EQ(turns, 0) << "the other was first";
  other.join();
}

TEST(expect_explored, passes_if_every_schedule_does) {
  runs = 0;
  heddle::testing::explore_options options;
  options.seeds = 20;
  expect_explored(
      [] {
        ++runs;
        EXPECT_EQ(heddle::spawn([] { return 7; }).join(), 7);
      },
      options);
  EXPECT_EQ(runs, 20);
}

TEST(expect_explored, fails_once_with_seed_trace_and_command) {
  ::testing::TestPartResultArray failures;
  {
    const ::testing::ScopedFakeTestPartResultReporter reporter(
        ::testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &failures);
    expect_explored([] { race(); });
  }
  ASSERT_EQ(failures.size(), 1);
  const std::string text = failures.GetTestPartResult(0).message();
  EXPECT_NE(text.find("found with seed "), std::string::npos) << text;
  EXPECT_NE(text.find("the other was first"), std::string::npos) << text;
  EXPECT_NE(text.find("expect_test.cpp:"), std::string::npos) << text;
  EXPECT_NE(text.find("trace:\n"), std::string::npos) << text;
  EXPECT_NE(text.find("replay: HEDDLE_SEED="), std::string::npos) << text;
  EXPECT_NE(text.find("--gtest_filter=expect_explored.fails_once_with_seed_trace_and_command"),
            std::string::npos)
      << text;
}

TEST(expect_explored, tells_an_exception_and_what_failed_before_it) {
  EXPECT_NONFATAL_FAILURE(expect_explored([] {
                            EXPECT_TRUE(false) << "before";
                            throw std::runtime_error("the exception");
                          }),
                          "the exception");
  EXPECT_NONFATAL_FAILURE(expect_explored([] {
                            EXPECT_TRUE(false) << "before";
                            throw std::runtime_error("the exception");
                          }),
                          "before");
}

TEST(expect_explored, says_where_the_program_was_given_and_not_how_it_was_unwound) {
  ::testing::TestPartResultArray failures;
  {
    const ::testing::ScopedFakeTestPartResultReporter reporter(
        ::testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &failures);
    expect_explored([] {
      heddle::sync::event never;
      never.wait();
    });
  }
  ASSERT_EQ(failures.size(), 1);
  const std::string text = failures.GetTestPartResult(0).message();
  EXPECT_NE(text.find("fiber #1, spawned at " + std::string(__FILE__)), std::string::npos) << text;
  const auto end = text.find("(it cannot end");
  ASSERT_NE(end, std::string::npos) << text;
  EXPECT_EQ(text.find("runs fiber", end), std::string::npos) << text;
}

TEST(expect_explored, prints_a_command_that_replays_the_failure) {
  const auto found = run_failing_tests("explored.finds_what_fails");
  ASSERT_TRUE(found.failed()) << found.output;
  const auto at = found.output.find("HEDDLE_SEED=");
  ASSERT_NE(at, std::string::npos) << found.output;
  const std::string seed = found.output.substr(at, found.output.find(' ', at) - at);
  const auto again = run_failing_tests("explored.finds_what_fails", seed);
  EXPECT_TRUE(again.failed()) << again.output;
  EXPECT_TRUE(again.says("the other was first")) << again.output;
}

TEST(expect_explored, skips_the_test_if_the_program_asks_for_it) {
  ::testing::TestPartResultArray parts;
  {
    const ::testing::ScopedFakeTestPartResultReporter reporter(
        ::testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &parts);
    expect_explored([] { GTEST_SKIP() << "not here"; });
  }
  ASSERT_EQ(parts.size(), 1);
  EXPECT_TRUE(parts.GetTestPartResult(0).skipped());
}

TEST(expect_swept, passes_if_nothing_is_left_at_any_point) {
  const auto report = expect_swept([] { heddle::spawn([] { return 7; }).join(); });
  EXPECT_TRUE(report.ok());
  EXPECT_GE(report.points, 1U);
}

TEST(expect_swept, fails_for_an_expectation_wherever_it_is) {
  const auto fails = [] { EXPECT_TRUE(false) << "in a sweep"; };
  heddle::testing::sweep_options options;
  heddle::testing::sweep_report report;
  EXPECT_NONFATAL_FAILURE(report = expect_swept(fails, options), "in a sweep");
  EXPECT_EQ(report.leaks.size(), 1U);
  options.before = fails;
  EXPECT_NONFATAL_FAILURE(report = expect_swept([] {}, options), "in a sweep");
  EXPECT_EQ(report.leaks.size(), 1U);
  options.before = {};
  options.after = fails;
  EXPECT_NONFATAL_FAILURE(report = expect_swept([] {}, options),
                          "--gtest_filter=expect_swept.fails_for_an_expectation_wherever_it_is");
  EXPECT_EQ(report.leaks.size(), 1U);
}

TEST(expect_swept, fails_for_an_expectation_after_the_programs_end) {
  // A fiber that is left running is cancelled when everything else is over.
  heddle::testing::sweep_options options;
  const auto program = [] {
    heddle::spawn([] {
      const std::shared_ptr<void> last(nullptr, [](void*) { ADD_FAILURE() << "too late"; });
      heddle::this_fiber::sleep_for(std::chrono::hours(1));
    }).detach();
    heddle::this_fiber::sleep_for(std::chrono::seconds(1));
  };
  EXPECT_NONFATAL_FAILURE(expect_swept(program, options), "too late");
}

TEST(expect_swept, fails_for_what_is_left_when_it_is_cancelled) {
  static bool open;
  heddle::testing::sweep_options options;
  options.before = [] { open = false; };
  options.after = [] { EXPECT_FALSE(open) << "left open"; };
  const auto program = [] {
    open = true;
    heddle::this_fiber::yield();  // if this throws, nobody closes
    open = false;
  };
  EXPECT_NONFATAL_FAILURE(expect_swept(program, options), "left open");
}

}  // namespace
