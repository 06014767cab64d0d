// SPDX-License-Identifier: MIT
// However the job is done, the answer is the same: 1229 primes below 10,000.
#include "ways.hpp"

#include <heddle/runtime/runtime.hpp>

#include <gtest/gtest.h>

namespace lab {
namespace {

constexpr std::uint64_t primes = 1229;
constexpr unsigned pieces = 16;

heddle::config with(unsigned loops, unsigned cpu_threads = 2) {
  heddle::config made;
  made.loops = loops;
  made.cpu_threads = cpu_threads;
  return made;
}

/// Pieces that only compute, and pieces that wait first.
class ways : public testing::TestWithParam<int> {
 protected:
  const prime_job& job() const { return job_; }

 private:
  prime_job job_{.below = 10'000, .pieces = pieces, .wait = std::chrono::milliseconds(GetParam())};
};

INSTANTIATE_TEST_SUITE_P(computing_and_mixed, ways, testing::Values(0, 1));

TEST_P(ways, one_after_another) { EXPECT_EQ(one_after_another(job()), primes); }

TEST_P(ways, fibers_on_one_loop_and_on_three) {
  for (const unsigned loops : {1U, 3U}) {
    EXPECT_EQ(heddle::run(with(loops), [&] { return with_fibers(job()); }), primes);
  }
}

TEST_P(ways, few_fibers_at_a_time) {
  EXPECT_EQ(heddle::run(with(2), [&] { return with_few_fibers(job(), 1); }), primes);
  EXPECT_EQ(heddle::run(with(2), [&] { return with_few_fibers(job(), 5); }), primes);
}

TEST_P(ways, the_pool_from_one_loop) {
  for (const unsigned threads : {1U, 2U, 4U}) {
    EXPECT_EQ(heddle::run(with(1, threads), [&] { return with_cpu_pool(job()); }), primes);
  }
}

TEST_P(ways, threads_under_a_lock) {
  global_lock lock;
  EXPECT_EQ(with_lock(job(), 1, lock), primes);
  EXPECT_EQ(with_lock(job(), 4, lock), primes);
}

TEST_P(ways, a_thread_for_each_piece) { EXPECT_EQ(with_thread_each(job()), primes); }

}  // namespace
}  // namespace lab
