// SPDX-License-Identifier: MIT
// Every public operation of runtime, sync and io that waits is cancelled, and timed out, at each of
// its suspension points, under several schedules.
#include <heddle/testing/cancel_sweep.hpp>

#include "testing/scenarios/scenario.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace {

using heddle::test::scenario;

class cancel_sweep_of : public ::testing::TestWithParam<scenario> {};

TEST_P(cancel_sweep_of, leaves_nothing_behind) {
  scenario::instance current;
  heddle::testing::sweep_options options;
  options.before = [&current] { current = GetParam().make(); };
  options.after = [&current] {
    current.after();
    current = {};
  };
  std::uint64_t points = 0;
  for (options.seed = 1; options.seed <= 4; ++options.seed) {
    options.loops = options.seed % 2 == 0 ? 1 : 3;
    const auto report = heddle::testing::cancel_sweep([&current] { current.program(); }, options);
    EXPECT_TRUE(report.ok()) << "seed " << options.seed << ": " << report.text();
    points += report.points;
    if (HasFailure()) break;
  }
  EXPECT_GE(points, 4U);
}

INSTANTIATE_TEST_SUITE_P(every, cancel_sweep_of, ::testing::ValuesIn(heddle::test::all_scenarios()),
                         [](const auto& each) { return each.param.name; });

}  // namespace
