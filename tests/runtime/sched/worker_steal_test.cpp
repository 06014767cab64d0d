// SPDX-License-Identifier: MIT
// A loop in one long slice holds nothing back: another loop takes its fibers, timers and events.
#include <heddle/runtime.hpp>

#include "runtime/support/kernel_calls.hpp"
#include "runtime/support/loops.hpp"
#include "runtime/support/random.hpp"
#include "runtime/support/sanitized.hpp"
#include "runtime/support/thread_now.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include <sys/eventfd.h>
#include <unistd.h>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::with_loops;

/// Keeps the loop in one slice until the guard ends.
class hogged_loop {
 public:
  hogged_loop(runtime& home, unsigned loop) {
    hog_ = home.spawn({.pinned = true, .loop = loop}, [this] {
      hogging_ = true;
      test::wait_until([this] { return over_.load(); });
    });
    test::wait_until([this] { return hogging_.load(); });
  }
  ~hogged_loop() {
    over_ = true;
    hog_.join();
  }
  hogged_loop(const hogged_loop&) = delete;
  hogged_loop& operator=(const hogged_loop&) = delete;

 private:
  std::atomic<bool> hogging_{false};
  std::atomic<bool> over_{false};
  task<void> hog_;
};

TEST(stealing, timers_of_a_hogged_loop_fire_on_time_elsewhere) {
  for (const unsigned hogged : {0U, 1U}) {
    runtime home(with_loops(2));
    std::atomic<int> woken{0};
    std::atomic<int> asleep{0};
    std::vector<task<void>> sleepers;
    const clock::time_point begin = clock::now();
    for (int n = 0; n < 100; ++n) {
      sleepers.push_back(home.spawn({.loop = hogged}, [&, n] {
        ++asleep;
        this_fiber::sleep_until(begin + 20ms + n * 1ms);
        ++woken;
      }));
    }
    test::wait_until([&] { return asleep == 100; });
    const hogged_loop hog(home, hogged);
    EXPECT_TRUE(test::eventually([&] { return woken == 100; }));
    for (auto& each : sleepers) each.join();
  }
}

