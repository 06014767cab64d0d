// SPDX-License-Identifier: MIT
// Waits that are over when they begin, on each primitive that may be polled by them: whoever does
// holds neither the loop nor the time-out around it.
#include <heddle/runtime.hpp>
#include <heddle/sync.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/turns.hpp"

#include <gtest/gtest.h>

#include <mutex>

namespace heddle::sync {
namespace {

using namespace std::chrono_literals;
using test::lets_others_have_their_turn;
using test::with_any_loops;
using test::with_loops;

TEST(late_wait, for_an_open_gate_lets_others_run) {
  run(with_any_loops(), [] {
    gate open;
    open.open();
    lets_others_have_their_turn([&open] { open.wait(); });
  });
}

TEST(late_wait, for_a_closed_gate_lets_others_run) {
  run(with_any_loops(), [] {
    gate closed;
    lets_others_have_their_turn([&closed] { EXPECT_FALSE(closed.wait_until(clock::now())); });
  });
}

TEST(late_wait, for_a_oneshot_lets_others_run) {
  run(with_any_loops(), [] {
    oneshot<int> never;
    lets_others_have_their_turn([&never] { EXPECT_FALSE(never.future.get_for(0s)); });
    lets_others_have_their_turn([] {
      oneshot<int> ready;
      ready.promise.set_value(1);
      EXPECT_EQ(ready.future.get(), 1);
    });
  });
}

TEST(late_wait, for_a_condition_lets_others_run) {
  run(with_any_loops(), [] {
    mutex lock;
    condition_variable changed;
    lets_others_have_their_turn([&] {
      std::unique_lock guard(lock);
      EXPECT_EQ(changed.wait_for(guard, 0s), std::cv_status::timeout);
    });
  });
}

TEST(late_wait, for_a_held_lock_lets_others_run) {
  run(with_loops(1), [] {
    timed_mutex lock;
    test::gate done;
    auto holder = spawn([&] {
      const std::lock_guard guard(lock);
      done.wait();
    });
    this_fiber::yield();
    lets_others_have_their_turn([&lock] { EXPECT_FALSE(lock.try_lock_for(0s)); });
    done.open();
    holder.join();
  });
}

}  // namespace
}  // namespace heddle::sync
