// SPDX-License-Identifier: MIT
// The numbers of primes below powers of ten are known.
#include "primes.hpp"

#include <gtest/gtest.h>

namespace lab {
namespace {

TEST(primes, as_many_are_found_as_there_are) {
  EXPECT_EQ(count_primes({0, 10}), 4U);
  EXPECT_EQ(count_primes({0, 100}), 25U);
  EXPECT_EQ(count_primes({0, 10'000}), 1229U);
  EXPECT_EQ(count_primes({7, 8}), 1U);
  EXPECT_EQ(count_primes({8, 8}), 0U);
}

TEST(primes, the_pieces_are_all_numbers_each_once) {
  for (const unsigned pieces : {1U, 3U, 64U}) {
    const prime_job job{.below = 1000, .pieces = pieces};
    std::uint32_t end = 0;
    for (unsigned n = 0; n < pieces; ++n) {
      EXPECT_EQ(piece_of(job, n).from, end);
      end = piece_of(job, n).to;
    }
    EXPECT_EQ(end, job.below);
  }
}

TEST(primes, who_wants_to_be_asked_now_and_then_is) {
  unsigned asked = 0;
  EXPECT_EQ(count_primes({0, 10'000}, [&] { ++asked; }), 1229U);
  EXPECT_GE(asked, 10U);
}

}  // namespace
}  // namespace lab
