// SPDX-License-Identifier: MIT
// What fails a HEDDLE_TEST besides its expectations, and what is printed then.
#include "testing/gtest/failing_tests.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using heddle::test::run_failing_tests;

TEST(heddle_test, that_leaves_nothing_passes) {
  const auto outcome = run_failing_tests("leaves.nothing");
  EXPECT_TRUE(outcome.passed()) << outcome.output;
  EXPECT_TRUE(outcome.says("[       OK ] leaves.nothing")) << outcome.output;
}

TEST(heddle_test, that_leaves_a_fiber_fails_and_names_it) {
  const auto outcome = run_failing_tests("leaves.a_fiber:leaves.nothing");
  EXPECT_TRUE(outcome.failed()) << outcome.output;
  EXPECT_TRUE(outcome.says("fibers that it left behind")) << outcome.output;
  EXPECT_TRUE(outcome.says("\"straggler\"")) << outcome.output;
  EXPECT_TRUE(outcome.says("failing.cpp:")) << outcome.output;
  EXPECT_TRUE(outcome.says("parked, waits for")) << outcome.output;
  EXPECT_TRUE(outcome.says("[       OK ] leaves.nothing")) << outcome.output;
}

TEST(heddle_test, lets_a_fiber_end_that_is_about_to) {
  const auto outcome = run_failing_tests("leaves.a_fiber_that_is_about_to_end");
  EXPECT_TRUE(outcome.passed()) << outcome.output;
}

TEST(heddle_test, ends_the_process_if_a_fiber_that_is_left_cannot_be_ended) {
  const auto outcome =
      run_failing_tests("leaves.a_fiber_that_cannot_be_ended", "HEDDLE_TEST_TIMEOUT=1s");
  EXPECT_TRUE(outcome.aborted()) << outcome.output;
  EXPECT_TRUE(outcome.says("leaves.a_fiber_that_cannot_be_ended left behind")) << outcome.output;
  EXPECT_TRUE(outcome.says("\"rock\"")) << outcome.output;
}

TEST(heddle_test, that_leaves_a_descriptor_fails_and_says_what_it_is) {
  const auto outcome = run_failing_tests("leaves.a_descriptor");
  EXPECT_TRUE(outcome.failed()) << outcome.output;
  EXPECT_TRUE(outcome.says("left descriptors open:\n")) << outcome.output;
  EXPECT_TRUE(outcome.says(": /dev/null\n")) << outcome.output;
}

TEST(heddle_test, that_leaves_an_error_fails_with_its_text) {
  const auto outcome = run_failing_tests("leaves.an_error");
  EXPECT_TRUE(outcome.failed()) << outcome.output;
  EXPECT_TRUE(outcome.says("errors of tasks that nobody joined")) << outcome.output;
  EXPECT_TRUE(outcome.says("\"thrower\"")) << outcome.output;
  EXPECT_TRUE(outcome.says("nobody hears this")) << outcome.output;
}

TEST(heddle_test, that_hangs_is_cancelled_and_fails_with_its_fibers) {
  const auto outcome =
      run_failing_tests("hangs.in_a_wait:leaves.nothing", "HEDDLE_TEST_TIMEOUT=100ms");
  EXPECT_TRUE(outcome.failed()) << outcome.output;
  EXPECT_TRUE(outcome.says("HEDDLE_TEST_TIMEOUT=100ms\n")) << outcome.output;
  EXPECT_TRUE(outcome.says("\"hangs.in_a_wait\"")) << outcome.output;
  EXPECT_TRUE(outcome.says("[       OK ] leaves.nothing")) << outcome.output;
}

TEST(heddle_test, that_hangs_is_torn_down_outside_the_cancellation) {
  const auto outcome = run_failing_tests("with_server.hangs", "HEDDLE_TEST_TIMEOUT=100ms");
  EXPECT_TRUE(outcome.failed()) << outcome.output;
  EXPECT_TRUE(outcome.says("\"server\"")) << outcome.output;
  EXPECT_TRUE(outcome.says("torn down")) << outcome.output;
  EXPECT_FALSE(outcome.says("left behind")) << outcome.output;
}

TEST(heddle_test, ends_the_process_if_cancelling_does_not_help) {
  for (const std::string name : {"hangs.in_a_shielded_wait", "hangs.in_a_loop"}) {
    const auto outcome = run_failing_tests(name, "HEDDLE_TEST_TIMEOUT=100ms");
    EXPECT_TRUE(outcome.aborted()) << outcome.output;
    EXPECT_TRUE(outcome.says(name + " is past its HEDDLE_TEST_TIMEOUT")) << outcome.output;
  }
}

TEST(heddle_test, has_no_deadline_if_it_is_zero) {
  const auto outcome = run_failing_tests("leaves.nothing", "HEDDLE_TEST_TIMEOUT=0s");
  EXPECT_TRUE(outcome.passed()) << outcome.output;
}

TEST(heddle_test, fails_if_a_variable_is_bad_and_names_it) {
  for (const std::string bad :
       {"HEDDLE_TEST_TIMEOUT=10", "HEDDLE_TEST_TIMEOUT=", "HEDDLE_TEST_TIMEOUT=-1s",
        "HEDDLE_TEST_TIMEOUT=1.5s", "HEDDLE_TEST_TIMEOUT=86401s",
        "HEDDLE_TEST_TIMEOUT=99999999999999999999ns", "HEDDLE_TEST_LOOPS=0",
        "HEDDLE_TEST_LOOPS=two", "HEDDLE_TEST_LOOPS=2x", "HEDDLE_TEST_LOOPS=1025",
        "HEDDLE_SPIN=forever"}) {
    const auto outcome = run_failing_tests("leaves.nothing", bad);
    const auto sign = bad.find('=');
    EXPECT_TRUE(outcome.failed()) << bad << "\n" << outcome.output;
    EXPECT_TRUE(outcome.says(bad.substr(0, sign))) << bad << "\n" << outcome.output;
    EXPECT_TRUE(outcome.says("must be")) << bad << "\n" << outcome.output;
  }
}

}  // namespace
