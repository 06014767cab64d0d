// SPDX-License-Identifier: MIT
// lifo_queue and priority_queue: the order in which they give what is in them; all else they share
// with queue.
#include <heddle/runtime.hpp>
#include <heddle/sync/queue.hpp>

#include "runtime/support/errors.hpp"
#include "runtime/support/loops.hpp"
#include "runtime/support/random.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace heddle::sync {
namespace {

using test::let_all_run;
using test::message_of;
using test::with_any_loops;
using test::with_loops;

template <class Queue>
std::vector<int> all_of(Queue& work) {
  std::vector<int> items;
  while (auto item = work.try_get()) items.push_back(*item);
  return items;
}

TEST(lifo_queue, gives_the_newest_first) {
  lifo_queue<int> work(3);
  for (const int item : {1, 3, 2}) work.put(item);
  EXPECT_EQ(all_of(work), (std::vector<int>{2, 3, 1}));
}

TEST(lifo_queue, keeps_its_order_while_it_grows) {
  lifo_queue<std::unique_ptr<int>> work(unbounded);
  for (int n = 0; n < 100; ++n) work.put(std::make_unique<int>(n));
  for (int n = 99; n >= 0; --n) EXPECT_EQ(*work.get(), n);
}

TEST(priority_queue, gives_the_least_first) {
  priority_queue<int> work(5);
  for (const int item : {1, 3, 2}) work.put(item);
  EXPECT_EQ(all_of(work), (std::vector<int>{1, 2, 3}));
  priority_queue<int, std::greater<>> other(5);
  for (const int item : {1, 3, 2}) other.put(item);
  EXPECT_EQ(all_of(other), (std::vector<int>{3, 2, 1}));
}

TEST(priority_queue, gives_the_older_one_of_equal_items_first) {
  using job = std::pair<int, int>;  // priority, number
  struct by_priority {
    bool operator()(const job& a, const job& b) const { return a.first < b.first; }
  };
  priority_queue<job, by_priority> work(unbounded);
  test::random_numbers random(1);
  for (int n = 0; n < 1'000; ++n) {
    work.put({static_cast<int>(random.below(5)), n});
    if (random.once_in(4)) work.get();
  }
  job last{-1, -1};
  while (auto next = work.try_get()) {
    EXPECT_LT(last, *next);
    last = *next;
  }
}

TEST(priority_queue, takes_the_order_as_an_object) {
  priority_queue<int, std::function<bool(int, int)>> by_last_digit(
      unbounded, [](int a, int b) { return a % 10 < b % 10; });
  for (int item = 0; item < 100; ++item) by_last_digit.put(item);  // it grows meanwhile
  for (int n = 0; n < 100; ++n) EXPECT_EQ(by_last_digit.get(), n % 10 * 10 + n / 10);
  int pivot = 5;
  const auto nearer = [&pivot](int a, int b) {
    return (a - pivot) * (a - pivot) < (b - pivot) * (b - pivot);
  };
  priority_queue<int, decltype(nearer)> near(3, nearer);
  for (const int item : {1, 6, 9}) near.put(item);
  EXPECT_EQ(all_of(near), (std::vector<int>{6, 1, 9}));
}

TEST(priority_queue, refuses_an_order_that_cannot_be_called) {
  using by_function = priority_queue<int, std::function<bool(int, int)>>;
  using by_pointer = priority_queue<int, bool (*)(int, int)>;
  const std::string expected = "heddle::sync::priority_queue: the comparison is empty";
  EXPECT_EQ(message_of<std::invalid_argument>([] { by_function empty(5); }), expected);
  EXPECT_EQ(message_of<std::invalid_argument>([] { by_pointer empty(5); }), expected);
}

TEST(priority_queue, an_item_that_waits_for_room_has_no_priority_yet) {
  run(with_loops(1), [] {
    priority_queue<int> work(1);
    work.put(5);
    auto first = spawn([&] { work.put(9); });
    auto second = spawn([&] { work.put(1); });
    let_all_run();
    EXPECT_EQ(work.get(), 5);
    EXPECT_EQ(work.get(), 9);
    EXPECT_EQ(work.get(), 1);
    first.join();
    second.join();
  });
}

template <class Queue>
class any_queue : public ::testing::Test {};
using all_queues = ::testing::Types<queue<int>, lifo_queue<int>, priority_queue<int>>;
TYPED_TEST_SUITE(any_queue, all_queues, );

TYPED_TEST(any_queue, hands_items_to_those_who_wait_and_lets_in_who_waits_for_room) {
  run(with_any_loops(), [] {
    TypeParam work(1);
    auto getter = spawn([&] { return work.get(); });
    let_all_run();
    work.put(1);
    EXPECT_EQ(getter.join(), 1);
    work.put(2);
    auto putter = spawn([&] { work.put(3); });
    let_all_run();
    EXPECT_EQ(work.get(), 2);
    putter.join();
    EXPECT_EQ(work.get(), 3);
  });
}

TYPED_TEST(any_queue, knows_when_all_is_done) {
  run(with_loops(2), [] {
    TypeParam work(unbounded);
    EXPECT_THROW(work.task_done(), std::logic_error);
    work.join();
    for (int n = 0; n < 100; ++n) work.put(n);
    std::atomic<int> sum{0};
    task_group workers;
    for (int n = 0; n < 2; ++n) {
      workers.spawn([&] {
        for (;;) {
          sum += work.get();
          work.task_done();
        }
      });
    }
    work.join();
    EXPECT_EQ(sum, 4950);
    workers.cancel();
  });
}

TYPED_TEST(any_queue, is_drained_or_dropped_by_a_shutdown) {
  TypeParam work(unbounded);
  for (int n = 0; n < 4; ++n) work.put(7);
  work.shutdown();
  EXPECT_THROW(work.put(1), queue_shut_down);
  EXPECT_EQ(work.get(), 7);
  work.shutdown(shutdown_mode::now);
  EXPECT_THROW(work.get(), queue_shut_down);
  EXPECT_EQ(work.size(), 0U);
  work.task_done();
  work.join();
}

}  // namespace
}  // namespace heddle::sync