TEST(stealing, events_of_a_hogged_loop_are_delivered_elsewhere) {
  for (const unsigned hogged : {0U, 1U}) {
    runtime home(with_loops(2));
    std::vector<int> events;
    std::vector<task<void>> readers;
    std::atomic<int> waiting{0};
    std::atomic<int> delivered{0};
    for (int n = 0; n < 20; ++n) {
      const int event = events.emplace_back(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
      readers.push_back(home.spawn({.loop = hogged}, [&, event] {
        ++waiting;
        EXPECT_TRUE(wait_readable(event));
        ++delivered;
      }));
    }
    test::wait_until([&] { return waiting == 20; });
    const hogged_loop hog(home, hogged);
    for (const int each : events) ASSERT_EQ(::eventfd_write(each, 1), 0);
    EXPECT_TRUE(test::eventually([&] { return delivered == 20; }));
    for (auto& each : readers) each.join();
    for (const int each : events) ::close(each);
  }
}

TEST(stealing, fibers_queued_behind_a_hog_are_run_elsewhere) {
  for (const unsigned hogged : {0U, 1U}) {
    runtime home(with_loops(2));
    std::atomic<int> ran{0};
    std::atomic<bool> over{false};
    auto hog = home.spawn({.pinned = true, .loop = hogged}, [&] {
      for (int n = 0; n < 100; ++n) {
        spawn([&] {
          ++ran;
          this_fiber::yield();
          ++ran;
        }).detach();
      }
      test::wait_until([&] { return over.load(); });
    });
    EXPECT_TRUE(test::eventually([&] { return ran == 200; }));
    over = true;
    hog.join();
  }
}

TEST(stealing, one_fiber_alone_behind_a_hog_is_run_elsewhere_too) {
  for (int round = 0; round < 20; ++round) {
    runtime home(with_loops(2));
    std::atomic<bool> ran{false};
    std::atomic<bool> over{false};
    auto hog = home.spawn({.pinned = true, .loop = static_cast<unsigned>(round % 2)}, [&] {
      spawn([&] { ran = true; }).detach();  // the first of its queue wakes nobody
      test::wait_until([&] { return over.load(); });
    });
    EXPECT_TRUE(test::eventually([&] { return ran.load(); }));
    over = true;
    hog.join();
  }
}

TEST(stealing, tasks_that_were_to_start_on_a_hogged_loop_start_elsewhere) {
  for (const unsigned hogged : {0U, 1U}) {
    runtime home(with_loops(2));
    std::atomic<int> ran{0};
    std::atomic<bool> pinned_ran{false};
    std::vector<task<void>> all;
    task<void> pinned;
    {
      // Some that the loop has looked at before it was hogged, some that come meanwhile.
      std::atomic<bool> over{false};
      auto hog = home.spawn({.pinned = true, .loop = hogged}, [&] {
        for (int n = 0; n < 50; ++n) all.push_back(spawn({.loop = hogged}, [&] { ++ran; }));
        this_fiber::yield();
        test::wait_until([&] { return over.load(); });
      });
      for (int n = 0; n < 50; ++n) {
        home.spawn({.loop = hogged},
                   [&] {
                     ++ran;
                     this_fiber::yield();
                   })
            .detach();
      }
      pinned = home.spawn({.pinned = true, .loop = hogged}, [&] { pinned_ran = true; });
      EXPECT_TRUE(test::eventually([&] { return ran == 100; }));
      over = true;
      hog.join();
    }
    pinned.join();
    EXPECT_TRUE(pinned_ran);
    for (auto& each : all) each.join();
  }
}

TEST(stealing, a_pinned_task_waits_for_its_loop) {
  runtime home(with_loops(2));
  std::atomic<long> thread{0};
  task<void> pinned;
  {
    const hogged_loop hog(home, 1);
    pinned = home.spawn({.pinned = true, .loop = 1}, [&] { thread = test::thread_now(); });
    std::this_thread::sleep_for(20ms);  // time to do wrong
    EXPECT_EQ(thread, 0);
  }
  pinned.join();
  EXPECT_EQ(thread, home.spawn({.pinned = true, .loop = 1}, test::thread_now).join());
}

TEST(stealing, a_fiber_woken_by_a_hog_runs_elsewhere) {
  runtime home(with_loops(2));
  test::gate opens;
  std::atomic<bool> waiting{false};
  std::atomic<bool> ran{false};
  std::atomic<bool> over{false};
  auto woken = home.spawn([&] {
    waiting = true;
    opens.wait();
    ran = true;
  });
  test::wait_until([&] { return waiting.load(); });
  auto hog = home.spawn({.pinned = true}, [&] {
    opens.open();
    test::wait_until([&] { return over.load(); });
  });
  EXPECT_TRUE(test::eventually([&] { return ran.load(); }));
  over = true;
  hog.join();
  woken.join();
}

TEST(stealing, work_from_outside_finds_the_loop_that_is_free) {
  runtime home(with_loops(2));
  const hogged_loop hog(home, 0);
  for (int n = 0; n < test::rounds(1'000); ++n) {
    EXPECT_EQ(home.spawn([n] { return n; }).join(), n);
  }
}

TEST(stealing, all_but_one_loop_may_be_hogged) {
  runtime home(with_loops(3));
  std::atomic<int> asleep{0};
  std::vector<task<void>> sleepers;
  for (unsigned n = 0; n < 30; ++n) {
    sleepers.push_back(home.spawn({.loop = n % 3}, [&] {
      ++asleep;
      for (int naps = 0; naps < 20; ++naps) this_fiber::sleep_for(1ms);
    }));
  }
  test::wait_until([&] { return asleep == 30; });
  const hogged_loop first(home, 0);
  const hogged_loop second(home, 2);
  for (auto& each : sleepers) each.join();
  const runtime_stats stats = home.stats();
  EXPECT_GT(stats.loops[1].stolen_timers + stats.loops[1].stolen, 0U);
}

TEST(stealing, after_the_hog_its_loop_works_again) {
  runtime home(with_loops(2));
  for (int round = 0; round < 10; ++round) {
    { const hogged_loop hog(home, 1); }
    // Pinned: a loop that the system holds back is helped with what only starts there.
    const spawn_options there{.pinned = true, .loop = 1};
    const long thread = home.spawn(there, [] { return test::thread_now(); }).join();
    EXPECT_EQ(home.spawn(there,
                         [] {
                           this_fiber::sleep_for(100us);
                           return 1;
                         })
                  .join(),
              1);
    EXPECT_EQ(home.spawn(there, [] { return test::thread_now(); }).join(), thread);
  }
}

TEST(stealing, the_lateness_of_a_timer_beside_a_hog_is_bounded) {
  // Generous: a loaded machine is late by itself. A hog that held the timers would make it a
  // second.
  runtime home(with_loops(2));
  std::mutex lock;
  std::vector<clock::duration> late;
  std::atomic<bool> over{false};
  auto hog = home.spawn([&] {
    const clock::time_point until = clock::now() + 1s;
    while (clock::now() < until) test::spin(1'000);
    over = true;
  });
  auto sleeper = home.spawn([&] {
    while (!over) {
      const clock::time_point due = clock::now() + 2ms;
      this_fiber::sleep_until(due);
      const std::lock_guard guard(lock);
      late.push_back(clock::now() - due);
    }
  });
  hog.join();
  sleeper.join();
  std::sort(late.begin(), late.end());
  ASSERT_GT(late.size(), 20U);
  EXPECT_LT(late[late.size() / 2], 100ms);
}

TEST(stealing, spreads_a_burst_over_the_loops) {
  runtime home(with_loops(4));
  std::atomic<int> together{0};
  std::atomic<int> most{0};
  home.run([&] {
    std::vector<task<void>> all;
    for (int n = 0; n < 40; ++n) {
      all.push_back(spawn([&] {
        const int now = ++together;
        most = std::max(most.load(), now);
        const clock::time_point until = clock::now() + 5ms;
        while (clock::now() < until) test::spin(100);
        --together;
      }));
    }
    for (auto& each : all) each.join();
  });
  EXPECT_GE(most, 2) << "one loop has run everything";
  EXPECT_GT(home.stats().total().stolen, 0U);
}

/// Holds the helper of a loop in front of that loop's epoll set until the loop has parked, and the
/// loop in front of its sleep until the helper has polled.
class poll_in_between {
 public:
  poll_in_between(long owner, long helper) : owner_(owner), helper_(helper) {}

  test::kernel_calls calls() {
    test::kernel_calls made;
    made.before_poll = [this](int epoll, bool sleeps) {
      const long thread = test::thread_now();
      if (thread == owner_ && sleeps) owner_sleeps(epoll);
      if (thread == helper_) sleeps ? helper_sleeps() : helper_polls(epoll);
    };
    made.after_wake_up = [this] {
      if (helper_may_poll && test::thread_now() == helper_) ++given_back;
    };
    return made;
  }

  std::atomic<int> epoll_of_owner{-1};
  std::atomic<bool> owner_waits_for_events{false};
  std::atomic<bool> owner_is_hogged{false};
  std::atomic<bool> helper_is_here{false};
  std::atomic<bool> owner_has_parked{false};
  std::atomic<bool> helper_may_poll{false};
  std::atomic<bool> helper_has_polled{false};
  std::atomic<bool> owner_may_sleep{false};
  std::atomic<int> given_back{0};

 private:
  void owner_sleeps(int epoll) {
    if (!owner_waits_for_events) return;
    epoll_of_owner = epoll;
    if (!helper_is_here) return;
    owner_has_parked = true;
    test::wait_until([this] { return owner_may_sleep.load(); });
  }
  void helper_polls(int epoll) {
    if (!owner_is_hogged || epoll != epoll_of_owner) return;
    helper_is_here = true;
    test::wait_until([this] { return helper_may_poll.load(); });
  }
  void helper_sleeps() {
    if (helper_may_poll) helper_has_polled = true;
  }

  const long owner_;
  const long helper_;
};

TEST(stealing, who_polls_for_a_loop_that_has_parked_meanwhile_gives_its_wake_up_back) {
  if (!test::watched_calls::possible()) GTEST_SKIP() << "the library's calls are not to be seen";
  config settings = with_loops(2);
  settings.spin = 0ns;
  runtime home(settings);
  const auto thread_of = [&](unsigned loop) {
    return home.spawn({.pinned = true, .loop = loop}, test::thread_now).join();
  };
  poll_in_between held(thread_of(0), thread_of(1));
  const test::watched_calls watched(held.calls());
  // A loop of which nobody waits for an event is not polled for.
  const int event = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  auto reader = home.spawn({.pinned = true, .loop = 0}, [&] {
    held.owner_waits_for_events = true;
    EXPECT_TRUE(wait_readable(event));
  });
  test::wait_until([&] { return held.epoll_of_owner != -1; });
  {
    const hogged_loop hog(home, 0);
    held.owner_is_hogged = true;
    test::wait_until([&] { return held.helper_is_here.load(); });
  }
  test::wait_until([&] { return held.owner_has_parked.load(); });
  auto woken_for = home.spawn([] {});  // of the two that are parked the first is woken
  held.helper_may_poll = true;
  test::wait_until([&] { return held.helper_has_polled.load(); });
  held.owner_may_sleep = true;
  EXPECT_EQ(held.given_back, 1);
  if (held.given_back == 0) ::eventfd_write(event, 1);  // so that this comes to an end
  woken_for.join();
  ::eventfd_write(event, 1);
  reader.join();
  ::close(event);
}

}  // namespace
}  // namespace heddle
