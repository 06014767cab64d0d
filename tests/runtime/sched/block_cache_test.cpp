// SPDX-License-Identifier: MIT
// Recycled task blocks: never given twice, handed on between loops, freed in the end and by decay.
#include "sched/block_cache.hpp"

#include "runtime/support/random.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <set>
#include <thread>
#include <vector>

#include <malloc.h>

namespace heddle::detail {
namespace {

using test::random_numbers;

TEST(block_cache, a_size_belongs_to_the_smallest_class_that_holds_it) {
  EXPECT_EQ(block_class_of(1), 0U);
  for (std::size_t at = 0; at < block_classes; ++at) {
    EXPECT_EQ(block_class_of(block_bytes[at]), at);
    EXPECT_EQ(block_class_of(block_bytes[at] + 1), at + 1);
  }
}

TEST(block_cache, gives_blocks_of_their_size_each_to_one_owner) {
  block_depot depot;
  block_cache cache(depot, true);
  random_numbers random(1);
  std::array<std::vector<void*>, block_classes> held;
  std::set<void*> all;
  for (int step = 0; step < test::rounds(100'000); ++step) {
    const std::size_t at = random.below(block_classes);
    if (random.once_in(2) || held[at].empty()) {
      void* const block = cache.take(at);
      std::memset(block, step & 0xff, block_bytes[at]);
      ASSERT_TRUE(all.insert(block).second) << "given to two at once";
      held[at].push_back(block);
    } else {
      all.erase(held[at].back());
      cache.give(at, held[at].back());
      held[at].pop_back();
    }
    if (random.once_in(1000)) depot.decay();
  }
  for (std::size_t at = 0; at < block_classes; ++at) {
    for (void* const each : held[at]) cache.give(at, each);
  }
}

/// Returns how many cache lines two of a number of fresh blocks have in common.
std::size_t lines_in_common(std::size_t at, bool shared) {
  block_depot depot;
  block_cache cache(depot, shared);
  std::vector<void*> held;
  std::set<std::uintptr_t> lines;
  std::size_t in_common = 0;
  for (std::size_t n = 0; n < magazine_blocks; ++n) {
    held.push_back(cache.take(at));
    const auto first = reinterpret_cast<std::uintptr_t>(held.back());
    const std::uintptr_t behind = first + block_bytes.at(at);
    for (auto line = first / cacheline_bytes; line * cacheline_bytes < behind; ++line) {
      in_common += lines.insert(line).second ? 0 : 1;
    }
  }
  for (void* const each : held) cache.give(at, each);
  return in_common;
}

TEST(block_cache, most_children_of_groups_have_cache_lines_of_their_own_beside_other_loops) {
  for (const std::size_t bytes : {104U, 120U}) {
    const std::size_t at = block_class_of(bytes);
    ASSERT_EQ(block_bytes.at(at), bytes);
    EXPECT_EQ(lines_in_common(at, true), 0U) << bytes;
  }
  if (test::sanitized) return;  // has its own malloc
  EXPECT_GT(lines_in_common(block_class_of(104), false), magazine_blocks / 2);
}

TEST(block_cache, what_one_loop_frees_another_can_take) {
  block_depot depot;
  block_cache giver(depot, true);
  block_cache taker(depot, true);
  std::set<void*> given;
  for (std::size_t n = 0; n < 10 * magazine_blocks; ++n) given.insert(giver.take(1));
  for (void* const each : given) giver.give(1, each);
  std::size_t reused = 0;
  std::vector<void*> taken;
  for (std::size_t n = 0; n < 5 * magazine_blocks; ++n) {
    taken.push_back(taker.take(1));
    reused += given.count(taken.back());
  }
  EXPECT_GE(reused, 4 * magazine_blocks);
  for (void* const each : taken) taker.give(1, each);
}

TEST(block_cache, loops_share_a_depot_at_the_same_time) {
  block_depot depot;
  std::vector<std::thread> loops;
  for (std::uint64_t n = 0; n < 3; ++n) {
    loops.emplace_back([&depot, n] {
      block_cache cache(depot, true);
      random_numbers random(n);
      std::vector<std::uint64_t*> held;
      for (int step = 0; step < test::rounds(200'000); ++step) {
        // Swings from few to many, so that magazines go to the depot and come back.
        const bool wants_more = held.size() < (step / 5000 % 2 == 0 ? 2000U : 10U);
        if (wants_more) {
          auto* const block = static_cast<std::uint64_t*>(cache.take(0));
          *block = n;
          held.push_back(block);
        } else {
          ASSERT_EQ(*held.back(), n) << "two loops have the same block";
          cache.give(0, held.back());
          held.pop_back();
        }
        if (random.once_in(10'000)) depot.decay();
      }
      for (std::uint64_t* const each : held) cache.give(0, each);
    });
  }
  for (std::thread& each : loops) each.join();
}

TEST(block_cache, decay_frees_what_was_not_needed_and_spares_what_was) {
  if (test::sanitized) GTEST_SKIP() << "a sanitizer has a malloc of its own";
  block_depot depot;
  block_cache cache(depot, true);
  std::vector<void*> all;
  for (std::size_t n = 0; n < 64 * magazine_blocks; ++n) all.push_back(cache.take(4));
  for (void* const each : all) cache.give(4, each);
  const auto in_use = [] { return ::mallinfo2().uordblks; };
  depot.decay();  // begins to watch
  const std::size_t before = in_use();
  for (int n = 0; n < 30; ++n) depot.decay();
  EXPECT_LT(in_use() + 40 * magazine_blocks * block_bytes[4], before);
  void* const still_there = cache.take(4);
  EXPECT_NE(still_there, nullptr);
  cache.give(4, still_there);
}

}  // namespace
}  // namespace heddle::detail
