// SPDX-License-Identifier: MIT
// barrier: abort() and reset(), and which of the parties they reach.
#include <heddle/runtime.hpp>
#include <heddle/sync/barrier.hpp>

#include "runtime/support/loops.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>

namespace heddle::sync {
namespace {

using test::let_all_run;
using test::with_any_loops;
using test::with_loops;

TEST(barrier_abort, reset_throws_at_those_who_wait_and_begins_anew) {
  run(with_any_loops(), [] {
    barrier meeting(3);
    meeting.reset();
    EXPECT_FALSE(meeting.broken());
    int broken = 0;
    int passed = 0;
    const auto party = [&] {
      try {
        meeting.arrive_and_wait();
      } catch (const barrier_broken&) {
        ++broken;
      }
      meeting.arrive_and_wait();  // again
      ++passed;
    };
    auto first = spawn(party);
    auto second = spawn(party);
    let_all_run();
    meeting.reset();
    EXPECT_EQ(meeting.waiting(), 0U);
    let_all_run();
    EXPECT_EQ(broken, 2);
    EXPECT_FALSE(meeting.broken());
    EXPECT_EQ(meeting.waiting(), 2U);
    meeting.arrive_and_wait();
    first.join();
    second.join();
    EXPECT_EQ(passed, 2);
  });
}

TEST(barrier_abort, reset_does_not_touch_those_whose_phase_has_ended) {
  run(with_any_loops(), [] {
    barrier meeting(3);
    int passed = 0;
    const auto party = [&] {
      meeting.arrive_and_wait();
      ++passed;
    };
    auto first = spawn(party);
    auto second = spawn(party);
    let_all_run();
    const auto mine = meeting.arrive();
    meeting.reset();  // before the two have run
    first.join();
    second.join();
    EXPECT_EQ(passed, 2);
    meeting.wait(mine);  // its phase has passed
    const auto other = meeting.arrive();
    meeting.reset();
    EXPECT_THROW(meeting.wait(other), barrier_broken);
  });
}

TEST(barrier_abort, tokens_are_told_how_their_phase_ended_whatever_came_after) {
  const auto told = [](int arrivals, auto... what_came) {
    barrier meeting(2);
    const auto mine = meeting.arrive(arrivals);
    (what_came(meeting), ...);
    try {
      meeting.wait(mine);
      return "passed";
    } catch (const barrier_broken&) {
      return "broken";
    } catch (const std::logic_error&) {
      return "refused";
    }
  };
  const auto abort = [](barrier<>& one) { one.abort(); };
  const auto reset = [](barrier<>& one) { one.reset(); };
  const auto arrive = [](barrier<>& one) { (void)one.arrive(); };
  const auto meet = [](barrier<>& one) { (void)one.arrive(2); };
  EXPECT_STREQ(told(1, abort), "broken");
  EXPECT_STREQ(told(1, reset), "broken");
  EXPECT_STREQ(told(1, abort, abort), "broken");
  EXPECT_STREQ(told(1, abort, reset), "broken");
  EXPECT_STREQ(told(1, abort, reset, arrive, reset), "broken");
  EXPECT_STREQ(told(2, reset), "passed");
  EXPECT_STREQ(told(2, abort), "passed");
  EXPECT_STREQ(told(2, abort, reset), "passed");
  EXPECT_STREQ(told(2, arrive, abort, reset, arrive), "passed");
  EXPECT_STREQ(told(2, meet), "refused") << "an older phase";
  EXPECT_STREQ(told(1, reset, meet), "refused") << "an older phase";
}

TEST(barrier_abort, abort_throws_at_everybody_until_the_reset) {
  run(with_any_loops(), [] {
    barrier meeting(3);
    int broken = 0;
    const auto party = [&] {
      try {
        meeting.arrive_and_wait();
      } catch (const barrier_broken&) {
        ++broken;
      }
    };
    auto first = spawn(party);
    auto second = spawn(party);
    let_all_run();
    meeting.abort();
    first.join();
    second.join();
    EXPECT_TRUE(meeting.broken());
    party();
    EXPECT_EQ(broken, 3);
    EXPECT_THROW((void)meeting.arrive(), barrier_broken);
    EXPECT_THROW(meeting.arrive_and_drop(), barrier_broken);
    meeting.reset();
    EXPECT_FALSE(meeting.broken());
    auto third = spawn(party);
    auto fourth = spawn(party);
    party();
    third.join();
    fourth.join();
    EXPECT_EQ(broken, 3);
  });
}

TEST(barrier_abort, an_abort_during_the_completion_comes_after_the_phase) {
  run(with_any_loops(), [] {
    test::gate finish;
    barrier meeting(2, [&]() noexcept { finish.wait(); });
    auto first = spawn([&] { meeting.arrive_and_wait(); });
    auto last = spawn([&] { meeting.arrive_and_wait(); });
    let_all_run();
    meeting.abort();
    let_all_run();
    EXPECT_FALSE(first.done());
    finish.open();
    first.join();
    last.join();
    EXPECT_TRUE(meeting.broken());
  });
}

TEST(barrier_abort, reaches_the_next_phase_and_not_the_one_that_has_ended) {
  run(with_any_loops(), [] {
    constexpr int parties = 5;
    barrier meeting(parties);
    int out = 0;
    int broken_in_first = 0;
    int broken_in_second = 0;
    task_group group;
    for (int n = 0; n < parties; ++n) {
      group.spawn([&] {
        try {
          meeting.arrive_and_wait();
        } catch (const barrier_broken&) {
          ++broken_in_first;
          return;
        }
        if (++out == 3) return meeting.abort();  // two wait again, two have not left yet
        try {
          meeting.arrive_and_wait();
        } catch (const barrier_broken&) {
          ++broken_in_second;
        }
      });
    }
    group.join();
    EXPECT_EQ(out, parties);
    EXPECT_EQ(broken_in_first, 0);
    EXPECT_EQ(broken_in_second, parties - 1);
    EXPECT_TRUE(meeting.broken());
    EXPECT_EQ(meeting.waiting(), 0U);
  });
}

TEST(barrier_abort, by_one_who_fails_and_after_a_reset_all_meet_again) {
  for (const unsigned loops : {1U, 2U}) {
    run(with_loops(loops), [] {
      constexpr int parties = 5;
      barrier meeting(parties);
      barrier repair(parties);
      std::atomic<int> broken{0};
      std::atomic<int> met_again{0};
      task_group group;
      for (int n = 0; n < parties; ++n) {
        group.spawn([&] {
          try {
            if (meeting.arrive_and_wait() == parties / 2) throw std::runtime_error("fails");
            meeting.arrive_and_wait();
          } catch (const barrier_broken&) {
            ++broken;
          } catch (const std::runtime_error&) {
            meeting.abort();
          }
          if (repair.arrive_and_wait() == parties / 2) meeting.reset();
          repair.arrive_and_wait();
          meeting.arrive_and_wait();
          ++met_again;
        });
      }
      group.join();
      EXPECT_EQ(broken, parties - 1);
      EXPECT_EQ(met_again, parties);
      EXPECT_FALSE(meeting.broken());
    });
  }
}

}  // namespace
}  // namespace heddle::sync
