// SPDX-License-Identifier: MIT
// The runner's side of the end of a task: what it waits for before it lets its fiber go.
#include <heddle/runtime.hpp>

#include "runtime/support/kernel_calls.hpp"
#include "runtime/support/loops.hpp"
#include "runtime/support/thread_now.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace heddle {
namespace {

using test::with_loops;

TEST(task_end, waits_for_a_canceller_who_still_looks_at_the_fiber) {
  if (!test::watched_calls::possible()) GTEST_SKIP() << "the library's calls are not to be seen";
  std::atomic<bool> started{false};
  std::atomic<bool> unwound{false};
  std::atomic<bool> asleep{false};
  std::atomic<bool> went_on{false};
  std::atomic<bool> waited{false};
  std::atomic<bool> may_leave{false};
  std::atomic<long> loop{0};
  std::atomic<long> canceller{0};
  test::kernel_calls calls;
  calls.before_poll = [&](int, bool sleeps) {
    if (sleeps && started) (unwound ? went_on : asleep) = true;
  };
  calls.before_yield = [&] {
    if (unwound && test::thread_now() == loop) waited = true;
  };
  calls.after_wake_up = [&] {
    if (test::thread_now() == canceller) test::wait_until([&] { return may_leave.load(); });
  };
  runtime home(with_loops(1));
  const test::watched_calls watched(calls);
  auto body = home.spawn([&] {
    loop = test::thread_now();
    started = true;
    try {
      test::park_for_ever();
    } catch (const cancelled&) {
      unwound = true;
      throw;
    }
  });
  test::wait_until([&] { return asleep.load(); });
  std::thread cancels([&] {
    canceller = test::thread_now();
    body.cancel();
  });
  test::wait_until([&] { return waited || went_on; });
  EXPECT_FALSE(went_on);
  may_leave = true;
  cancels.join();
  EXPECT_THROW(body.join(), task_cancelled);
}

}  // namespace
}  // namespace heddle
