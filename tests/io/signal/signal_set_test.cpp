// SPDX-License-Identifier: MIT
// Signals reach every set that wants them, whichever thread they come to, and do nothing else
// meanwhile; afterwards they do what they did before.
#include <heddle/io/signal_set.hpp>
#include <heddle/runtime.hpp>

#include "io/shared_names.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace heddle::io {
namespace {

TEST(signal_set, wakes_a_fiber_and_a_plain_thread) {
  heddle::run(test::with_loops(2), [] {
    signal_set of_fiber{SIGUSR1};
    signal_set of_thread{SIGUSR1, SIGUSR2};
    std::atomic<int> thread_saw{0};
    std::thread other([&] { thread_saw = of_thread.wait(); });
    auto fiber_saw = spawn([&] { return of_fiber.wait(); });
    this_fiber::sleep_for(2ms);
    ::kill(::getpid(), SIGUSR1);
    EXPECT_EQ(fiber_saw.join(), SIGUSR1);
    other.join();
    EXPECT_EQ(thread_saw, SIGUSR1);
  });
}

TEST(signal_set, sees_what_came_before_anybody_waited_once) {
  signal_set both{SIGUSR1, SIGUSR2};
  EXPECT_EQ(both.try_wait(), std::nullopt);
  ::raise(SIGUSR2);
  ::raise(SIGUSR1);
  ::raise(SIGUSR1);
  EXPECT_EQ(both.wait(), SIGUSR1);
  EXPECT_EQ(both.try_wait(), SIGUSR2);
  EXPECT_EQ(both.try_wait(), std::nullopt);
  EXPECT_EQ(both.wait_until(deadline::after(1ms)), std::nullopt);
}

TEST(signal_set, goes_on_where_it_was_moved_to) {
  signal_set first{SIGUSR1};
  signal_set second = std::move(first);
  ::raise(SIGUSR1);
  EXPECT_EQ(second.wait(), SIGUSR1);
  // NOLINTBEGIN(bugprone-use-after-move,clang-analyzer-cplusplus.Move): that is the case
  EXPECT_THROW(first.wait(), std::logic_error);
  EXPECT_THROW(first.try_wait(), std::logic_error);
  // NOLINTEND(bugprone-use-after-move,clang-analyzer-cplusplus.Move)
}

TEST(signal_set, is_told_on_the_smallest_stack_of_a_fiber) {
  heddle::run(test::with_loops(1), [] {
    signal_set set{SIGUSR1};
    auto small = spawn({.stack_bytes = 16 * 1024}, [] {
      const std::size_t before = this_fiber::stack_high_water_bytes();
      ::raise(SIGUSR1);
      return this_fiber::stack_high_water_bytes() - before;
    });
    EXPECT_LE(small.join(), 12U * 1024);
    EXPECT_EQ(set.try_wait(), SIGUSR1);
  });
}

std::atomic<int> handled{0};

TEST(signal_set, gives_back_what_a_signal_did_before) {
  std::signal(SIGUSR1, [](int) { ++handled; });
  handled = 0;
  {
    signal_set outer{SIGUSR1};
    {
      signal_set inner{SIGUSR1};
      ::raise(SIGUSR1);
      EXPECT_EQ(inner.try_wait(), SIGUSR1);
    }
    ::raise(SIGUSR1);
    EXPECT_EQ(outer.try_wait(), SIGUSR1);
    EXPECT_EQ(handled, 0);
  }
  ::raise(SIGUSR1);
  EXPECT_EQ(handled, 1);
  std::signal(SIGUSR1, SIG_DFL);
}

TEST(signal_set, a_signal_that_comes_to_any_thread_is_seen) {
  signal_set set{SIGUSR1};
  for (int n = 0; n < 4; ++n) {
    std::thread([] { ::pthread_kill(::pthread_self(), SIGUSR1); }).join();
    EXPECT_EQ(set.wait(), SIGUSR1);
  }
}

// Below, a fiber raises signals on its own thread: TSAN keeps one that comes to another thread
// while a fiber runs there until that very fiber calls something TSAN knows, which may be never.

TEST(signal_set, of_many_that_wait_each_gets_a_signal) {
  heddle::run(test::with_loops(2), [] {
    signal_set set{SIGUSR1, SIGUSR2};
    for (int round = 0; round < 200; ++round) {
      std::atomic<int> sum{0};
      task_group all;
      all.spawn([&] { sum += set.wait(); });
      all.spawn([&] { sum += set.wait(); });
      ::raise(SIGUSR1);
      ::raise(SIGUSR2);
      all.join();
      ASSERT_EQ(sum, SIGUSR1 + SIGUSR2);
    }
  });
}

TEST(signal_set, a_wait_that_was_cancelled_takes_none) {
  heddle::run(test::with_loops(1), [] {
    signal_set set{SIGUSR1};
    EXPECT_FALSE(move_on_after(1ms, [&] { set.wait(); }));
    ::raise(SIGUSR1);
    EXPECT_EQ(set.wait(), SIGUSR1);
  });
}

TEST(signal_set, loses_none_in_a_storm) {
  heddle::run(test::with_loops(2), [] {
    signal_set set{SIGUSR1};
    for (int n = 0; n < 2000; ++n) {
      auto sender = spawn([] { ::raise(SIGUSR1); });
      ASSERT_EQ(set.wait_until(deadline::after(10s)), SIGUSR1);
      sender.join();
      set.try_wait();
    }
  });
}

TEST(signal_set, a_late_handler_writes_to_no_descriptor_of_somebody_else) {
  signal_set outer{SIGUSR1};  // so that the signal never ends the process
  std::atomic<bool> over{false};
  std::thread sender([&over] {
    while (!over) ::kill(::getpid(), SIGUSR1);
  });
  int strays = 0;
  for (int round = 0; round < 2000; ++round) {
    { const signal_set inner{SIGUSR1}; }
    const int reused = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);  // has the number of inner's
    ::sched_yield();
    eventfd_t count = 0;
    if (::eventfd_read(reused, &count) == 0) ++strays;
    ::close(reused);
  }
  over = true;
  sender.join();
  EXPECT_EQ(strays, 0);
}

TEST(signal_set, refuses_what_nobody_can_wait_for) {
  const auto refusal = [](int signal) -> std::string {
    try {
      signal_set set{signal};
    } catch (const std::invalid_argument& refused) {
      return refused.what();
    }
    return {};
  };
  EXPECT_THAT(refusal(SIGKILL), HasSubstr("nobody can wait for SIGKILL"));
  EXPECT_THAT(refusal(SIGSTOP), HasSubstr("SIGSTOP"));
  EXPECT_THAT(refusal(SIGSEGV), HasSubstr("SIGSEGV says that the program is wrong"));
  EXPECT_THAT(refusal(0), HasSubstr("no signal 0"));
  EXPECT_THAT(refusal(65), HasSubstr("no signal 65"));
  EXPECT_THROW(signal_set(std::initializer_list<int>{}), std::invalid_argument);
}

TEST(signal_set, there_may_be_64_at_once_and_their_places_are_used_again) {
  for (int round = 0; round < 3; ++round) {
    std::vector<std::unique_ptr<signal_set>> all;
    for (int n = 0; n < 64; ++n) {
      all.push_back(std::make_unique<signal_set>(std::initializer_list<int>{SIGUSR1}));
    }
    EXPECT_ANY_THROW(signal_set{SIGUSR1});
    ::raise(SIGUSR1);
    for (auto& each : all) EXPECT_EQ(each->wait(), SIGUSR1);
  }
}

}  // namespace
}  // namespace heddle::io
