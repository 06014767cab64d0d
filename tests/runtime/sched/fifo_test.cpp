// SPDX-License-Identifier: MIT
// The run queue: first in, first out, for its owner and for thieves, each entry once.
#include "sched/fifo.hpp"

#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

namespace heddle::detail {
namespace {

struct entry {
  int number = 0;
  std::atomic<int> taken{0};
};

TEST(fifo, gives_the_oldest_first) {
  for (const bool shared : {false, true}) {
    fifo<entry> queue(shared);
    std::vector<entry> all(1000);
    EXPECT_EQ(queue.take(), nullptr);
    EXPECT_TRUE(queue.maybe_empty());
    for (entry& each : all) queue.push(&each);
    EXPECT_EQ(queue.size(), 1000);
    EXPECT_FALSE(queue.empty_seq_cst());
    for (entry& each : all) EXPECT_EQ(queue.take(), &each);
    EXPECT_TRUE(queue.empty_seq_cst());
  }
}

TEST(fifo, each_taker_sees_its_entries_in_order_and_each_entry_is_taken_once) {
  constexpr std::size_t count = test::rounds(std::size_t{1'000'000});
  std::vector<entry> all(count);
  for (std::size_t n = 0; n < count; ++n) all[n].number = static_cast<int>(n);
  fifo<entry> queue(true);
  std::atomic<bool> over{false};
  std::atomic<int> disorders{0};
  std::vector<std::thread> thieves;
  for (int n = 0; n < 2; ++n) {
    thieves.emplace_back([&] {
      int latest = -1;
      while (!over) {
        entry* const one = queue.steal();
        if (one == nullptr) continue;
        one->taken.fetch_add(1);
        if (std::exchange(latest, one->number) >= one->number) ++disorders;
      }
    });
  }
  int latest = -1;
  for (std::size_t n = 0; n < count; ++n) {
    queue.push(&all[n]);
    if (n % 3 != 0) continue;
    if (entry* const one = queue.take()) {
      one->taken.fetch_add(1);
      if (std::exchange(latest, one->number) >= one->number) ++disorders;
    }
  }
  while (!queue.empty_seq_cst()) {
    if (entry* const one = queue.take()) one->taken.fetch_add(1);
  }
  over = true;
  for (std::thread& each : thieves) each.join();
  std::size_t wrong = 0;
  for (const entry& each : all) wrong += each.taken == 1 ? 0 : 1;
  EXPECT_EQ(wrong, 0U);
  EXPECT_EQ(disorders, 0);
}

}  // namespace
}  // namespace heddle::detail
