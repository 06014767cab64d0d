// SPDX-License-Identifier: MIT
// Every public operation of runtime, sync and io that waits is refused each request for memory, a
// mapping or a descriptor, one after the other: it says so, or does without, and nothing is lost.
#include <heddle/runtime.hpp>
#include <heddle/testing/fault.hpp>

#include "testing/resource_name.hpp"
#include "testing/scenarios/scenario.hpp"

#include <gtest/gtest.h>

#include <string>
#include <tuple>

namespace {

using heddle::test::scenario;
using heddle::testing::resource;

class refusals_of : public ::testing::TestWithParam<std::tuple<scenario, resource>> {};

TEST_P(refusals_of, are_told_and_nothing_is_lost) {
  const auto& [one, what] = GetParam();
  scenario::instance current;
  heddle::testing::fault_options options;
  options.after = [&current] {
    if (current.after) current.after();
    current = {};
  };
  const auto report = heddle::testing::fail_each(
      what,
      [&] {
        current = one.make();
        heddle::config settings;
        settings.loops = 1;
        heddle::run(settings, current.program);
      },
      options);
  EXPECT_TRUE(report.ok()) << report.text();
  EXPECT_GE(report.told, 1U);
}

std::string name_of(const ::testing::TestParamInfo<refusals_of::ParamType>& each) {
  const auto& [one, what] = each.param;
  return one.name + "_" + heddle::test::name_of(what);
}

INSTANTIATE_TEST_SUITE_P(every, refusals_of,
                         ::testing::Combine(::testing::ValuesIn(heddle::test::all_scenarios()),
                                            ::testing::Values(resource::allocation,
                                                              resource::mapping,
                                                              resource::descriptor)),
                         name_of);

}  // namespace
