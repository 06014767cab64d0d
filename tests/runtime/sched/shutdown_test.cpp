// SPDX-License-Identifier: MIT
// Ending a runtime: drain, cancel, report survivors; spawns that race with it.
#include <heddle/runtime.hpp>

#include "runtime/support/child.hpp"
#include "runtime/support/kernel_calls.hpp"
#include "runtime/support/loops.hpp"
#include "runtime/support/random.hpp"
#include "runtime/support/sanitized.hpp"
#include "runtime/support/thread_now.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::with_loops;
using testing::HasSubstr;

TEST(shutdown, of_an_idle_runtime_is_at_once_and_may_be_repeated) {
  runtime home(with_loops(2));
  const clock::time_point begin = clock::now();
  EXPECT_TRUE(home.shutdown(1h));
  EXPECT_TRUE(home.shutdown(0s));
  EXPECT_TRUE(home.shutdown(-1s));
  EXPECT_LT(clock::now() - begin, 10s);
}

TEST(shutdown, lets_what_runs_come_to_its_end_within_the_grace) {
  runtime home(with_loops(2));
  std::atomic<int> ended{0};
  std::vector<task<void>> some;
  for (int n = 0; n < 20; ++n) {
    some.push_back(home.spawn([&] {
      this_fiber::sleep_for(20ms);
      spawn([&] { ++ended; }).join();  // what drains may still spawn
    }));
  }
  EXPECT_TRUE(home.shutdown(20s));
  EXPECT_EQ(ended, 20);
  for (auto& each : some) each.join();
}

TEST(shutdown, cancels_what_does_not_end_within_the_grace) {
  runtime home(with_loops(2));
  std::atomic<int> cancels{0};
  const auto body = [&] {
    try {
      test::park_for_ever();
    } catch (const cancelled&) {
      ++cancels;
      throw;
    }
  };
  auto held = home.spawn(body);
  for (int n = 0; n < 9; ++n) home.spawn(body).detach();
  const clock::time_point begin = clock::now();
  EXPECT_TRUE(home.shutdown(10ms));
  EXPECT_GE(clock::now() - begin, 10ms);
  EXPECT_EQ(cancels, 10);
  EXPECT_THROW(held.join(), task_cancelled);
}

TEST(shutdown, tasks_that_have_not_started_start_and_meet_the_cancellation) {
  runtime home(with_loops(1));
  std::atomic<int> started{0};
  // It ends once it is cancelled: what starts behind it meets the cancellation.
  auto hog = home.spawn([] {
    test::wait_until([] {
      throw_if_cancelled();
      return false;
    });
  });
  std::vector<task<void>> behind;
  for (int n = 0; n < 10; ++n) {
    behind.push_back(home.spawn([&] {
      ++started;
      this_fiber::yield();
      ADD_FAILURE() << "a suspension point let a cancelled fiber go on";
    }));
  }
  while (!home.shutdown(1ms)) continue;  // they may take longer to end on a busy machine
  EXPECT_EQ(started, 10);
  EXPECT_THROW(hog.join(), task_cancelled);
  for (auto& each : behind) EXPECT_THROW(each.join(), task_cancelled);
}

TEST(shutdown, survivors_are_listed_and_the_destructor_still_waits_for_them) {
  const test::child_end end = test::in_child([] {
    std::atomic<bool> ended{false};
    std::atomic<bool> let_go{false};
    std::thread releases;
    {
      runtime home(with_loops(2));
      home.spawn({.name = "stubborn"},
                 [&] {
                   while (!let_go) {
                     try {
                       this_fiber::sleep_for(1ms);
                     } catch (const cancelled&) {
                       test::wait_until([&] { return let_go.load(); });
                     }
                   }
                   ended = true;
                 })
          .detach();
      if (home.shutdown(1ms)) return false;
      releases = std::thread([&] { let_go = true; });
    }
    releases.join();
    return ended.load();
  });
  EXPECT_TRUE(end.exited_with(0)) << end.status << end.output;
  EXPECT_THAT(end.output, HasSubstr("\"stubborn\""));
  EXPECT_THAT(end.output, HasSubstr("shutdown_test.cpp"));
}

