// SPDX-License-Identifier: MIT
// Fairness: the bound of src/sched/README.md, while everything else has work to do as well.
#include <heddle/runtime.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/sanitized.hpp"
#include "sched/limits.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <sys/eventfd.h>
#include <unistd.h>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::with_loops;

/// A plain thread that a fiber can wait for without blocking its loop.
class plain_thread {
 public:
  template <class F>
  explicit plain_thread(F body)
      : thread_([this, body] {
          body();
          ended_ = true;
        }) {}
  void join() {
    test::yield_until([this] { return ended_.load(); });
    thread_.join();
  }

 private:
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

/// Returns how many times loop 0 has picked something to run.
std::uint64_t picks() { return runtime::current().stats().loops[0].slices; }

TEST(fairness, a_fiber_among_a_hundred_thousand_runs_within_the_stated_bound) {
  constexpr std::uint64_t fibers = test::rounds(100'000);
  constexpr std::uint64_t turns = 3;
  run(with_loops(1), [] {
    test::gate begin;
    std::atomic<bool> over{false};
    std::uint64_t worst = 0;
    std::vector<task<void>> all;
    for (std::uint64_t n = 0; n < fibers; ++n) {
      all.push_back(spawn([&] {
        begin.wait();
        for (std::uint64_t turn = 0; turn < turns; ++turn) {
          const std::uint64_t before = picks();
          this_fiber::yield();
          worst = std::max(worst, picks() - before);
        }
      }));
    }
    for (std::uint64_t n = 0; n < fibers / 4; ++n) this_fiber::yield();
    begin.open();
    // Meanwhile tasks are spawned all the time, and come from outside.
    runtime& home = runtime::current();
    plain_thread outside([&] {
      while (!over) {
        home.spawn([] {}).join();
      }
    });
    auto spawner = spawn([&] {
      while (!over) {
        spawn([] {}).detach();
        this_fiber::yield();
      }
    });
    for (auto& each : all) each.join();
    over = true;
    spawner.join();
    outside.join();
    // README.md: position p of the fifo starts after at most 10·p + 64 picks; all stand in it.
    EXPECT_LE(worst, 10 * (fibers + 64) + 64);
  });
}

TEST(fairness, everything_else_is_served_while_a_hundred_thousand_fibers_yield) {
  constexpr int fibers = test::rounds(100'000);
  run(with_loops(1), [] {
    std::atomic<bool> over{false};
    std::vector<task<void>> yielding;
    for (int n = 0; n < fibers; ++n) {
      yielding.push_back(spawn([&] {
        while (!over) this_fiber::yield();
      }));
    }
    this_fiber::yield();
    runtime& home = runtime::current();
    std::atomic<int> served{0};
    plain_thread outside([&] {
      for (int n = 0; n < 20; ++n) home.spawn([&] { ++served; }).join();
    });
    const int event = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    auto reader = spawn([&] {
      EXPECT_TRUE(wait_readable(event));
      ++served;
    });
    auto sleeper = spawn([&] {
      for (int n = 0; n < 5; ++n) this_fiber::sleep_for(1ms);
      ++served;
    });
    auto writer = spawn([&] {
      this_fiber::sleep_for(1ms);
      ASSERT_EQ(::eventfd_write(event, 1), 0);
    });
    writer.join();
    reader.join();
    sleeper.join();
    outside.join();
    EXPECT_EQ(served, 22);
    over = true;
    for (auto& each : yielding) each.join();
    ::close(event);
  });
}

TEST(fairness, a_spawner_that_never_stops_does_not_hold_up_who_yields) {
  run(with_loops(1), [] {
    std::atomic<bool> over{false};
    auto flood = spawn([&] {
      while (!over) {
        for (int n = 0; n < 100; ++n) spawn([] {}).detach();
        this_fiber::yield();
      }
    });
    for (int turn = 0; turn < 200; ++turn) {
      const std::uint64_t before = picks();
      this_fiber::yield();
      // Two fibers in the fifo; the flood itself adds a hundred tasks a turn, eight of which go
      // first.
      EXPECT_LE(picks() - before, 10 * 3 + 64);
    }
    over = true;
    flood.join();
  });
}

TEST(fairness, two_fibers_that_wake_each_other_do_not_keep_the_loop) {
  run(with_loops(1), [] {
    std::atomic<bool> over{false};
    wait_queue ping;
    wait_queue pong;
    int ball = 0;
    const auto play = [&](wait_queue& mine, wait_queue& others, int side) {
      while (!over) {
        mine.wait_unless([&]() noexcept { return ball == side || over.load(); });
        others.wake_one([&](bool) noexcept { ball = 1 - side; });
      }
      others.wake_all();
    };
    auto one = spawn([&] { play(ping, pong, 0); });
    auto two = spawn([&] { play(pong, ping, 1); });
    for (int turn = 0; turn < 1'000; ++turn) {
      const std::uint64_t before = picks();
      this_fiber::yield();
      EXPECT_LE(picks() - before, 10 * 4 + 64);
    }
    clock::duration worst{0};
    for (int n = 0; n < 20; ++n) {
      const clock::time_point due = clock::now() + 1ms;
      this_fiber::sleep_until(due);
      worst = std::max(worst, clock::now() - due);
    }
    EXPECT_LT(worst, 500ms);
    over = true;
    ping.wake_all();
    pong.wake_all();
    one.join();
    two.join();
  });
}

TEST(fairness, a_loop_of_spawn_and_join_lets_others_run) {
  run(with_loops(1), [] {
    bool other_ran = false;
    auto other = spawn([&] { other_ran = true; });
    this_fiber::yield();
    other.join();
    EXPECT_TRUE(other_ran);
    other_ran = false;
    auto waits_its_turn = spawn([&] {
      this_fiber::yield();
      other_ran = true;
    });
    this_fiber::yield();
    int joins = 0;
    for (; !other_ran && joins < 100'000; ++joins) spawn([] {}).join();
    EXPECT_LT(joins, 300) << "a join that need not wait uses up the budget of a slice";
    waits_its_turn.join();
  });
}

TEST(fairness, pinned_fibers_and_others_share_the_loop) {
  run(with_loops(1), [] {
    std::atomic<bool> over{false};
    std::uint64_t bound_turns = 0;
    std::uint64_t free_turns = 0;
    std::vector<task<void>> all;
    for (int n = 0; n < 5; ++n) {
      all.push_back(spawn({.pinned = true}, [&] {
        for (; !over; ++bound_turns) this_fiber::yield();
      }));
      all.push_back(spawn([&] {
        for (; !over; ++free_turns) this_fiber::yield();
      }));
    }
    for (int n = 0; n < 10'000; ++n) this_fiber::yield();
    over = true;
    for (auto& each : all) each.join();
    EXPECT_GT(bound_turns, 1'000U);
    EXPECT_GT(free_turns, 1'000U);
    EXPECT_LT(bound_turns, 20 * free_turns);
    EXPECT_LT(free_turns, 20 * bound_turns);
  });
}

}  // namespace
}  // namespace heddle
