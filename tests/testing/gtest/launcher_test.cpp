// SPDX-License-Identifier: MIT
// HEDDLE_TEST and its relatives do what TEST and its relatives do, in a fiber.
#include <heddle/gtest.hpp>
#include <heddle/runtime.hpp>

#include "testing/gtest/failing_tests.hpp"

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>
#include <gtest/gtest_prod.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

using namespace std::chrono_literals;
using heddle::test::run_failing_tests;

HEDDLE_TEST(fiber_test, is_the_first_fiber_of_a_runtime_of_two_loops) {
  ASSERT_TRUE(heddle::this_fiber::exists());
  EXPECT_EQ(heddle::this_fiber::name(), "fiber_test.is_the_first_fiber_of_a_runtime_of_two_loops");
  if (std::getenv("HEDDLE_TEST_LOOPS") == nullptr && std::getenv("HEDDLE_LOOPS") == nullptr) {
    EXPECT_EQ(heddle::runtime::current().settings().loops, 2U);
  }
  EXPECT_EQ(heddle::runtime::current().stats().live_tasks, 1U);
}

// A suite may have both kinds.
TEST(fiber_test, stands_beside_a_plain_test) { EXPECT_FALSE(heddle::this_fiber::exists()); }

HEDDLE_TEST(fiber_test, stays_on_its_thread) {
  const auto thread = std::this_thread::get_id();
  for (int i = 0; i < 100; ++i) {
    heddle::spawn([] { heddle::this_fiber::yield(); }).join();
    heddle::this_fiber::yield();
    ASSERT_EQ(std::this_thread::get_id(), thread);
  }
}

class secretive {
  FRIEND_TEST(fiber_test, is_a_friend_of_whom_names_it);
  int secret_ = 7;
};

HEDDLE_TEST(fiber_test, is_a_friend_of_whom_names_it) { EXPECT_EQ(secretive().secret_, 7); }

class house : public ::testing::Test {
 public:
  ~house() override { EXPECT_EQ(heddle::this_fiber::id(), fiber_); }

  static inline std::set<std::string> events;

 protected:
  static void SetUpTestSuite() { events = {"suite"}; }
  static void TearDownTestSuite() {
    EXPECT_EQ(events, (std::set<std::string>{"suite", "made", "set up", "body", "torn down"}));
  }
  static void configure_runtime(heddle::config& settings) { settings.loops = 3; }

  house() { note("made"); }
  void SetUp() override { note("set up"); }
  void TearDown() override { note("torn down"); }

  void note(const char* what) {
    EXPECT_EQ(heddle::this_fiber::id(), fiber_) << what;
    events.insert(what);
  }
  int kept_ = 41;

 private:
  heddle::fiber_id fiber_ = heddle::this_fiber::id();
};

HEDDLE_TEST_F(house, lives_in_one_fiber_whose_runtime_it_has_configured) {
  note("body");
  ++kept_;
  EXPECT_EQ(kept_, 42);
  EXPECT_EQ(heddle::runtime::current().settings().loops, 3U);
}

class numbered : public ::testing::TestWithParam<std::string> {
 protected:
  static void SetUpTestSuite() { seen.clear(); }
  static void configure_runtime(heddle::config& settings) { settings.loops = 1; }
  static inline std::set<std::string> seen;
};

HEDDLE_TEST_P(numbered, gets_each_value) {
  EXPECT_TRUE(seen.insert(GetParam()).second);
  EXPECT_EQ(heddle::runtime::current().settings().loops, 1U);
  const auto* const info = ::testing::UnitTest::GetInstance()->current_test_info();
  EXPECT_EQ(std::string(info->name()), "gets_each_value/" + GetParam());
}

TEST_P(numbered, stands_beside_a_plain_test) { EXPECT_FALSE(heddle::this_fiber::exists()); }

INSTANTIATE_TEST_SUITE_P(values, numbered, ::testing::Values("one", "two", "three"),
                         [](const auto& each) { return each.param; });

template <class T>
class typed : public ::testing::Test {};
using types = ::testing::Types<int, long>;
TYPED_TEST_SUITE(typed, types);

TYPED_TEST(typed, runs_as_a_fiber) {
  int turns = 0;
  heddle::testing::run_as_test([&turns] {
    heddle::spawn([&turns] { ++turns; }).join();
    ASSERT_TRUE(heddle::this_fiber::exists());
  });
  EXPECT_EQ(turns, 1);
}

TEST(run_as_test, hands_on_what_its_body_throws) {
  EXPECT_THROW(heddle::testing::run_as_test([] { throw std::length_error("x"); }),
               std::length_error);
}

HEDDLE_TEST(run_as_test, is_not_for_fibers) {
  EXPECT_THROW(heddle::testing::run_as_test([] {}), std::logic_error);
}

// What GoogleTest keeps for each thread: other fibers move between the loops meanwhile.
HEDDLE_TEST(fiber_test, may_wait_inside_a_scope_of_googletest) {
  SCOPED_TRACE("outside");
  for (int i = 0; i < 20; ++i) {
    EXPECT_NONFATAL_FAILURE(
        {
          SCOPED_TRACE("inside");
          heddle::gather([] { heddle::this_fiber::sleep_for(100us); },
                         [] { heddle::this_fiber::yield(); });
          ADD_FAILURE() << "expected";
        },
        "expected");
    ASSERT_NO_FATAL_FAILURE(heddle::this_fiber::sleep_for(10us));
  }
}

