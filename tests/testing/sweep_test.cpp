// SPDX-License-Identifier: MIT
// Every public operation of runtime, sync and io that waits is cancelled, and timed out, at each of
// its suspension points, under several schedules: with all of the program, and alone.
#include <heddle/testing/cancel_sweep.hpp>

#include "testing/scenarios/scenario.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace {

using heddle::test::scenario;

class cancel_sweep_of : public ::testing::TestWithParam<scenario> {};

/// Sweeps the scenario under several schedules.
void sweep(const scenario& one, heddle::testing::sweep_target target) {
  scenario::instance current;
  heddle::testing::sweep_options options;
  options.target = target;
  options.before = [&] { current = one.make(); };
  options.after = [&] {
    current.after();
    current = {};
  };
  std::uint64_t points = 0;
  for (options.seed = 1; options.seed <= 4; ++options.seed) {
    options.loops = options.seed % 2 == 0 ? 1 : 3;
    const auto report = heddle::testing::cancel_sweep([&current] { current.program(); }, options);
    EXPECT_TRUE(report.ok()) << "seed " << options.seed << ": " << report.text();
    points += report.points;
    if (!report.ok()) break;
  }
  EXPECT_GE(points, 4U);
}

TEST_P(cancel_sweep_of, leaves_nothing_behind) {
  sweep(GetParam(), heddle::testing::sweep_target::program);
}

class task_sweep_of : public ::testing::TestWithParam<scenario> {};

TEST_P(task_sweep_of, takes_nothing_from_the_others) {
  sweep(GetParam(), heddle::testing::sweep_target::task);
}

std::vector<scenario> scenarios_of_tasks_that_stand_alone() {
  std::vector<scenario> all = heddle::test::all_scenarios();
  std::erase_if(all, [](const scenario& each) { return !each.tasks_stand_alone; });
  return all;
}

const auto name = [](const auto& each) { return each.param.name; };
INSTANTIATE_TEST_SUITE_P(every, cancel_sweep_of, ::testing::ValuesIn(heddle::test::all_scenarios()),
                         name);
INSTANTIATE_TEST_SUITE_P(every, task_sweep_of,
                         ::testing::ValuesIn(scenarios_of_tasks_that_stand_alone()), name);

}  // namespace
