// SPDX-License-Identifier: MIT
// The end of a queue: what put, get, task_done and join do after shutdown, and those who waited.
#include <heddle/runtime.hpp>
#include <heddle/sync/queue.hpp>

#include "runtime/support/loops.hpp"
#include "sync/support/crowd.hpp"

#include <gtest/gtest.h>

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

TEST(queue_shutdown, put_throws_and_get_drains_first) {
  queue<std::string> work(5);
  work.put("a");
  work.put("b");
  EXPECT_FALSE(work.is_shut_down());
  work.shutdown();
  EXPECT_TRUE(work.is_shut_down());
  std::string late = "c";
  EXPECT_THROW(work.put("c"), queue_shut_down);
  EXPECT_THROW(work.try_put(late), queue_shut_down);
  EXPECT_THROW(work.put_for(late, 1s), queue_shut_down);
  EXPECT_EQ(late, "c");
  EXPECT_EQ(work.get(), "a");
  EXPECT_EQ(work.try_get(), "b");
  EXPECT_THROW(work.get(), queue_shut_down);
  EXPECT_THROW(work.try_get(), queue_shut_down);
  EXPECT_THROW(work.get_for(1s), queue_shut_down);
  work.shutdown();
}

TEST(queue_shutdown, what_was_got_can_still_be_reported_done) {
  queue<int> work(5);
  work.put(1);
  work.put(2);
  EXPECT_EQ(work.get(), 1);
  work.shutdown();
  EXPECT_FALSE(work.join_for(1ms));
  work.task_done();
  EXPECT_EQ(work.get(), 2);
  EXPECT_FALSE(work.join_for(1ms));
  work.task_done();
  work.join();
  EXPECT_THROW(work.task_done(), std::logic_error);
}

TEST(queue_shutdown, now_drops_what_is_queued_and_releases_join) {
  run(with_any_loops(), [] {
    queue<std::shared_ptr<int>> work(5);
    const auto item = std::make_shared<int>(1);
    work.put(item);
    work.put(item);
    auto joiner = spawn([&] { work.join(); });
    let_all_run();
    work.shutdown(shutdown_mode::now);
    joiner.join();
    EXPECT_EQ(item.use_count(), 1);
    EXPECT_TRUE(work.empty());
    EXPECT_THROW(work.get(), queue_shut_down);
    EXPECT_THROW(work.put(item), queue_shut_down);
  });
}

TEST(queue_shutdown, now_leaves_join_waiting_for_what_was_got) {
  run(with_any_loops(), [] {
    queue<int> work(5);
    work.put(1);
    work.put(2);
    work.get();
    work.shutdown(shutdown_mode::now);
    auto joiner = spawn([&] { work.join(); });
    let_all_run();
    EXPECT_FALSE(joiner.done());
    work.task_done();
    joiner.join();
  });
}

TEST(queue_shutdown, now_drops_no_more_than_is_unfinished) {
  for (const int reported : {1, 2}) {
    queue<int> work(5);
    work.put(1);
    work.put(2);
    for (int n = 0; n < reported; ++n) work.task_done();  // before anybody got them
    work.shutdown(shutdown_mode::now);
    EXPECT_TRUE(work.join_for(0s)) << reported;
    EXPECT_THROW(work.task_done(), std::logic_error) << reported;
  }
}

TEST(queue_shutdown, wakes_who_waits_to_get) {
  queue<int> work(5);
  std::atomic<int> told{0};
  const auto get = [&] {
    try {
      work.get();
    } catch (const queue_shut_down&) {
      ++told;
    }
  };
  test::crowd all;
  all.add_fiber(get);
  all.add_fiber(get);
  all.add_thread(get);
  all.add_fiber([&] {
    this_fiber::sleep_for(2ms);  // so that most of them wait
    work.shutdown();
  });
  all.meet();
  EXPECT_EQ(told, 3);
}

TEST(queue_shutdown, wakes_who_waits_to_put_and_leaves_him_his_item) {
  for (const shutdown_mode how : {shutdown_mode::drain, shutdown_mode::now}) {
    run(with_any_loops(), [how] {
      queue<std::unique_ptr<int>> work(1);
      work.put(std::make_unique<int>(1));
      auto putter = spawn([&] {
        auto mine = std::make_unique<int>(2);
        EXPECT_THROW(work.put_until(mine, deadline::never()), queue_shut_down);
        ASSERT_NE(mine, nullptr);
        EXPECT_EQ(*mine, 2);  // NOLINT(clang-analyzer-cplusplus.Move)
      });
      let_all_run();
      work.shutdown(how);
      EXPECT_EQ(work.size(), how == shutdown_mode::now ? 0U : 1U);
      putter.join();
      if (how == shutdown_mode::drain) {
        EXPECT_EQ(**work.try_get(), 1);
      }
      EXPECT_THROW(work.get(), queue_shut_down);
    });
  }
}

TEST(queue_shutdown, after_a_drain_now_drops_the_rest) {
  queue<int> work(5);
  work.put(1);
  work.put(2);
  work.shutdown();
  EXPECT_EQ(work.get(), 1);
  work.shutdown(shutdown_mode::now);
  EXPECT_THROW(work.get(), queue_shut_down);
  work.task_done();
  work.join();
}

}  // namespace
}  // namespace heddle::sync
