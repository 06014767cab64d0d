// SPDX-License-Identifier: MIT
// Every public operation of runtime, sync and io that waits is refused each request for memory, a
// mapping or a descriptor, one after the other: it says so, or does without, and nothing is lost.
#include <heddle/runtime.hpp>
#include <heddle/testing/fault.hpp>

#include "testing/resource_name.hpp"
#include "testing/scenarios/scenario.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <tuple>

namespace {

using heddle::test::scenario;
using heddle::testing::resource;

bool uses_onetbb(const scenario& one) {
  return one.name.starts_with("cpu") || one.name.starts_with("parallel");
}

/// oneTBB's threads come with the first pool that needs them and go some time after the last: with
/// one that stays their number is mostly the same before and after.
void keep_threads_of_onetbb() {
  static heddle::runtime stays;
  stays.run([] {
    const unsigned threads = heddle::runtime::current().settings().cpu_threads;
    std::atomic<unsigned> inside{0};
    heddle::task_group jobs;
    for (unsigned n = 0; n < threads; ++n) {
      jobs.spawn([&inside, threads] {
        heddle::cpu([&inside, threads] {
          for (++inside; inside < threads;) std::this_thread::yield();  // each has its own thread
        });
      });
    }
    jobs.join();
  });
}

class refusals_of : public ::testing::TestWithParam<std::tuple<scenario, resource>> {};

TEST_P(refusals_of, are_told_and_nothing_is_lost) {
  const scenario& one = std::get<scenario>(GetParam());
  const resource what = std::get<resource>(GetParam());
  if (uses_onetbb(one)) keep_threads_of_onetbb();
  scenario::instance current;
  heddle::testing::fault_options options;
  options.after = [&current] {
    if (current.after) current.after();
    current = {};
  };
  // A task that comes while a thread of oneTBB is on its way to sleep gets another thread, which
  // stays and has a block of memory: that comes now and then, what heddle loses comes each time.
  heddle::testing::fault_report report;
  for (int turn = 0; turn == 0 || (uses_onetbb(one) && !report.ok() && turn < 5); ++turn) {
    report = heddle::testing::fail_each(
        what,
        [&] {
          current = one.make();
          heddle::config settings;
          settings.loops = 1;
          heddle::run(settings, current.program);
        },
        options);
  }
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
