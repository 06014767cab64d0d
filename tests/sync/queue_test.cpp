// SPDX-License-Identifier: MIT
// queue: put and get, their order, and what becomes of items when those who wait leave.
#include <heddle/runtime.hpp>
#include <heddle/sync/queue.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/random.hpp"
#include "runtime/support/sanitized.hpp"
#include "sync/support/crowd.hpp"
#include "sync/support/passing_time.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <sstream>
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

TEST(queue, gives_items_in_the_order_in_which_they_were_put) {
  queue<int> work(5);
  EXPECT_TRUE(work.empty());
  for (const int item : {1, 3, 2}) work.put(item);
  EXPECT_FALSE(work.empty());
  EXPECT_EQ(work.size(), 3U);
  EXPECT_EQ(work.get(), 1);
  EXPECT_EQ(work.get(), 3);
  EXPECT_EQ(work.try_get(), 2);
  EXPECT_EQ(work.try_get(), std::nullopt);
  EXPECT_TRUE(work.empty());
}

TEST(queue, must_be_told_its_size) {
  EXPECT_THROW(queue<int>(0), std::invalid_argument);
  EXPECT_THROW(queue<int>(static_cast<std::size_t>(-1)), std::invalid_argument);
  queue<int> work(2);
  EXPECT_EQ(work.maxsize(), 2U);
  EXPECT_FALSE(work.full());
  EXPECT_TRUE(work.try_put(1));
  EXPECT_TRUE(work.try_put(2));
  EXPECT_TRUE(work.full());
  EXPECT_FALSE(work.try_put(3));
  queue<int> endless(unbounded);
  for (int n = 0; n < 10'000; ++n) EXPECT_TRUE(endless.try_put(n));
  EXPECT_FALSE(endless.full());
  for (int n = 0; n < 10'000; ++n) EXPECT_EQ(endless.get(), n);
}

TEST(queue, keeps_the_order_while_it_grows_and_goes_round) {
  queue<int> work(1'000);
  int next_in = 0;
  int next_out = 0;
  for (const int steps : {5, 3, 40, 20, 500, 490, 300, 200}) {
    for (int n = 0; n < steps; ++n) EXPECT_TRUE(work.try_put(next_in++));
    for (int n = 0; n < steps / 2; ++n) EXPECT_EQ(work.get(), next_out++);
  }
  while (!work.empty()) EXPECT_EQ(work.get(), next_out++);
  EXPECT_EQ(next_in, next_out);
}

TEST(queue, moves_items_only_if_they_were_put) {
  queue<std::unique_ptr<int>> work(1);
  auto item = std::make_unique<int>(1);
  EXPECT_TRUE(work.try_put(item));
  EXPECT_EQ(item, nullptr);
  item = std::make_unique<int>(2);
  EXPECT_FALSE(work.try_put(item));
  EXPECT_FALSE(work.put_for(item, 1ms));
  EXPECT_FALSE(work.put_until(item, clock::now()));
  ASSERT_NE(item, nullptr);
  EXPECT_EQ(*work.get(), 1);
  EXPECT_TRUE(work.put_for(item, -1s));
  EXPECT_EQ(item, nullptr);
  EXPECT_EQ(**work.get_for(1s), 2);
  EXPECT_EQ(work.get_for(1ms), std::nullopt);
  EXPECT_EQ(work.get_until(clock::now()), std::nullopt);
}

TEST(queue, items_that_nobody_got_end_with_it) {
  const auto item = std::make_shared<int>(1);
  {
    queue<std::shared_ptr<int>> work(20);
    for (int n = 0; n < 20; ++n) work.put(item);
    work.get();
    EXPECT_EQ(item.use_count(), 20);
  }
  EXPECT_EQ(item.use_count(), 1);
}

TEST(queue, a_putter_waits_for_room_and_a_getter_for_an_item) {
  for (const unsigned loops : {1U, 2U}) {
    run(with_loops(loops), [] {
      queue<int> work(2);
      std::atomic<int> put{0};
      auto putter = spawn([&] {
        for (int n = 0; n < 3; ++n) {
          work.put(n);
          ++put;
        }
      });
      test::yield_until([&] { return put == 2; });
      let_all_run();
      EXPECT_EQ(put, 2);
      EXPECT_EQ(work.get(), 0);
      putter.join();
      EXPECT_EQ(work.size(), 2U);
      EXPECT_EQ(work.get(), 1);
      EXPECT_EQ(work.get(), 2);
      auto getter = spawn([&] { return work.get(); });
      let_all_run();
      EXPECT_FALSE(getter.done());
      work.put(4);
      EXPECT_EQ(getter.join(), 4);
      EXPECT_TRUE(work.empty());
    });
  }
}

TEST(queue, getters_and_putters_are_served_in_the_order_in_which_they_came) {
  run(with_loops(1), [] {
    queue<int> work(1);
    std::vector<int> order;
    {
      task_group getters;
      for (int n = 0; n < 4; ++n) {
        getters.spawn([&, n] { order.push_back(10 * n + work.get()); });
      }
      let_all_run();
      for (int n = 0; n < 4; ++n) work.put(n);
      EXPECT_TRUE(work.empty()) << "each went to a getter";
      getters.join();
    }
    EXPECT_EQ(order, (std::vector<int>{0, 11, 22, 33}));
    task_group putters;
    for (int n = 0; n < 4; ++n) putters.spawn([&, n] { work.put(n); });
    let_all_run();
    EXPECT_EQ(work.size(), 1U);
    EXPECT_FALSE(work.try_put(9));
    EXPECT_EQ(work.get(), 0);
    EXPECT_FALSE(work.try_put(9)) << "passed those who wait";
    for (int n = 1; n < 4; ++n) EXPECT_EQ(work.get(), n);
    putters.join();
    EXPECT_TRUE(work.empty());
  });
}

TEST(queue, a_cancelled_getter_takes_nothing) {
  run(with_loops(1), [] {
    queue<int> work(5);
    auto first = spawn([&] { return work.get(); });
    auto second = spawn([&] { return work.get(); });
    auto third = spawn([&] { return work.get(); });
    let_all_run();
    first.cancel();
    work.put(1);
    work.put(2);
    EXPECT_THROW(first.join(), task_cancelled);
    EXPECT_EQ(second.join(), 1);
    EXPECT_EQ(third.join(), 2);
    EXPECT_TRUE(work.empty());
  });
}

TEST(queue, a_getter_that_was_handed_an_item_and_is_cancelled_then_has_it) {
  run(with_any_loops(), [] {
    queue<int> work(5);
    auto getter = spawn([&] { return work.get(); });
    let_all_run();
    work.put(1);
    work.put(2);
    getter.cancel();
    EXPECT_EQ(getter.join(), 1);
    EXPECT_EQ(work.get(), 2);
  });
}

TEST(queue, a_cancelled_putter_puts_nothing) {
  run(with_loops(1), [] {
    queue<int> work(1);
    auto first = spawn([&] { work.put(1); });
    auto second = spawn([&] { work.put(2); });
    auto third = spawn([&] { work.put(3); });
    let_all_run();
    first.join();
    third.cancel();
    EXPECT_THROW(third.join(), task_cancelled);
    EXPECT_EQ(work.get(), 1);
    second.join();
    EXPECT_EQ(work.get(), 2);
    EXPECT_TRUE(work.empty());
  });
}

TEST(queue, a_putter_that_was_let_in_and_is_cancelled_then_has_put) {
  run(with_any_loops(), [] {
    queue<int> work(1);
    work.put(1);
    auto putter = spawn([&] { work.put(2); });
    let_all_run();
    EXPECT_EQ(work.get(), 1);
    putter.cancel();
    putter.join();
    EXPECT_EQ(work.get(), 2);
    EXPECT_TRUE(work.empty());
  });
}

TEST(queue, a_call_of_a_cancelled_fiber_has_no_effect) {
  run(with_any_loops(), [] {
    queue<int> work(2);
    work.put(1);
    auto putter = spawn([&] { work.put(2); });
    auto getter = spawn([&] { work.get(); });
    putter.cancel();
    getter.cancel();
    EXPECT_THROW(putter.join(), task_cancelled);
    EXPECT_THROW(getter.join(), task_cancelled);
    EXPECT_EQ(work.size(), 1U);
  });
}

TEST(queue, join_waits_until_every_item_has_been_dealt_with) {
  run(with_loops(2), [] {
    queue<int> work(10);
    work.join();
    work.join();
    std::atomic<int> sum{0};
    task_group workers;
    for (int n = 0; n < 2; ++n) {
      workers.spawn([&] {
        for (;;) {
          const int item = work.get();
          this_fiber::yield();
          sum += item;
          work.task_done();
        }
      });
    }
    for (int n = 0; n < 100; ++n) work.put(n);
    work.join();
    EXPECT_EQ(sum, 4950);
    workers.cancel();
    workers.join();
  });
}

TEST(queue, join_ends_at_its_limit_or_when_cancelled_while_work_is_left) {
  run(with_any_loops(), [] {
    queue<int> work(10);
    work.put(1);
    EXPECT_FALSE(work.join_for(1ms));
    auto joiner = spawn([&] { work.join(); });
    auto leaves = spawn([&] { work.join(); });
    let_all_run();
    leaves.cancel();
    EXPECT_THROW(leaves.join(), task_cancelled);
    work.get();
    EXPECT_FALSE(work.join_until(clock::now()));
    let_all_run();
    EXPECT_FALSE(joiner.done());
    work.task_done();
    joiner.join();
    EXPECT_TRUE(work.join_for(-1s));
  });
}

TEST(queue, more_task_done_than_items_is_an_error) {
  queue<int> work(2);
  EXPECT_THROW(work.task_done(), std::logic_error);
  work.put(1);
  work.task_done();
  EXPECT_THROW(work.task_done(), std::logic_error);
}

TEST(queue, one_who_never_has_to_wait_does_not_starve_his_loop) {
  run(with_any_loops(), [] {
    queue<int> work(2);
    bool over = false;
    auto other = spawn([&] { over = true; });
    while (!over) {
      work.put(1);
      work.get();
    }
    other.join();
  });
}

TEST(queue, says_in_a_dump_what_is_waited_for) {
  runtime home(with_loops(1));
  queue<int> work(1);
  auto getter = home.spawn([&] { work.get(); });
  const auto says = [&](const char* what) {
    return test::eventually([&] {
      std::ostringstream text;
      home.dump(text);
      return text.str().find(what) != std::string::npos;
    });
  };
  EXPECT_TRUE(says("an item of queue"));
  work.put(1);
  getter.join();
  work.put(1);
  auto putter = home.spawn([&] { work.put(2); });
  EXPECT_TRUE(says("room in queue"));
  auto joiner = home.spawn([&] { work.join(); });
  EXPECT_TRUE(says("task_done of queue"));
  putter.cancel();
  joiner.cancel();
  EXPECT_THROW(putter.join(), task_cancelled);
  EXPECT_THROW(joiner.join(), task_cancelled);
}

/// Sends numbers from producers to consumers, of which some get cancelled or come too late, and
/// checks that each arrives once.
void pass_numbers(std::size_t room, int producers, int consumers, int each) {
  queue<int> work(room);
  std::vector<std::atomic<std::uint8_t>> seen(static_cast<std::size_t>(producers * each));
  std::atomic<int> left{producers * each};
  const auto count = [&](std::optional<int> item) {
    if (!item) return;
    EXPECT_EQ(seen[static_cast<std::size_t>(*item)].exchange(1), 0) << *item << " came twice";
    work.task_done();
    if (--left == 0) work.shutdown();
  };
  const auto consume = [&](std::uint64_t stream) {
    test::random_numbers random(stream);
    try {
      for (;;) {
        const auto wait = std::chrono::microseconds(random.below(100));
        if (random.once_in(2) || !this_fiber::exists()) {
          count(work.get_for(wait));
        } else {
          std::optional<int> item;
          (void)move_on_after(wait, [&] { item = work.get(); });
          count(item);
        }
      }
    } catch (const queue_shut_down&) {
    }
  };
  const auto produce = [&](int first, std::uint64_t stream) {
    test::random_numbers random(stream);
    for (int n = first; n < first + each; ++n) {
      test::let_time_pass(random);
      int item = n;
      while (!work.put_for(item, std::chrono::microseconds(random.below(100)))) EXPECT_EQ(item, n);
    }
  };
  test::crowd all;
  for (int n = 0; n < producers; ++n) {
    const auto body = [&, n] { produce(n * each, 100 + static_cast<std::uint64_t>(n)); };
    n % 3 == 0 ? all.add_thread(body) : all.add_fiber(body);
  }
  for (int n = 0; n < consumers; ++n) {
    const auto body = [&, n] { consume(200 + static_cast<std::uint64_t>(n)); };
    n % 3 == 0 ? all.add_thread(body) : all.add_fiber(body);
  }
  all.meet();
  for (const auto& mark : seen) EXPECT_EQ(mark, 1);
  EXPECT_TRUE(work.join_for(-1s));
}

TEST(queue, loses_and_doubles_nothing_between_fibers_and_threads_that_give_up_now_and_then) {
  pass_numbers(1, 3, 3, test::rounds(2'000));
  pass_numbers(16, 6, 3, test::rounds(2'000));
  pass_numbers(unbounded, 3, 6, test::rounds(2'000));
}

}  // namespace
}  // namespace heddle::sync
