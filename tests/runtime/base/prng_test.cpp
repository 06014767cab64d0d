// SPDX-License-Identifier: MIT
// Random choices: in range, different for each seed, and not lopsided.
#include "base/prng.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>

namespace heddle::detail {
namespace {

TEST(prng, stays_below_its_bound_and_reaches_every_number) {
  prng random(1);
  for (const std::uint32_t bound : {1U, 2U, 3U, 7U, 64U, 1024U}) {
    std::set<std::uint32_t> seen;
    for (std::uint32_t n = 0; n < 20 * bound; ++n) {
      const std::uint32_t one = random.below(bound);
      ASSERT_LT(one, bound);
      seen.insert(one);
    }
    EXPECT_EQ(seen.size(), bound);
  }
}

TEST(prng, seeds_that_are_neighbours_give_different_numbers) {
  std::set<std::uint64_t> first;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) first.insert(prng(seed).next());
  EXPECT_GT(first.size(), 990U);
}

TEST(prng, prefers_no_number) {
  constexpr std::uint32_t bound = 5;
  constexpr int draws = 100'000;
  std::array<int, bound> count{};
  prng random(42);
  for (int n = 0; n < draws; ++n) ++count[random.below(bound)];
  for (const int each : count) EXPECT_NEAR(each, draws / static_cast<int>(bound), 1'000);
}

}  // namespace
}  // namespace heddle::detail
