// SPDX-License-Identifier: MIT
// run_in(): executors of the user's, good ones and bad ones.
#include <heddle/runtime.hpp>

#include "runtime/support/loops.hpp"

#include <boost/asio/thread_pool.hpp>
#include <gtest/gtest.h>
#include <tbb/task_arena.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace heddle {
namespace {

using test::with_loops;

/// Keeps what it is given until somebody runs it.
class box {
 public:
  void operator()(std::function<void()> call) {
    const std::lock_guard guard(lock_);
    calls_.push_back(std::move(call));
  }
  /// Returns whether there was something to run.
  bool run_all() {
    std::unique_lock guard(lock_);
    const auto calls = std::exchange(calls_, {});
    guard.unlock();
    for (const auto& each : calls) each();
    return !calls.empty();
  }
  void drop_all() {
    const std::lock_guard guard(lock_);
    calls_.clear();
  }
  bool empty() {
    const std::lock_guard guard(lock_);
    return calls_.empty();
  }

 private:
  std::mutex lock_;
  std::vector<std::function<void()>> calls_;
};

TEST(run_in, runs_the_call_where_the_executor_runs_it) {
  box later;
  std::thread server([&later] { test::wait_until([&later] { return later.run_all(); }); });
  const auto there = server.get_id();
  run(with_loops(1),
      [&] { EXPECT_EQ(run_in(later, [] { return std::this_thread::get_id(); }), there); });
  server.join();
}

TEST(run_in, takes_asios_executors_and_onetbbs_arenas_and_functions) {
  boost::asio::thread_pool pool(1);
  tbb::task_arena arena(1, 0);
  run(with_loops(1), [&] {
    EXPECT_EQ(run_in(pool.get_executor(), [] { return 1; }), 1);
    const auto loop = std::this_thread::get_id();
    EXPECT_NE(run_in(arena, [] { return std::this_thread::get_id(); }), loop);
    const auto on_a_thread = [](auto call) { std::thread(std::move(call)).detach(); };
    EXPECT_EQ(run_in(on_a_thread, [] { return 3; }), 3);
  });
}

TEST(run_in, a_full_arena_does_not_hold_up_the_loop) {
  tbb::task_arena arena(1, 0);
  run(with_loops(1), [&arena] {
    std::atomic<bool> inside{false};
    std::atomic<bool> open{false};
    auto first = spawn([&] {
      run_in(arena, [&] {
        inside = true;
        test::wait_until([&open] { return open.load(); });
      });
    });
    test::yield_until([&inside] { return inside.load(); });
    auto second = spawn([&arena] { return run_in(arena, [] { return 2; }); });
    test::let_all_run();  // hangs if the second waits on its thread
    open = true;
    first.join();
    EXPECT_EQ(second.join(), 2);
  });
}

TEST(run_in, an_executor_may_run_the_call_at_once_and_it_may_wait) {
  run(with_loops(1), [] {
    const auto at_once = [](const auto& call) { call(); };
    EXPECT_EQ(run_in(at_once,
                     [] {
                       this_fiber::yield();
                       return 4;
                     }),
              4);
  });
}

TEST(run_in, works_on_a_plain_thread_too) {
  const auto on_a_thread = [](auto call) { std::thread(std::move(call)).detach(); };
  EXPECT_NE(run_in(on_a_thread, [] { return std::this_thread::get_id(); }),
            std::this_thread::get_id());
}

TEST(run_in, rethrows_what_leaves_the_call) {
  run(with_loops(1), [] {
    const auto on_a_thread = [](auto call) { std::thread(std::move(call)).detach(); };
    EXPECT_THROW(run_in(on_a_thread, [] { throw std::out_of_range("far"); }), std::out_of_range);
  });
}

TEST(run_in, an_executor_that_refuses_is_heard_and_the_call_is_not_made) {
  run(with_loops(1), [] {
    bool called = false;
    const auto full = [](auto) { throw std::length_error("full"); };
    EXPECT_THROW(run_in(full, [&called] { called = true; }), std::length_error);
    EXPECT_FALSE(called);
  });
}

TEST(run_in, an_executor_that_drops_the_call_is_an_error) {
  run(with_loops(1), [] {
    bool called = false;
    try {
      run_in([](auto) {}, [&called] { called = true; });
      ADD_FAILURE() << "nobody noticed";
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "heddle::run_in: the executor has dropped the call");
    }
    box later;
    auto caller = spawn([&] { run_in(later, [&called] { called = true; }); });
    test::yield_until([&later] { return !later.empty(); });
    later.drop_all();
    EXPECT_THROW(caller.join(), std::runtime_error);
    EXPECT_FALSE(called);
  });
}

TEST(run_in, a_call_that_is_run_twice_is_made_once) {
  run(with_loops(1), [] {
    int calls = 0;
    run_in(
        [](const auto& call) {
          call();
          call();
        },
        [&calls] { ++calls; });
    EXPECT_EQ(calls, 1);
  });
}

TEST(run_in, a_cancelled_call_is_not_made_later) {
  box later;
  run(with_loops(1), [&later] {
    bool called = false;
    auto caller = spawn([&] { run_in(later, [&called] { called = true; }); });
    test::yield_until([&later] { return !later.empty(); });
    caller.cancel();
    EXPECT_THROW(caller.join(), task_cancelled);
    EXPECT_TRUE(later.run_all());
    EXPECT_FALSE(called);
  });
}

TEST(run_in, sees_the_callers_context) {
  context_var<int> request(0);
  run(with_loops(1), [&request] {
    request.set(5);
    const auto on_a_thread = [](auto call) { std::thread(std::move(call)).detach(); };
    EXPECT_EQ(run_in(on_a_thread, [&request] { return request.get(); }), 5);
  });
}

}  // namespace
}  // namespace heddle
