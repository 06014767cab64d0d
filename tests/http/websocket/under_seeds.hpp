// SPDX-License-Identifier: MIT
// Runs a case in simulations: virtual time, and another schedule for each seed.
#pragma once

#include <heddle/testing/simulation.hpp>

#include <gtest/gtest.h>

#include <cstdint>

namespace heddle::test {

template <class F>
void under_seeds(F body, std::uint64_t seeds = 10) {
  for (std::uint64_t seed = 1; seed <= seeds && !::testing::Test::HasFailure(); ++seed) {
    testing::simulation simulated(seed);
    simulated.run(body);
    EXPECT_FALSE(::testing::Test::HasFailure()) << "seed " << seed;
  }
}

}  // namespace heddle::test
