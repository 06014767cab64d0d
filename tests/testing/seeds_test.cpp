// SPDX-License-Identifier: MIT
// The same scenarios under many schedules: more than a thousand runs in all, random and by
// priorities. HEDDLE_SEED replays what a failure prints.
#include <heddle/testing/explore.hpp>

#include "testing/scenarios/scenario.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace {

using heddle::test::scenario;
using heddle::testing::exploration;

class seeds_of : public ::testing::TestWithParam<scenario> {};

TEST_P(seeds_of, find_nothing) {
  for (const exploration mode : {exploration::random, exploration::pct}) {
    heddle::testing::explore_options options;
    options.mode = mode;
    options.seeds = 25;
    options.loops = 3;
    options.arguments =
        "--gtest_filter=" +
        std::string(::testing::UnitTest::GetInstance()->current_test_info()->test_suite_name()) +
        "." + ::testing::UnitTest::GetInstance()->current_test_info()->name();
    const std::optional<heddle::testing::failure> found = heddle::testing::explore(
        [] {
          const scenario::instance one = GetParam().make();
          one.program();
          one.after();
        },
        options);
    EXPECT_FALSE(found) << found->what << "\n" << found->trace << found->command;
  }
}

INSTANTIATE_TEST_SUITE_P(every, seeds_of, ::testing::ValuesIn(heddle::test::all_scenarios()),
                         [](const auto& each) { return each.param.name; });

}  // namespace
