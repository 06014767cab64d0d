// SPDX-License-Identifier: MIT
// The global queue: order of arrival, batches, and a size that parking can rely on.
#include "sched/inject.hpp"

#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace heddle::detail {
namespace {

std::vector<job> jobs(std::size_t count) { return std::vector<job>(count, job(job::kind::task)); }

TEST(inject_queue, gives_jobs_in_order_of_arrival_in_batches) {
  inject_queue queue;
  auto all = jobs(10);
  for (job& each : all) queue.push(each);
  EXPECT_EQ(queue.size(), 10U);
  job_list taken;
  EXPECT_EQ(queue.take(4, taken), 4U);
  EXPECT_EQ(queue.size(), 6U);
  EXPECT_EQ(queue.take(100, taken), 6U);
  EXPECT_TRUE(queue.empty_seq_cst());
  for (job& each : all) EXPECT_EQ(taken.pop(), &each);
  EXPECT_EQ(taken.pop(), nullptr);
  EXPECT_EQ(queue.take(1, taken), 0U);
}

TEST(inject_queue, loses_and_doubles_nothing_among_many_threads) {
  constexpr std::size_t each_pushes = test::rounds(std::size_t{100'000});
  inject_queue queue;
  std::vector<job> all = jobs(2 * each_pushes);
  std::atomic<std::size_t> taken{0};
  std::vector<std::thread> threads;
  for (std::size_t half = 0; half < 2; ++half) {
    threads.emplace_back([&, half] {
      for (std::size_t n = 0; n < each_pushes; ++n) queue.push(all[half * each_pushes + n]);
    });
    threads.emplace_back([&] {
      while (taken < all.size()) {
        job_list batch;
        taken += queue.take(32, batch);
        for (job* one = batch.pop(); one != nullptr; one = batch.pop()) {
          EXPECT_FALSE(std::exchange(one->stolen, true)) << "taken twice";
        }
      }
    });
  }
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(taken, all.size());
  for (const job& each : all) EXPECT_TRUE(each.stolen);
}

}  // namespace
}  // namespace heddle::detail
