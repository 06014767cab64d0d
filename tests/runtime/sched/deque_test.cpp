// SPDX-License-Identifier: MIT
// The work-stealing deque: each entry is taken exactly once, by owner or thief, at either end.
#include "sched/deque.hpp"

#include "runtime/support/random.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace heddle::detail {
namespace {

using test::random_numbers;

struct entry {
  std::atomic<int> taken{0};
};

std::vector<entry> entries(std::size_t count) { return std::vector<entry>(count); }

TEST(deque, gives_the_oldest_first_alone_and_shared) {
  for (const bool shared : {false, true}) {
    deque<entry> queue(shared);
    auto all = entries(1000);
    EXPECT_EQ(queue.take_oldest(), nullptr);
    EXPECT_TRUE(queue.empty_seq_cst());
    for (entry& each : all) queue.push(&each);
    EXPECT_EQ(queue.size(), 1000);
    EXPECT_FALSE(queue.empty_seq_cst());
    for (entry& each : all) EXPECT_EQ(queue.take_oldest(), &each);
    EXPECT_EQ(queue.take_oldest(), nullptr);
    EXPECT_EQ(queue.size(), 0);
  }
}

TEST(deque, gives_the_youngest_only_if_it_is_the_one_that_was_asked_for) {
  for (const bool shared : {false, true}) {
    deque<entry> queue(shared);
    auto all = entries(3);
    EXPECT_FALSE(queue.pop_youngest(all.data()));
    for (entry& each : all) queue.push(&each);
    EXPECT_FALSE(queue.pop_youngest(&all[0]));
    EXPECT_FALSE(queue.pop_youngest(&all[1]));
    EXPECT_TRUE(queue.pop_youngest(&all[2]));
    EXPECT_FALSE(queue.pop_youngest(&all[2]));
    EXPECT_TRUE(queue.pop_youngest(&all[1]));
    EXPECT_TRUE(queue.pop_youngest(&all[0]));
    EXPECT_FALSE(queue.pop_youngest(&all[0]));
    EXPECT_EQ(queue.take_oldest(), nullptr);
    queue.push(&all[1]);
    EXPECT_EQ(queue.take_oldest(), &all[1]);
  }
}

TEST(deque, gives_the_oldest_only_if_it_is_the_one_that_was_asked_for) {
  for (const bool shared : {false, true}) {
    deque<entry> queue(shared);
    auto all = entries(2);
    EXPECT_FALSE(queue.take_oldest_if(all.data()));
    const std::int64_t first = queue.push(&all[0]);
    queue.push(&all[1]);
    EXPECT_EQ(queue.oldest_index(), first);
    EXPECT_FALSE(queue.take_oldest_if(&all[1]));
    EXPECT_TRUE(queue.take_oldest_if(&all[0]));
    EXPECT_FALSE(queue.take_oldest_if(&all[0]));
    EXPECT_EQ(queue.oldest_index(), first + 1);
    EXPECT_TRUE(queue.take_oldest_if(&all[1]));
  }
}

TEST(deque, an_entry_that_was_taken_is_not_the_oldest_when_its_slot_comes_round_again) {
  deque<entry> queue(true);
  auto all = entries(300);
  queue.push(&all[0]);
  EXPECT_EQ(queue.take_oldest(), &all[0]);
  for (std::size_t round = 0; round < 1000; ++round) {
    queue.push(&all[1 + round % 299]);
    EXPECT_FALSE(queue.pop_youngest(&all[0]));
    EXPECT_FALSE(queue.take_oldest_if(&all[0]));
    EXPECT_EQ(queue.take_oldest(), &all[1 + round % 299]);
  }
}

TEST(deque, grows_with_its_contents_wherever_the_ring_begins) {
  for (const bool shared : {false, true}) {
    for (const std::size_t offset : {0U, 1U, 100U, 255U}) {
      deque<entry> queue(shared);
      auto all = entries(5000);
      for (std::size_t n = 0; n < offset; ++n) {
        queue.push(all.data());
        EXPECT_NE(queue.take_oldest(), nullptr);
      }
      for (entry& each : all) queue.push(&each);
      for (entry& each : all) ASSERT_EQ(queue.take_oldest(), &each);
    }
  }
}

TEST(deque, a_swap_is_a_push_and_a_take_that_needs_no_room) {
  deque<entry> queue(false);
  auto all = entries(1'000);
  EXPECT_EQ(queue.swap_alone(all.data()), all.data());  // there was nothing to swap with
  EXPECT_TRUE(queue.maybe_empty());
  for (const std::size_t held : {1U, 2U, 3U, 255U, 256U}) {  // 256: the first array is full
    for (std::size_t n = 0; n < held; ++n) queue.push(&all[n]);
    for (std::size_t n = held; n < all.size(); ++n) {
      ASSERT_EQ(queue.swap_alone(&all[n]), &all[n - held]);
      ASSERT_EQ(queue.size(), static_cast<std::int64_t>(held));
    }
    for (std::size_t n = all.size() - held; n < all.size(); ++n) {
      ASSERT_EQ(queue.take_oldest(), &all[n]);
    }
  }
}

/// Thieves take at the old end while the owner pushes and pops; every entry must go once.
class robbery {
 public:
  explicit robbery(std::size_t count) : all_(count), queue_(true) {}

  template <class OwnerStep>
  void run(int thieves, OwnerStep step) {
    std::vector<std::thread> threads;
    for (int n = 0; n < thieves; ++n) threads.emplace_back([this] { steal(); });
    random_numbers random(77);
    for (std::size_t next = 0; next < all_.size();) next = step(*this, next, random);
    while (entry* const left = queue_.take_oldest()) note(left);
    over_ = true;
    for (std::thread& each : threads) each.join();
    while (entry* const left = queue_.take_oldest()) note(left);
    std::size_t wrong = 0;
    for (const entry& each : all_) wrong += each.taken == 1 ? 0 : 1;
    EXPECT_EQ(wrong, 0U) << "entries that were lost or taken twice";
  }

  void push(std::size_t at) { queue_.push(&all_[at]); }
  void pop(std::size_t at) {
    if (queue_.pop_youngest(&all_[at])) note(&all_[at]);
  }
  void take_if(std::size_t at) {
    if (queue_.take_oldest_if(&all_[at])) note(&all_[at]);
  }
  void take() {
    if (entry* const oldest = queue_.take_oldest()) note(oldest);
  }
  std::size_t size() const noexcept { return all_.size(); }

 private:
  static void note(entry* one) noexcept { one->taken.fetch_add(1); }
  void steal() {
    while (!over_) {
      if (entry* const one = queue_.take_oldest()) note(one);
    }
  }

  std::vector<entry> all_;
  deque<entry> queue_;
  std::atomic<bool> over_{false};
};

constexpr std::size_t raced_entries = test::rounds(std::size_t{1'000'000});

TEST(deque, owner_and_thief_never_both_take_the_last_entry) {
  robbery one(raced_entries);
  one.run(1, [](robbery& all, std::size_t next, random_numbers&) {
    all.push(next);
    all.pop(next);
    return next + 1;
  });
}

TEST(deque, owner_and_thief_never_both_take_the_same_oldest) {
  robbery one(raced_entries);
  one.run(1, [](robbery& all, std::size_t next, random_numbers& random) {
    all.push(next);
    random.once_in(2) ? all.take_if(next) : all.take();
    return next + 1;
  });
}

TEST(deque, grows_under_the_hands_of_many_thieves) {
  robbery one(raced_entries);
  one.run(3, [](robbery& all, std::size_t next, random_numbers& random) {
    const std::size_t burst = 1 + random.below(random.once_in(50) ? 5000 : 20);
    const std::size_t end = std::min(all.size(), next + burst);
    for (std::size_t n = next; n < end; ++n) all.push(n);
    for (std::size_t n = end; n > next && !random.once_in(4); --n) all.pop(n - 1);
    if (random.once_in(8)) all.take();
    return end;
  });
}

}  // namespace
}  // namespace heddle::detail
