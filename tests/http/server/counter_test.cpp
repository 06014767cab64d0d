// SPDX-License-Identifier: MIT
// No count is lost, with fewer threads than parts and with more.
#include "server/counter.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <thread>
#include <vector>

namespace heddle::http::detail {
namespace {

TEST(spread_counter, loses_nothing_of_many_threads) {
  constexpr std::uint64_t each = 10'000;
  for (const std::uint64_t threads : {1U, 4U, 50U}) {
    spread_counter all;
    std::vector<std::jthread> crowd;
    for (std::uint64_t n = 0; n < threads; ++n) {
      crowd.emplace_back([&all] {
        for (std::uint64_t count = 0; count < each; ++count) all.add();
      });
    }
    crowd.clear();
    EXPECT_EQ(all.value(), threads * each);
  }
}

}  // namespace
}  // namespace heddle::http::detail
