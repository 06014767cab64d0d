// SPDX-License-Identifier: MIT
// barrier: phase after phase, with parties who are cancelled, late, dropped, and with a completion.
#include <heddle/runtime.hpp>
#include <heddle/sync/barrier.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/random.hpp"
#include "runtime/support/sanitized.hpp"
#include "sync/support/crowd.hpp"
#include "sync/support/passing_time.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace heddle::sync {
namespace {

using namespace std::chrono_literals;
using test::let_all_run;
using test::with_any_loops;
using test::with_loops;

TEST(barrier, refuses_counts_that_make_no_sense) {
  EXPECT_THROW(barrier(0), std::invalid_argument);
  EXPECT_THROW(barrier(-4), std::invalid_argument);
  barrier meeting(2);
  EXPECT_EQ(meeting.parties(), 2);
  EXPECT_THROW((void)meeting.arrive(3), std::logic_error);
  EXPECT_THROW((void)meeting.arrive(0), std::logic_error);
  EXPECT_EQ(meeting.waiting(), 0U);
}

TEST(barrier, of_one_party_holds_up_nobody) {
  barrier meeting(1);
  EXPECT_EQ(meeting.arrive_and_wait(), 0U);
  run(with_any_loops(), [&] {
    EXPECT_EQ(meeting.arrive_and_wait(), 0U);
    EXPECT_EQ(meeting.arrive_and_wait_for(-1s), 0U);
  });
  EXPECT_EQ(meeting.waiting(), 0U);
  EXPECT_FALSE(meeting.broken());
}

TEST(barrier, lets_all_go_when_the_last_has_arrived_each_with_a_number_of_its_own) {
  run(with_any_loops(), [] {
    barrier meeting(3);
    std::vector<std::size_t> numbers;
    const auto party = [&] { numbers.push_back(meeting.arrive_and_wait()); };
    auto first = spawn(party);
    let_all_run();
    EXPECT_EQ(meeting.waiting(), 1U);
    auto second = spawn(party);
    let_all_run();
    EXPECT_EQ(meeting.waiting(), 2U);
    EXPECT_TRUE(numbers.empty());
    auto third = spawn(party);
    for (auto* each : {&first, &second, &third}) each->join();
    std::sort(numbers.begin(), numbers.end());
    EXPECT_EQ(numbers, (std::vector<std::size_t>{0, 1, 2}));
    EXPECT_EQ(meeting.waiting(), 0U);
  });
}

TEST(barrier, holds_phase_after_phase_between_threads_and_fibers_of_two_runtimes) {
  constexpr int phases = test::rounds(1'000);
  constexpr std::size_t parties = 6;
  std::array<std::atomic<int>, parties> phase_of{};
  int completed = 0;  // not atomic: the barrier orders its uses
  barrier meeting(parties, [&]() noexcept { ++completed; });
  const auto party = [&](std::size_t me) {
    for (int phase = 1; phase <= phases; ++phase) {
      phase_of.at(me) = phase;
      meeting.arrive_and_wait();
      EXPECT_GE(completed, phase);
      for (const auto& other : phase_of) {
        EXPECT_GE(other, phase);
        EXPECT_LE(other, phase + 1);
      }
    }
  };
  test::crowd all;
  for (std::size_t n = 0; n < parties; n += 3) {
    all.add_thread([&, n] { party(n); });
    all.add_fiber([&, n] { party(n + 1); });
    all.add_fiber([&, n] { party(n + 2); });
  }
  all.meet();
  EXPECT_EQ(completed, phases);
}

TEST(barrier, who_is_cancelled_has_not_arrived_and_the_others_go_on_waiting) {
  run(with_any_loops(), [] {
    barrier meeting(3);
    int passed = 0;
    const auto party = [&] {
      meeting.arrive_and_wait();
      ++passed;
    };
    auto leaves = spawn(party);
    auto second = spawn(party);
    let_all_run();
    EXPECT_EQ(meeting.waiting(), 2U);
    leaves.cancel();
    EXPECT_THROW(leaves.join(), task_cancelled);
    EXPECT_EQ(meeting.waiting(), 1U);
    auto third = spawn(party);
    let_all_run();
    EXPECT_EQ(passed, 0);
    party();
    second.join();
    third.join();
    EXPECT_EQ(passed, 3);
    EXPECT_FALSE(meeting.broken());
  });
}

TEST(barrier, who_is_late_has_not_arrived) {
  barrier meeting(2);
  EXPECT_EQ(meeting.arrive_and_wait_for(2ms), std::nullopt);
  run(with_any_loops(), [&] {
    EXPECT_EQ(meeting.arrive_and_wait_until(clock::now() + 2ms), std::nullopt);
    auto other = spawn([&] { meeting.arrive_and_wait(); });
    let_all_run();
    EXPECT_FALSE(other.done());
    EXPECT_EQ(meeting.arrive_and_wait_for(-1s), 1U);
    other.join();
  });
}

TEST(barrier, once_all_have_arrived_a_cancellation_comes_too_late) {
  run(with_any_loops(), [] {
    test::gate finish;
    std::string order;
    barrier meeting(2, [&]() noexcept {
      order += "completion ";
      finish.wait();
    });
    bool passed = false;
    auto waits = spawn([&] {
      meeting.arrive_and_wait();
      order += "passed";
      passed = true;
      this_fiber::yield();
      ADD_FAILURE() << "not cancelled";
    });
    let_all_run();
    auto last = spawn([&] { meeting.arrive_and_wait(); });
    let_all_run();
    waits.cancel();
    last.cancel();  // the completion runs behind a shield
    let_all_run();
    EXPECT_FALSE(passed);
    EXPECT_THROW((void)meeting.arrive(), std::logic_error) << "all have arrived";
    finish.open();
    EXPECT_THROW(waits.join(), task_cancelled);
    last.join();
    EXPECT_EQ(order, "completion passed");
  });
}

TEST(barrier, arrives_without_waiting_and_waits_later) {
  barrier meeting(3);
  const auto mine = meeting.arrive(2);
  EXPECT_FALSE(meeting.wait_for(mine, 1ms));
  EXPECT_FALSE(meeting.wait_until(mine, clock::now()));
  run(with_any_loops(), [&] {
    auto waits = spawn([&] { meeting.wait(mine); });
    auto leaves = spawn([&] { meeting.wait(mine); });
    let_all_run();
    leaves.cancel();
    EXPECT_THROW(leaves.join(), task_cancelled);
    meeting.arrive_and_wait();  // the arrivals still count
    waits.join();
  });
  meeting.wait(mine);
  (void)meeting.arrive(3);
  EXPECT_THROW(meeting.wait(mine), std::logic_error);
}

TEST(barrier, one_who_drops_out_is_not_waited_for_in_later_phases) {
  barrier meeting(2);
  meeting.arrive_and_drop();
  EXPECT_EQ(meeting.parties(), 2);
  meeting.arrive_and_wait();
  EXPECT_EQ(meeting.parties(), 1);
  meeting.arrive_and_wait();
  meeting.arrive_and_drop();
  EXPECT_THROW(meeting.arrive_and_wait(), std::logic_error) << "nobody is left";
}

TEST(barrier, random_cancels_and_time_outs_never_let_anybody_pass_too_early) {
  constexpr int rounds = test::rounds(2'000);
  constexpr int parties = 3;
  barrier meeting(parties);
  std::atomic<int> passed{0};
  const auto party = [&](std::uint64_t stream) {
    test::random_numbers random(stream);
    for (int round = 0; round < rounds; ++round) {
      test::let_time_pass(random);
      const auto limit = std::chrono::microseconds(random.below(300));
      const bool through = random.once_in(2)
                               ? meeting.arrive_and_wait_for(limit).has_value()
                               : move_on_after(limit, [&] { meeting.arrive_and_wait(); });
      if (through) ++passed;
    }
  };
  run(with_loops(2), [&] {
    std::vector<task<void>> fibers;
    for (std::uint64_t n = 0; n < 8; ++n) fibers.push_back(spawn([&, n] { party(n + 1); }));
    for (auto& each : fibers) each.join();
  });
  EXPECT_EQ(passed % parties, 0) << "a phase ended for some of its parties only";
  EXPECT_EQ(meeting.waiting(), 0U);
  for (int n = 1; n < parties; ++n) (void)meeting.arrive();
  EXPECT_EQ(meeting.arrive_and_wait(), 0U) << "an arrival was left behind";
}

}  // namespace
}  // namespace heddle::sync
