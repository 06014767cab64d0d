// SPDX-License-Identifier: MIT
// With config::debug the report of a slow slice shows where the fiber stands; the signal that this
// takes is nobody else's.
#include "debug/running_stack.hpp"

#include <heddle/runtime.hpp>

#include "runtime/support/child.hpp"
#include "runtime/support/loops.hpp"
#include "runtime/support/sanitized.hpp"
#include "runtime/support/slow_slices.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>

#include <signal.h>

namespace heddle {
namespace {

using test::slow_slices;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

config with_debug(slow_slices& reports) {
  config settings = reports.settings(2);
  settings.debug = true;
  return settings;
}

}  // namespace

/// What a library might have: it blocks its thread.
extern "C" __attribute__((noinline)) void heddle_test_waits_for(const slow_slices& reports,
                                                                std::size_t count) {
  reports.block_until(count);
  asm volatile("");  // no tail call
}

/// Computes, without a call, even if nothing is optimised.
extern "C" __attribute__((noinline)) void heddle_test_spins(const bool& until) {
  while (!__atomic_load_n(&until, __ATOMIC_RELAXED)) {
  }
  asm volatile("");  // no tail call
}

namespace {

TEST(running_stack, names_the_function_that_blocks) {
  slow_slices reports;
  runtime home(with_debug(reports));
  home.run([&] { heddle_test_waits_for(reports, 1); });
  EXPECT_THAT(reports.all()[0].details,
              AllOf(HasSubstr("use cpu() or blocking() here"), HasSubstr("\nits stack, on thread "),
                    ContainsRegex("\n  #[0-9]+ heddle_test_waits_for\\+0x[0-9a-f]+ "
                                  "\\([^\n]*heddle_runtime_tests\\+0x[0-9a-f]+\\)")))
      << reports.all()[0].details;
}

TEST(running_stack, begins_where_the_fiber_was_interrupted) {
  if (test::thread_sanitized) GTEST_SKIP() << "TSAN puts handlers off until the next call";
  bool came = false;
  slow_slices reports;
  config settings = with_debug(reports);
  settings.on_stall = [&](const stall_report& report) {
    reports.keep(report);
    __atomic_store_n(&came, true, __ATOMIC_RELAXED);
  };
  runtime home(settings);
  home.run([&] { heddle_test_spins(came); });
  EXPECT_THAT(reports.all().at(0).details, HasSubstr("\n  #0 heddle_test_spins+0x"));
}

TEST(running_stack, is_not_shown_without_debug) {
  slow_slices reports;
  runtime home(reports.settings(2));
  home.run([&] { heddle_test_waits_for(reports, 1); });
  EXPECT_THAT(reports.all()[0].details, Not(HasSubstr("stack")));
}

TEST(running_stack, of_a_thread_that_blocks_the_signal_there_is_none) {
  slow_slices reports;
  runtime home(with_debug(reports));
  ASSERT_TRUE(home.run([&] {
    sigset_t urgent;
    sigset_t before;
    ::sigemptyset(&urgent);
    ::sigaddset(&urgent, SIGURG);
    ::pthread_sigmask(SIG_BLOCK, &urgent, &before);
    const bool came = reports.has_come_to(1);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return came;
  }));
  EXPECT_THAT(reports.all()[0].details, HasSubstr("did not answer SIGURG"));
  // The signal that came too late has been answered by nobody, and disturbs nobody.
  home.run([&] { heddle_test_waits_for(reports, 2); });
  EXPECT_THAT(reports.all()[1].details, HasSubstr("heddle_test_waits_for"));
}

TEST(running_stack, of_two_runtimes_at_once_are_told_apart) {
  slow_slices mine;
  slow_slices yours;
  runtime first(with_debug(mine));
  runtime second(with_debug(yours));
  auto one = first.spawn([&] { heddle_test_waits_for(mine, 1); });
  auto other = second.spawn([&] { return yours.has_come_to(1); });
  one.join();
  EXPECT_TRUE(other.join());
  EXPECT_THAT(mine.all().at(0).details, HasSubstr("heddle_test_waits_for"));
  EXPECT_THAT(yours.all().at(0).details, Not(HasSubstr("heddle_test_waits_for")));
}

TEST(running_stack, a_signal_of_others_goes_to_the_handler_that_was_there_before) {
  struct sigaction there {};
  ::sigaction(SIGURG, nullptr, &there);
  if (there.sa_handler != SIG_DFL) GTEST_SKIP() << "needs a process that has had no such runtime";
  const test::child_end end = test::in_child([] {
    static std::atomic<int> got{0};
    struct sigaction mine {};
    mine.sa_handler = [](int) { ++got; };
    ::sigaction(SIGURG, &mine, nullptr);
    slow_slices reports;
    runtime home(with_debug(reports));
    return home.run([&] {
      ::raise(SIGURG);
      if (!test::eventually([] { return got == 1; })) return false;
      return reports.has_come_to(1) && got == 1;
    });
  });
  EXPECT_TRUE(end.exited_with(0)) << end.output;
}

TEST(running_stack, is_asked_for_in_vain_when_the_slice_is_another) {
  slow_slices reports;
  config settings = with_debug(reports);
  runtime home(settings);
  std::atomic<const detail::worker*> loop{nullptr};
  std::atomic<bool> asked{false};
  auto busy = home.spawn([&] {
    loop = detail::worker::current();
    return test::eventually([&] { return asked.load(); });
  });
  test::wait_until([&] { return loop.load() != nullptr; });
  const detail::worker::slice now = loop.load()->present_slice();
  const auto other = detail::stack_of(*loop, {now.of, now.number + 1});
  EXPECT_EQ(other.outcome, detail::running_stack::outcome::ended);
  const auto this_one = detail::stack_of(*loop, now);
  EXPECT_EQ(this_one.outcome, detail::running_stack::outcome::taken);
  EXPECT_GT(this_one.count, 1U);
  asked = true;
  EXPECT_TRUE(busy.join());
}

}  // namespace
}  // namespace heddle