TEST(shutdown, every_spawn_that_races_with_it_is_refused_or_ends) {
  int refusals = 0;
  int values = 0;
  int cancels = 0;
  for (int round = 0; round < test::rounds(1'000); ++round) {
    std::vector<task<int>> accepted;
    std::atomic<bool> begun{false};
    runtime home(with_loops(1 + static_cast<unsigned>(round % 3)));
    std::thread spawner([&] {
      try {
        for (int n = 0;; ++n) {
          accepted.push_back(home.spawn([n] {
            this_fiber::yield();
            return n;
          }));
          begun = true;
        }
      } catch (const shut_down&) {
        ++refusals;
      }
    });
    if (round % 2 == 0) test::wait_until([&] { return begun.load(); });
    test::spin(static_cast<std::uint32_t>(round) * 97 % 50'000);
    EXPECT_TRUE(home.shutdown(5s));
    spawner.join();
    for (std::size_t n = 0; n < accepted.size(); ++n) {
      try {
        EXPECT_EQ(accepted[n].join(), static_cast<int>(n));
        ++values;
      } catch (const task_cancelled&) {
        ++cancels;
      }
    }
  }
  EXPECT_EQ(refusals, test::rounds(1'000));
  EXPECT_GT(values + cancels, 0);
}

void spawn_for_ever() {
  spawn([] { spawn_for_ever(); }).detach();
}

TEST(shutdown, ends_a_chain_of_spawns_that_never_suspends) {
  for (const unsigned loops : {1U, 2U}) {
    std::atomic<int> refused{0};
    config settings = with_loops(loops);
    settings.on_unhandled = [&](const unhandled_error& error) {
      try {
        std::rethrow_exception(error.error);
      } catch (const shut_down&) {
        ++refused;
      }
    };
    runtime home(settings);
    home.spawn([] { spawn_for_ever(); }).detach();
    EXPECT_TRUE(home.shutdown(10ms));
    EXPECT_EQ(refused, 1);
  }
}

TEST(shutdown, the_destructor_ends_whatever_a_fiber_waits_for) {
  for (int round = 0; round < test::rounds(500); ++round) {
    std::atomic<int> ended{0};
    struct counts {
      ~counts() { ++to; }
      std::atomic<int>& to;
    };
    const auto spawn_all = [&](runtime& home) {
      home.spawn([&] {
            const counts at_end{ended};
            test::park_for_ever();
          })
          .detach();
      home.spawn([&] {
            const counts at_end{ended};
            this_fiber::sleep_for(1h);
          })
          .detach();
      home.spawn([&] {
            const counts at_end{ended};
            for (;;) this_fiber::yield();
          })
          .detach();
      home.spawn({.pinned = true, .loop = 0},
                 [&] {
                   const counts at_end{ended};
                   spawn([] { test::park_for_ever(); }).join();
                 })
          .detach();
      home.spawn([&] {
            const counts at_end{ended};
            for (;;) spawn([] {}).join();
          })
          .detach();
    };
    {
      runtime home(with_loops(1 + static_cast<unsigned>(round % 4)));
      spawn_all(home);
      test::spin(static_cast<std::uint32_t>(round) * 131 % 40'000);
    }
    ASSERT_EQ(ended, 5);
  }
}

TEST(shutdown, a_fiber_of_another_runtime_may_call_the_destructor) {
  run(with_loops(1), [] {
    for (int n = 0; n < 20; ++n) {
      runtime inner(with_loops(2));
      inner.spawn([] { test::park_for_ever(); }).detach();
    }
  });
}

TEST(shutdown, a_wake_up_from_outside_may_come_while_the_runtime_ends) {
  for (int round = 0; round < test::rounds(2'000); ++round) {
    test::gate opens;
    std::thread opener;
    {
      runtime home(with_loops(1 + static_cast<unsigned>(round % 2)));
      home.spawn([&] { opens.wait(); }).detach();
      opener = std::thread([&] { opens.open(); });
      test::spin(static_cast<std::uint32_t>(round) * 53 % 20'000);
    }
    opener.join();
  }
}

TEST(shutdown, a_cancel_from_outside_may_come_while_the_runtime_ends) {
  for (int round = 0; round < test::rounds(2'000); ++round) {
    task<void> body;
    std::thread canceller;
    {
      runtime home(with_loops(1 + static_cast<unsigned>(round % 2)));
      body = home.spawn([] { test::park_for_ever(); });
      canceller = std::thread([&] { body.cancel(); });
      test::spin(static_cast<std::uint32_t>(round) * 53 % 20'000);
    }
    canceller.join();
    EXPECT_THROW(body.join(), task_cancelled);
  }
}

TEST(shutdown, the_destructor_waits_for_a_thread_that_is_on_its_way_out_of_a_wake_up) {
  if (!test::watched_calls::possible()) GTEST_SKIP() << "the library's calls are not to be seen";
  std::atomic<bool> started{false};
  std::atomic<bool> asleep{false};
  std::atomic<long> waker{0};
  std::atomic<bool> inside{false};
  std::atomic<bool> may_leave{false};
  std::atomic<bool> ending{false};
  bool waited = false;
  const long ender = test::thread_now();
  test::kernel_calls calls;
  calls.before_poll = [&](int, bool sleeps) {
    if (sleeps && started) asleep = true;
  };
  calls.after_wake_up = [&] {
    if (test::thread_now() != waker) return;
    inside = true;
    test::wait_until([&] { return may_leave.load(); });
  };
  calls.before_yield = [&] {
    if (!ending || test::thread_now() != ender) return;
    waited = true;
    may_leave = true;
  };
  const test::watched_calls watched(calls);
  test::gate opens;
  auto home = std::make_unique<runtime>(with_loops(1));
  home->spawn([&] {
        started = true;
        opens.wait();
      })
      .detach();
  test::wait_until([&] { return asleep.load(); });
  std::thread opener([&] {
    waker = test::thread_now();
    opens.open();
  });
  test::wait_until([&] { return inside.load(); });
  ending = true;
  home.reset();
  EXPECT_TRUE(waited);
  may_leave = true;
  opener.join();
}

}  // namespace
}  // namespace heddle
