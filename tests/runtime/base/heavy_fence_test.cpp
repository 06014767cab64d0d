// SPDX-License-Identifier: MIT
// heavy_fence: the other thread needs no instruction for it.
#include "base/heavy_fence.hpp"

#include "runtime/support/random.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>

namespace heddle::detail {
namespace {

/// One round: each side stores its own word, then loads the other's.
struct alignas(64) side {
  std::atomic<int> word{0};
};

TEST(heavy_fence, makes_one_of_two_see_the_other_though_only_one_has_a_fence) {
  if (!prepare_heavy_fence()) GTEST_SKIP() << "no membarrier(2) here";
  const int rounds = test::rounds(50'000);
  std::array<side, 2> sides;
  std::atomic<int> turn{0};
  std::atomic<int> saw{0};
  int both_blind = 0;
  std::thread light([&] {
    test::random_numbers random(1);
    for (int round = 1; round <= rounds; ++round) {
      while (turn.load() != round) std::this_thread::yield();
      test::spin(random.below(2'000));
      sides[0].word.store(round, std::memory_order_relaxed);
      std::atomic_signal_fence(std::memory_order_seq_cst);
      const bool seen = sides[1].word.load(std::memory_order_relaxed) == round;
      saw.store(seen ? round : -round);
    }
  });
  test::random_numbers random(2);
  for (int round = 1; round <= rounds; ++round) {
    turn.store(round);
    test::spin(random.below(2'000));
    sides[1].word.store(round, std::memory_order_relaxed);
    heavy_fence();
    const bool seen = sides[0].word.load(std::memory_order_relaxed) == round;
    while (saw.load() != round && saw.load() != -round) std::this_thread::yield();
    if (!seen && saw.load() == -round) ++both_blind;
  }
  light.join();
  EXPECT_EQ(both_blind, 0) << "of " << rounds << ", HEDDLE_SEED=" << test::seed();
}

}  // namespace
}  // namespace heddle::detail
