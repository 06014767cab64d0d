// SPDX-License-Identifier: MIT
// The totals of a runtime's counters.
#include <heddle/runtime/stats.hpp>

#include <gtest/gtest.h>

#include <array>
#include <bit>

using heddle::loop_stats;
using heddle::runtime_stats;

namespace {

// All counters as numbers in a row, so that a new one cannot be forgotten here.
using numbers = std::array<std::uint64_t, sizeof(loop_stats) / sizeof(std::uint64_t)>;

}  // namespace

TEST(stats, no_loops_sum_up_to_nothing) {
  EXPECT_EQ(std::bit_cast<numbers>(runtime_stats{}.total()), numbers{});
}

TEST(stats, every_counter_is_summed_over_all_loops) {
  runtime_stats stats;
  for (std::uint64_t loop = 1; loop <= 3; ++loop) {
    numbers values{};
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = loop * (i + 1);
    stats.loops.push_back(std::bit_cast<loop_stats>(values));
  }
  const auto sums = std::bit_cast<numbers>(stats.total());
  for (std::size_t i = 0; i < sums.size(); ++i) EXPECT_EQ(sums[i], 6 * (i + 1)) << "counter " << i;
}