HEDDLE_TEST(fiber_test, may_be_a_death_test) {
  ASSERT_EQ(GTEST_FLAG_GET(death_test_style), "threadsafe");
  const unsigned last_loop = heddle::runtime::current().settings().effective().loops - 1;
  EXPECT_DEATH(
      {
        heddle::this_fiber::sleep_for(1ms);
        std::fputs("last words", stderr);
        std::abort();
      },
      "last words");
  EXPECT_EXIT(
      {
        heddle::spawn({.loop = last_loop}, [] { std::_Exit(7); }).join();
        std::_Exit(8);
      },
      ::testing::ExitedWithCode(7), "");
}

TEST(fiber_test, leaves_the_style_of_death_tests_as_it_was) {
  const std::string before = GTEST_FLAG_GET(death_test_style);
  const auto outcome = run_failing_tests("leaves.nothing:plain.*");
  EXPECT_TRUE(outcome.passed()) << outcome.output;
  EXPECT_TRUE(outcome.says("style " + before + "\n")) << outcome.output;
}

TEST(fiber_test, stops_at_a_failed_assertion_and_is_torn_down) {
  const auto outcome = run_failing_tests("with_server.asserts");
  EXPECT_TRUE(outcome.failed()) << outcome.output;
  EXPECT_TRUE(outcome.says("1 + 1")) << outcome.output;
  EXPECT_TRUE(outcome.says("torn down")) << outcome.output;
  EXPECT_FALSE(outcome.says("went on")) << outcome.output;
}

TEST(fiber_test, can_be_skipped) {
  const auto outcome = run_failing_tests("with_server.is_skipped:skipped_set_up.*");
  EXPECT_TRUE(outcome.passed()) << outcome.output;
  EXPECT_TRUE(outcome.says("[  SKIPPED ] 2 tests")) << outcome.output;
  EXPECT_TRUE(outcome.says("not today")) << outcome.output;
  EXPECT_TRUE(outcome.says("torn down")) << outcome.output;
  EXPECT_FALSE(outcome.says("went on")) << outcome.output;
  EXPECT_FALSE(outcome.says("begun")) << outcome.output;
}

TEST(fiber_test, fails_by_an_exception_which_is_told_with_its_place) {
  const auto outcome = run_failing_tests("with_server.throws*");
  EXPECT_TRUE(outcome.failed()) << outcome.output;
  EXPECT_TRUE(outcome.says("\"out of the body\" thrown in the test body.")) << outcome.output;
  EXPECT_TRUE(outcome.says("Unknown C++ exception thrown in the test body.")) << outcome.output;
  EXPECT_TRUE(outcome.says("torn down")) << outcome.output;
}

TEST(fiber_test, is_not_run_if_its_fixture_fails) {
  const auto outcome = run_failing_tests("bad_set_up.*");
  EXPECT_TRUE(outcome.failed()) << outcome.output;
  EXPECT_TRUE(outcome.says("\"out of SetUp\" thrown in SetUp().")) << outcome.output;
  EXPECT_TRUE(outcome.says("torn down")) << outcome.output;
  EXPECT_FALSE(outcome.says("begun")) << outcome.output;
  const auto second = run_failing_tests("bad_constructor.*");
  EXPECT_TRUE(second.failed()) << second.output;
  EXPECT_TRUE(second.says("in the constructor")) << second.output;
  EXPECT_FALSE(second.says("set up")) << second.output;
  EXPECT_FALSE(second.says("begun")) << second.output;
}

TEST(fiber_test, fails_by_an_expectation_in_another_fiber) {
  const auto outcome = run_failing_tests("fails.in_another_fiber_on_another_loop");
  EXPECT_TRUE(outcome.failed()) << outcome.output;
  EXPECT_TRUE(outcome.says("in another fiber")) << outcome.output;
}

TEST(fiber_test, shows_its_trace_after_a_wait) {
  const auto outcome = run_failing_tests("fails.with_a_trace");
  EXPECT_TRUE(outcome.failed()) << outcome.output;
  EXPECT_TRUE(outcome.says("the outer trace")) << outcome.output;
}

TEST(fiber_test, fails_if_its_death_test_lives_and_goes_on) {
  const auto outcome = run_failing_tests("fails.a_death_test_that_lives");
  EXPECT_TRUE(outcome.failed()) << outcome.output;
  EXPECT_TRUE(outcome.says("failed to die")) << outcome.output;
  EXPECT_TRUE(outcome.says("went on")) << outcome.output;
}

TEST(fiber_test, fails_by_a_cancellation_that_is_not_its_deadline) {
  const auto outcome = run_failing_tests("fails.by_a_cancellation_that_nobody_asked_for");
  EXPECT_TRUE(outcome.failed()) << outcome.output;
}

TEST(fiber_test, fails_for_the_value_that_fails) {
  const auto outcome = run_failing_tests("some/broken_numbers.*");
  EXPECT_TRUE(outcome.failed()) << outcome.output;
  EXPECT_TRUE(outcome.says("[       OK ] some/broken_numbers.are_small/0")) << outcome.output;
  EXPECT_TRUE(outcome.says("[  FAILED  ] some/broken_numbers.are_small/1")) << outcome.output;
}

TEST(fiber_test, has_as_many_loops_as_the_environment_says) {
  const std::string one_case = "fails.in_another_fiber_on_another_loop";
  EXPECT_TRUE(run_failing_tests(one_case, "HEDDLE_LOOPS=1").says("spawn_options::loop = 1"));
  EXPECT_TRUE(
      run_failing_tests(one_case, "HEDDLE_LOOPS=1 HEDDLE_TEST_LOOPS=2").says("in another fiber"));
}

}  // namespace
