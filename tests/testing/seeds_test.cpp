// SPDX-License-Identifier: MIT
// The same scenarios under many schedules: more than a thousand runs in all, random and by
// priorities. HEDDLE_SEED replays what a failure prints.
#include <heddle/testing/explore.hpp>

#include "runtime/support/sanitized.hpp"
#include "testing/scenarios/scenario.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

namespace {

using heddle::test::scenario;
using heddle::testing::exploration;

/// Runs the scenario under `seeds` schedules of each kind.
void explore(const scenario& one, unsigned seeds) {
  for (const exploration mode : {exploration::random, exploration::pct}) {
    heddle::testing::explore_options options;
    options.mode = mode;
    options.seeds = seeds;
    options.loops = 3;
    options.arguments =
        "--gtest_filter=" +
        std::string(::testing::UnitTest::GetInstance()->current_test_info()->test_suite_name()) +
        "." + ::testing::UnitTest::GetInstance()->current_test_info()->name();
    const std::optional<heddle::testing::failure> found = heddle::testing::explore(
        [&one] {
          const scenario::instance run = one.make();
          run.program();
          run.after();
        },
        options);
    EXPECT_FALSE(found) << found->what << "\n" << found->trace << found->command;
  }
}

class seeds_of : public ::testing::TestWithParam<scenario> {};

TEST_P(seeds_of, find_nothing) { explore(GetParam(), 25); }

/// What runs on other stacks than one would think: branches, claimed children, calls.
class thousand_seeds_of : public ::testing::TestWithParam<scenario> {};

TEST_P(thousand_seeds_of, find_nothing) { explore(GetParam(), heddle::test::rounds(500)); }

std::vector<scenario> scenarios_of_parallel_work() {
  std::vector<scenario> all = heddle::test::all_scenarios();
  std::erase_if(all, [](const scenario& each) {
    constexpr std::array names{"fork_join", "task_group", "blocking", "cpu", "run_in", "parallel"};
    return std::ranges::none_of(
        names, [&each](const char* begin) { return each.name.starts_with(begin); });
  });
  return all;
}

INSTANTIATE_TEST_SUITE_P(every, seeds_of, ::testing::ValuesIn(heddle::test::all_scenarios()),
                         [](const auto& each) { return each.param.name; });
INSTANTIATE_TEST_SUITE_P(parallel, thousand_seeds_of,
                         ::testing::ValuesIn(scenarios_of_parallel_work()),
                         [](const auto& each) { return each.param.name; });

}  // namespace
