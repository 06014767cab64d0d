// SPDX-License-Identifier: MIT
// The idle word: every transition, and that nobody is counted twice or forgotten however they race.
#include "sched/idle.hpp"

#include "runtime/support/random.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace heddle::detail {
namespace {

using test::random_numbers;

TEST(idle_set, nobody_parked_means_nobody_to_wake) {
  idle_set idle(2);
  EXPECT_EQ(idle.parked(), 0U);
  EXPECT_FALSE(idle.worth_waking());
  EXPECT_FALSE(idle.must_wake());
  EXPECT_EQ(idle.choose(), -1);
  EXPECT_FALSE(idle.is_parked(0));
  EXPECT_FALSE(idle.uncovered());
}

TEST(idle_set, a_parked_loop_can_be_chosen_once_and_is_a_searcher_then) {
  idle_set idle(2);
  idle.announce(1, false);
  EXPECT_TRUE(idle.is_parked(1));
  EXPECT_TRUE(idle.must_wake());
  EXPECT_EQ(idle.choose(), 1);
  EXPECT_FALSE(idle.is_parked(1));
  EXPECT_FALSE(idle.must_wake()) << "the token is a searcher";
  EXPECT_EQ(idle.choose(), -1);
  EXPECT_TRUE(idle.withdraw(1, false).chosen);
  EXPECT_EQ(idle.parked(), 0U);
  EXPECT_TRUE(idle.stop_search()) << "the token was the last searcher";
}

TEST(idle_set, a_loop_that_leaves_by_itself_got_no_token) {
  idle_set idle(2);
  idle.announce(0, false);
  EXPECT_FALSE(idle.withdraw(0, true).chosen);
  EXPECT_EQ(idle.parked(), 0U);
  EXPECT_EQ(idle.choose(), -1);
}

TEST(idle_set, at_most_half_of_the_running_loops_search) {
  idle_set idle(8);
  int searchers = 0;
  while (idle.start_search()) ++searchers;
  EXPECT_EQ(searchers, 4);
  EXPECT_FALSE(idle.stop_search());
  EXPECT_TRUE(idle.start_search());
  for (unsigned loop = 0; loop < 4; ++loop) idle.announce(loop, false);
  EXPECT_FALSE(idle.start_search());
  for (int n = 0; n < 3; ++n) EXPECT_FALSE(idle.stop_search());
  EXPECT_TRUE(idle.stop_search());
}

TEST(idle_set, a_searcher_that_parks_leaves_the_searchers) {
  idle_set idle(4);
  ASSERT_TRUE(idle.start_search());
  EXPECT_FALSE(idle.must_wake());
  idle.announce(2, true);
  EXPECT_TRUE(idle.must_wake());
  EXPECT_EQ(idle.choose(), 2);
}

TEST(idle_set, the_first_that_parks_while_others_run_is_the_sentinel) {
  idle_set idle(3);
  EXPECT_TRUE(idle.announce(0, false));
  EXPECT_FALSE(idle.announce(1, false)) << "there is one";
  EXPECT_FALSE(idle.uncovered());
  const idle_set::withdrawal left = idle.withdraw(0, true);
  EXPECT_TRUE(left.uncovered) << "1 is parked, nobody watches";
  EXPECT_TRUE(idle.uncovered());
  EXPECT_TRUE(idle.become_sentinel());
  EXPECT_FALSE(idle.become_sentinel());
  EXPECT_FALSE(idle.uncovered());
}

TEST(idle_set, when_nobody_runs_there_is_nobody_to_watch) {
  idle_set idle(2);
  EXPECT_TRUE(idle.announce(0, false));
  EXPECT_FALSE(idle.end_sentinel()) << "1 runs";
  EXPECT_FALSE(idle.announce(1, false));
  EXPECT_TRUE(idle.end_sentinel());
  EXPECT_FALSE(idle.become_sentinel());
  idle_set alone(1);
  EXPECT_FALSE(alone.announce(0, false));
}

TEST(idle_set, the_watch_dozes_while_nobody_runs_and_one_loop_ends_that) {
  idle_set idle(2);
  EXPECT_FALSE(idle.start_doze());
  idle.announce(0, false);
  EXPECT_FALSE(idle.start_doze()) << "1 runs";
  idle.announce(1, false);
  EXPECT_TRUE(idle.start_doze());
  EXPECT_TRUE(idle.withdraw(0, false).unwatched);
  EXPECT_TRUE(idle.withdraw(1, false).unwatched) << "nobody has ended it yet";
  EXPECT_TRUE(idle.end_doze());
  EXPECT_FALSE(idle.end_doze()) << "the other one did";
  idle.announce(0, false);
  EXPECT_FALSE(idle.withdraw(0, false).unwatched);
}

TEST(idle_set, works_for_as_many_loops_as_it_promises) {
  auto idle = std::make_unique<idle_set>(idle_set::most_loops);
  for (unsigned loop = 0; loop < idle_set::most_loops; ++loop) idle->announce(loop, false);
  EXPECT_EQ(idle->parked(), idle_set::most_loops);
  std::vector<bool> chosen(idle_set::most_loops);
  for (unsigned n = 0; n < idle_set::most_loops; ++n) {
    const int loop = idle->choose();
    ASSERT_GE(loop, 0);
    EXPECT_FALSE(chosen[static_cast<std::size_t>(loop)]);
    chosen[static_cast<std::size_t>(loop)] = true;
    EXPECT_TRUE(idle->withdraw(static_cast<unsigned>(loop), false).chosen);
    EXPECT_TRUE(idle->stop_search());
  }
  EXPECT_EQ(idle->parked(), 0U);
}

/// Loops that park and leave beside a watch that dozes as often as it may: each doze must be ended,
/// once, by a loop that leaves.
TEST(idle_set, no_loop_runs_while_the_watch_dozes) {
  constexpr unsigned loops = 2;
  constexpr int dozes = test::rounds(2000);
  idle_set idle(loops);
  std::atomic<bool> over{false};
  std::atomic<int> rousings{0};
  std::vector<std::thread> threads;
  for (unsigned loop = 0; loop < loops; ++loop) {
    threads.emplace_back([&, loop] {
      random_numbers random(loop);
      while (!over) {
        const bool sentinel = idle.announce(loop, false);
        test::spin(random.below(300));
        if (idle.withdraw(loop, sentinel).unwatched && idle.end_doze()) ++rousings;
      }
    });
  }
  for (int n = 1; n <= dozes; ++n) {
    while (!idle.start_doze()) std::this_thread::yield();
    while (rousings < n) std::this_thread::yield();
  }
  over = true;
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(rousings, dozes);
}

/// Loops that park and leave, and wakers that choose, without any sleep: each token must reach the
/// loop that was chosen, and in the end all counts must be zero.
TEST(idle_set, every_token_reaches_the_loop_that_was_chosen) {
  constexpr unsigned loops = 3;
  constexpr int rounds = test::rounds(200'000);
  idle_set idle(loops);
  std::array<std::atomic<int>, loops> tokens{};
  std::atomic<unsigned> running{loops};
  std::vector<std::thread> threads;
  for (unsigned loop = 0; loop < loops; ++loop) {
    threads.emplace_back([&, loop] {
      random_numbers random(loop);
      for (int n = 0; n < rounds; ++n) {
        const bool searching = random.once_in(2) && idle.start_search();
        bool sentinel = idle.announce(loop, searching);
        test::spin(random.below(100));
        if (!sentinel && random.once_in(3)) sentinel = idle.become_sentinel();
        if (sentinel && random.once_in(3) && idle.end_sentinel()) sentinel = false;
        if (!idle.withdraw(loop, sentinel).chosen) continue;
        // The waker notes its choice after it has made it: wait for the note.
        while (tokens[loop].load() == 0) std::this_thread::yield();
        --tokens[loop];
        idle.stop_search();
      }
      --running;
    });
  }
  std::thread waker([&] {
    while (running != 0) {
      if (!idle.must_wake()) continue;
      if (const int loop = idle.choose(); loop >= 0) ++tokens[static_cast<std::size_t>(loop)];
    }
  });
  for (std::thread& each : threads) each.join();
  waker.join();
  for (const auto& each : tokens) EXPECT_EQ(each, 0);
  EXPECT_EQ(idle.parked(), 0U);
  EXPECT_FALSE(idle.uncovered());
  EXPECT_TRUE(idle.announce(0, false)) << "no sentinel is left over";
  EXPECT_TRUE(idle.must_wake()) << "no searcher is left over";
}

}  // namespace
}  // namespace heddle::detail
