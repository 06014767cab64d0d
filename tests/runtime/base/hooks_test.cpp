// SPDX-License-Identifier: MIT
// Reports go to the user's hook, as many of each kind as its limit lets pass.
#include "base/hooks.hpp"

#include <gtest/gtest.h>

#include <map>

namespace heddle::detail {
namespace {

using kind = stall_report::kind;

TEST(hooks, many_reports_of_one_kind_keep_no_other_from_being_told) {
  std::map<kind, int> told;
  config settings;
  settings.on_stall = [&told](const stall_report& report) { ++told[report.what]; };
  error_hooks hooks(settings);
  const auto report = [&hooks](kind what) {
    stall_report one;
    one.what = what;
    hooks.stall(one);
  };
  for (int n = 0; n < 20; ++n) report(kind::slow_slice);
  EXPECT_EQ(told[kind::slow_slice], 5);
  EXPECT_FALSE(hooks.hears_of(kind::slow_slice));
  for (const kind other : {kind::suspected_deadlock, kind::lock_cycle, kind::unguarded_stacks,
                           kind::descriptors_exhausted}) {
    EXPECT_TRUE(hooks.hears_of(other));
    report(other);
    EXPECT_EQ(told[other], 1);
  }
  // Nor is a hang that comes again and again a flood.
  for (int n = 0; n < 20; ++n) report(kind::suspected_deadlock);
  EXPECT_EQ(told[kind::suspected_deadlock], 5);
}

}  // namespace
}  // namespace heddle::detail
