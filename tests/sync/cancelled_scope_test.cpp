// SPDX-License-Identifier: MIT
// The table of docs/guides/cancellation.md: which calls throw in a scope that is cancelled already,
// although they need not wait.
#include <heddle/runtime.hpp>
#include <heddle/sync.hpp>

#include "runtime/support/loops.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <utility>
#include <vector>

namespace heddle::sync {
namespace {

using namespace std::chrono_literals;
using test::with_any_loops;

/// Returns whether `call` is left by `cancelled` in a scope that is cancelled before it.
template <class F>
bool throws(F&& call) {
  cancel_scope scope;
  scope.cancel();
  return !scope.run([&] { std::invoke(call); });
}

TEST(cancelled_scope, is_left_by_what_the_fiber_does_to_itself) {
  run(with_any_loops(), [] {
    EXPECT_TRUE(throws([] { this_fiber::yield(); }));
    EXPECT_TRUE(throws([] { this_fiber::checkpoint(); }));
    EXPECT_TRUE(throws([] { this_fiber::sleep_for(0s); }));
    EXPECT_TRUE(throws([] { this_fiber::sleep_until(deadline::after(-1s)); }));
    generator<int> numbers = [](auto& yield) {
      for (int n = 0;; ++n) yield(n);
    };
    EXPECT_TRUE(throws([&] { numbers.next(); }));
    EXPECT_EQ(numbers.next(), 0) << "nothing was lost";
    std::vector<task<int>> tasks;
    tasks.push_back(spawn([] { return 1; }));
    tasks.front().wait();
    auto results = as_completed(std::move(tasks));
    EXPECT_TRUE(throws([&] { results.next(); }));
    EXPECT_EQ(results.next(), 1);
  });
}

TEST(cancelled_scope, is_left_by_calls_that_count_though_they_need_not_wait) {
  run(with_any_loops(), [] {
    semaphore places(1);
    EXPECT_TRUE(throws([&] { places.acquire(); }));
    EXPECT_TRUE(throws([&] { const permit place(places); }));
    EXPECT_EQ(places.available(), 1) << "nothing was taken";
    rate_limiter often({.tokens = 1, .per = 1ns, .burst = 1});
    EXPECT_TRUE(throws([&] { often.acquire(); }));
    latch none(0);
    EXPECT_TRUE(throws([&] { none.wait(); }));
    latch one(1);
    EXPECT_TRUE(throws([&] { one.arrive_and_wait(); }));
    EXPECT_FALSE(one.try_wait()) << "it has not counted";
    barrier<> alone(1);
    EXPECT_TRUE(throws([&] { alone.arrive_and_wait(); }));
    event happened;
    happened.set();
    EXPECT_TRUE(throws([&] { happened.wait(); }));
    once first;
    EXPECT_TRUE(throws([&] { first.call([] {}); }));
    EXPECT_FALSE(first.done());
  });
}

TEST(cancelled_scope, is_left_by_calls_that_carry_values_though_they_need_not_wait) {
  run(with_any_loops(), [] {
    channel<int> numbers(2);
    numbers.send(1);
    EXPECT_TRUE(throws([&] { numbers.send(2); }));
    EXPECT_TRUE(throws([&] { numbers.receive(); }));
    EXPECT_TRUE(throws([&] { numbers.begin(); }));
    EXPECT_TRUE(throws([&] { select(on_receive(numbers, [](std::optional<int>) {})); }));
    EXPECT_TRUE(throws([&] { select(otherwise([] {})); }));
    EXPECT_EQ(numbers.try_receive(), 1) << "nothing was taken";
    EXPECT_EQ(numbers.try_receive(), std::nullopt) << "nothing was sent";

    queue<int> jobs(2);
    EXPECT_TRUE(throws([&] { jobs.join(); }));
    jobs.put(1);
    EXPECT_TRUE(throws([&] { jobs.put(2); }));
    EXPECT_TRUE(throws([&] { jobs.get(); }));
    EXPECT_EQ(jobs.size(), 1U);

    broadcast<int> news(2);
    auto listener = news.subscribe();
    news.send(1);
    EXPECT_TRUE(throws([&] { listener.receive(); }));
    watch<int> setting(1);
    auto watcher = setting.subscribe();
    setting.set(2);
    EXPECT_TRUE(throws([&] { watcher.next(); }));
  });
}

TEST(cancelled_scope, is_not_left_by_locks_that_are_free_nor_by_what_is_over) {
  run(with_any_loops(), [] {
    mutex plain;
    timed_mutex timed;
    recursive_mutex again;
    shared_mutex shared;
    EXPECT_FALSE(throws([&] { const std::lock_guard guard(plain); }));
    EXPECT_FALSE(throws([&] { const std::unique_lock guard(timed, 1h); }));
    EXPECT_FALSE(throws([&] { const std::scoped_lock both(again, plain); }));
    EXPECT_FALSE(throws([&] { const std::lock_guard guard(shared); }));
    EXPECT_FALSE(throws([&] { const std::shared_lock guard(shared); }));
    condition_variable changed;
    EXPECT_FALSE(throws([&] {
      std::unique_lock guard(plain);
      changed.wait(guard, [] { return true; });
    }));
    EXPECT_TRUE(throws([&] {
      std::unique_lock guard(plain);
      changed.wait(guard);
    }));
    once first;
    first.call([] {});
    EXPECT_FALSE(throws([&] { first.call([] {}); }));
    auto ended = spawn([] { return 42; });
    ended.wait();
    EXPECT_FALSE(throws([&] { EXPECT_EQ(ended.join(), 42); }));
    EXPECT_FALSE(throws([] {
      task_group empty;
      empty.join();
    }));
  });
}

TEST(cancelled_scope, is_not_left_by_what_never_waits) {
  run(with_any_loops(), [] {
    semaphore places(1);
    channel<int> numbers(1);
    event happened;
    mutex lock;
    EXPECT_FALSE(throws([&] {
      EXPECT_TRUE(places.try_acquire());
      places.release();
      int one = 1;
      EXPECT_TRUE(numbers.try_send(one));
      EXPECT_EQ(numbers.try_receive(), 1);
      numbers.close();
      happened.set();
      EXPECT_TRUE(lock.try_lock());
      lock.unlock();
      spawn([] {}).detach();
      shield([&] { happened.wait(); });
    }));
    test::let_all_run();  // what was spawned ends
  });
}

}  // namespace
}  // namespace heddle::sync
