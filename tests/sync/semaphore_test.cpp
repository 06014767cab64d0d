// SPDX-License-Identifier: MIT
// semaphore and permit: strictly first come, first served, and no permit lost or doubled.
#include <heddle/runtime.hpp>
#include <heddle/sync/semaphore.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace heddle::sync {
namespace {

using namespace std::chrono_literals;
using test::let_all_run;
using test::with_any_loops;
using test::with_loops;

TEST(semaphore, counts_what_is_taken_and_given) {
  semaphore permits(3, 5);
  EXPECT_EQ(permits.available(), 3);
  EXPECT_EQ(permits.most(), 5);
  permits.acquire();
  permits.acquire(2);
  EXPECT_EQ(permits.available(), 0);
  EXPECT_FALSE(permits.try_acquire());
  permits.release(4);
  EXPECT_FALSE(permits.try_acquire(5));
  EXPECT_TRUE(permits.try_acquire(4));
  EXPECT_EQ(permits.available(), 0);
  run(with_any_loops(), [&] { EXPECT_FALSE(permits.try_acquire()); });
}

TEST(semaphore, refuses_counts_that_make_no_sense) {
  EXPECT_THROW(semaphore(-1), std::invalid_argument);
  EXPECT_THROW(semaphore(2, 1), std::invalid_argument);
  EXPECT_THROW(semaphore(0, 0), std::invalid_argument);
  semaphore permits(2, 3);
  for (const std::ptrdiff_t bad : {0, -1, 4}) {
    EXPECT_THROW(permits.acquire(bad), std::invalid_argument);
    EXPECT_THROW(permits.try_acquire(bad), std::invalid_argument);
    EXPECT_THROW(permits.acquire_for(1ms, bad), std::invalid_argument);
    EXPECT_THROW(permits.release(bad), std::invalid_argument);
  }
  EXPECT_THROW(permits.release(2), std::logic_error) << "there would be four";
  EXPECT_EQ(permits.available(), 2);
  semaphore endless(semaphore::most_ever);
  EXPECT_THROW(endless.release(), std::logic_error);
  try {
    permits.release(3);
  } catch (const std::logic_error& error) {
    EXPECT_NE(std::string(error.what()).find("semaphore::release"), std::string::npos);
  }
}

TEST(semaphore, is_served_in_the_order_of_arrival) {
  run(with_loops(1), [] {
    semaphore permits(1);
    std::vector<std::string> order;
    task_group group;
    for (const char* const who : {"a", "b", "c"}) {
      group.spawn([&order, &permits, who] {
        for (int turn = 1; turn <= 2; ++turn) {
          permits.acquire();
          order.push_back(who + std::to_string(turn));
          this_fiber::sleep_for(1ms);
          permits.release();
        }
      });
    }
    group.join();
    EXPECT_EQ(order, (std::vector<std::string>{"a1", "b1", "c1", "a2", "b2", "c2"}));
  });
}

TEST(semaphore, who_has_just_released_does_not_pass_those_who_wait) {
  run(with_loops(1), [] {
    semaphore permits(0);
    std::vector<int> order;
    task_group group;
    group.spawn([&] {
      permits.acquire();
      order.push_back(1);
      permits.release();
      EXPECT_FALSE(permits.try_acquire()) << "passed the one who waits";
      permits.acquire();
      order.push_back(3);
    });
    group.spawn([&] {
      permits.acquire();
      order.push_back(2);
    });
    let_all_run();
    permits.release();
    let_all_run();
    permits.release();
    group.join();
    EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
  });
}

TEST(semaphore, a_small_request_does_not_pass_a_large_one_at_the_head) {
  run(with_loops(1), [] {
    semaphore permits(1);
    std::vector<int> order;
    task_group group;
    for (const int wanted : {3, 1, 2}) {
      group.spawn([&, wanted] {
        permits.acquire(wanted);
        order.push_back(wanted);
      });
    }
    let_all_run();
    EXPECT_TRUE(order.empty());
    EXPECT_EQ(permits.available(), 1) << "kept for the large one";
    EXPECT_FALSE(permits.try_acquire());
    permits.release();
    let_all_run();
    EXPECT_TRUE(order.empty());
    permits.release(2);
    let_all_run();
    EXPECT_EQ(order, (std::vector<int>{3, 1}));
    permits.release(2);
    group.join();
    EXPECT_EQ(order, (std::vector<int>{3, 1, 2}));
    EXPECT_EQ(permits.available(), 0);
  });
}

TEST(semaphore, a_release_wakes_as_many_as_it_has_permits_for) {
  run(with_any_loops(), [] {
    semaphore permits(0);
    int woken = 0;
    task_group group;
    for (int n = 0; n < 1000; ++n) {
      group.spawn([&] {
        permits.acquire();
        ++woken;
      });
    }
    for (int turn = 0; turn < 4; ++turn) let_all_run();
    permits.release();
    for (int turn = 0; turn < 4; ++turn) let_all_run();
    EXPECT_EQ(woken, 1);
    permits.release(10);
    for (int turn = 0; turn < 4; ++turn) let_all_run();
    EXPECT_EQ(woken, 11);
    permits.release(989);
    group.join();
    EXPECT_EQ(woken, 1000);
    EXPECT_EQ(permits.available(), 0);
  });
}

TEST(semaphore, those_who_are_cancelled_before_a_release_take_nothing) {
  run(with_loops(1), [] {
    semaphore permits(0);
    std::vector<int> order;
    std::vector<task<void>> waiters;
    for (int n = 0; n < 4; ++n) {
      waiters.push_back(spawn([&, n] {
        permits.acquire();
        order.push_back(n);
      }));
    }
    let_all_run();
    waiters[0].cancel();
    waiters[1].cancel();
    permits.release();
    let_all_run();
    EXPECT_EQ(order, (std::vector<int>{2}));
    EXPECT_FALSE(waiters[3].done());
    permits.release();
    waiters[3].join();
    EXPECT_EQ(order, (std::vector<int>{2, 3}));
    EXPECT_EQ(permits.available(), 0);
    EXPECT_THROW(waiters[0].join(), task_cancelled);
  });
}

TEST(semaphore, who_was_handed_a_permit_and_is_cancelled_then_has_it) {
  run(with_any_loops(), [] {
    semaphore permits(0);
    bool acquired = false;
    auto waiter = spawn([&] {
      permits.acquire();
      acquired = true;
      this_fiber::yield();  // here the cancellation comes
      ADD_FAILURE() << "not cancelled";
    });
    let_all_run();
    permits.release();
    waiter.cancel();
    EXPECT_THROW(waiter.join(), task_cancelled);
    EXPECT_TRUE(acquired);
    EXPECT_EQ(permits.available(), 0);
  });
}

TEST(semaphore, who_is_cancelled_at_the_head_lets_those_behind_him_go_on) {
  run(with_any_loops(), [] {
    semaphore permits(2);
    int served = 0;
    auto large = spawn([&] { permits.acquire(3); });
    let_all_run();
    std::vector<task<void>> small;
    for (int n = 0; n < 3; ++n) {
      small.push_back(spawn([&] {
        permits.acquire();
        ++served;
      }));
    }
    let_all_run();
    EXPECT_EQ(served, 0);
    large.cancel();
    EXPECT_THROW(large.join(), task_cancelled);
    let_all_run();
    EXPECT_EQ(served, 2);
    permits.release();
    for (auto& each : small) each.join();
    EXPECT_EQ(permits.available(), 0);
  });
}

TEST(semaphore, who_is_too_late_at_the_head_lets_those_behind_him_go_on) {
  run(with_any_loops(), [] {
    semaphore permits(1);
    auto large = spawn([&] { return permits.acquire_for(20ms, 2); });
    let_all_run();
    auto small = spawn([&] { permits.acquire(); });
    EXPECT_FALSE(large.join());
    small.join();
    EXPECT_FALSE(permits.acquire_until(clock::now() + 2ms));
    permits.release();
    EXPECT_TRUE(permits.acquire_for(-1s)) << "what is there needs no wait";
  });
  semaphore none(0);
  const auto limit = clock::now() + 5ms;
  EXPECT_FALSE(none.acquire_until(limit));
  EXPECT_GE(clock::now(), limit);
}

TEST(semaphore, an_acquire_by_a_cancelled_fiber_takes_nothing) {
  run(with_any_loops(), [] {
    semaphore permits(1);
    auto body = spawn([&] { permits.acquire(); });
    body.cancel();
    EXPECT_THROW(body.join(), task_cancelled);
    EXPECT_EQ(permits.available(), 1);
  });
}

TEST(semaphore, one_who_always_gets_it_at_once_does_not_starve_his_loop) {
  run(with_any_loops(), [] {
    semaphore permits(1);
    bool over = false;
    auto other = spawn([&] { over = true; });
    while (!over) permit held(permits);
    other.join();
  });
}

TEST(semaphore, says_in_a_dump_what_is_waited_for) {
  runtime home(with_loops(1));
  semaphore permits(0);
  auto waiter = home.spawn([&] { permits.acquire(); });
  EXPECT_TRUE(test::eventually([&] {
    std::ostringstream text;
    home.dump(text);
    return text.str().find("permits of semaphore") != std::string::npos;
  }));
  permits.release();
  waiter.join();
}

TEST(semaphore, may_be_destroyed_by_who_acquired_the_last_permit) {
  constexpr int rounds = test::rounds(20'000);
  std::atomic<semaphore*> given{nullptr};
  std::atomic<bool> over{false};
  std::thread releaser([&] {
    while (!over) {
      if (semaphore* const one = given.exchange(nullptr)) one->release();
    }
  });
  run(with_loops(1), [&] {
    for (int round = 0; round < rounds; ++round) {
      auto done = std::make_unique<semaphore>(0);
      given = done.get();
      done->acquire();
    }
  });
  over = true;
  releaser.join();
}

TEST(permit, gives_back_what_it_holds_once) {
  semaphore permits(3, 3);
  {
    permit two(permits, 2);
    EXPECT_EQ(two.count(), 2);
    permit moved(std::move(two));
    EXPECT_FALSE(two);  // NOLINT(bugprone-use-after-move,clang-analyzer-cplusplus.Move)
    EXPECT_TRUE(moved);
    EXPECT_EQ(permits.available(), 1);
    permit third(permits);
    third = std::move(moved);
    EXPECT_EQ(permits.available(), 1) << "one came back, two are still held";
    third.release();
    third.release();
    EXPECT_EQ(permits.available(), 3);
  }
  EXPECT_EQ(permits.available(), 3);
}

TEST(permit, is_empty_where_the_semaphore_gave_nothing) {
  semaphore permits(1, 1);
  const permit first = permit::try_acquire(permits);
  EXPECT_TRUE(first);
  EXPECT_FALSE(permit::try_acquire(permits));
  EXPECT_FALSE(permit::acquire_for(permits, 1ms));
  EXPECT_FALSE(permit::acquire_until(permits, clock::now()));
}

TEST(permit, can_be_given_up_and_taken_over) {
  semaphore permits(2, 2);
  permit held(permits, 2);
  EXPECT_EQ(held.disown(), 2);
  EXPECT_FALSE(held);
  EXPECT_EQ(permits.available(), 0);
  { const permit other = permit::adopt(permits, 2); }
  EXPECT_EQ(permits.available(), 2);
}

TEST(permit, comes_back_when_its_holder_is_cancelled_and_the_next_is_cancelled_by_him) {
  run(with_any_loops(), [] {
    semaphore permits(1);
    std::optional<task<void>> second;
    auto first = spawn([&] {
      {
        const permit held(permits);
        this_fiber::yield();
      }
      second->cancel();
    });
    second.emplace(spawn([&] { const permit held(permits); }));
    first.join();
    try {
      second->join();  // it was handed the permit before it was cancelled, and has given it back
    } catch (const task_cancelled&) {
    }
    EXPECT_TRUE(permits.acquire_for(20s));
  });
}

}  // namespace
}  // namespace heddle::sync
