// SPDX-License-Identifier: MIT
// explore() and cancel_sweep() for programs that say EXPECT_EQ. A failed expectation does not
// throw, and GoogleTest would count one for each schedule: here it is a failure of the schedule,
// and the test fails once, with what replays it. Invariant: while a program is explored,
// expectations on the calling thread fail its schedule and nothing else. Not here: expectations on
// other threads, which fail the test as ever.
#pragma once

#include <heddle/runtime/error.hpp>
#include <heddle/testing/cancel_sweep.hpp>
#include <heddle/testing/explore.hpp>

#include <functional>

namespace heddle::testing {

/// Fails the running test if explore() finds a schedule under which `program` fails, be it by a
/// failed expectation or assertion. The message has the seed, what failed, the end of the trace,
/// and the command that replays the schedule in this test alone. GTEST_SKIP in `program` skips the
/// test. Shape: for a test that is no fiber: TEST. Errors: as explore(). Source: gtest-spi.h.
void expect_explored(const std::function<void()>& program, explore_options options = {},
                     spawn_site where = spawn_site::current());

/// Fails the running test if cancel_sweep() finds a leak, a failed expectation being one, also in
/// sweep_options::before and after. The message has a line for each. Shape: for a test that is no
/// fiber: TEST. Returns: the report. Errors: as cancel_sweep().
sweep_report expect_swept(const std::function<void()>& program, sweep_options options = {},
                          spawn_site where = spawn_site::current());

}  // namespace heddle::testing
