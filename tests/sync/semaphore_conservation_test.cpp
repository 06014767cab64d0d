// SPDX-License-Identifier: MIT
// However waits end, and whoever waits: permits are neither lost nor doubled.
#include <heddle/runtime.hpp>
#include <heddle/sync/semaphore.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/random.hpp"
#include "runtime/support/sanitized.hpp"
#include "sync/support/crowd.hpp"
#include "sync/support/passing_time.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace heddle::sync {
namespace {

using namespace std::chrono_literals;
using test::random_numbers;
using test::with_loops;

constexpr std::ptrdiff_t all_permits = 5;

/// Counts who holds, and how many there ever were at once.
struct holders {
  void enter(std::ptrdiff_t n) {
    if (now.fetch_add(n) + n > all_permits) too_many = true;
  }
  void leave(std::ptrdiff_t n) { now.fetch_sub(n); }

  std::atomic<std::ptrdiff_t> now{0};
  std::atomic<bool> too_many{false};
};

void take_some(semaphore& permits, holders& all, random_numbers& random) {
  const std::ptrdiff_t n = 1 + random.below(3);
  permit held;
  switch (random.below(3)) {
    case 0:
      held = permit(permits, n);
      break;
    case 1:
      held = permit::acquire_for(permits, std::chrono::microseconds(random.below(200)), n);
      break;
    default:
      held = permit::try_acquire(permits, n);
  }
  if (!held) return;
  all.enter(n);
  if (random.once_in(4) && this_fiber::exists()) {
    try {
      this_fiber::yield();
      test::let_time_pass(random);
    } catch (...) {
      all.leave(n);
      throw;
    }
  }
  test::spin(random.below(500));
  all.leave(n);
}

TEST(semaphore, loses_no_permit_to_cancels_and_time_outs_in_two_runtimes_and_threads) {
  constexpr int rounds = test::rounds(2'000);
  semaphore permits(all_permits, all_permits);
  holders all;
  const auto churn = [&](std::uint64_t stream) {
    random_numbers random(stream);
    for (int round = 0; round < rounds; ++round) {
      std::vector<task<void>> children;
      for (std::uint64_t n = 0; n < 4; ++n) {
        children.push_back(spawn([&, seed = stream * 1'000'003 + std::uint64_t(round) * 4 + n] {
          random_numbers mine(seed);
          take_some(permits, all, mine);
        }));
      }
      if (random.once_in(2)) this_fiber::yield();
      for (auto& each : children) {
        if (random.once_in(3)) each.cancel();
      }
      for (auto& each : children) {
        try {
          each.join();
        } catch (const task_cancelled&) {
        }
      }
    }
  };
  test::crowd takers;
  for (std::uint64_t stream = 1; stream < 4; ++stream) {
    takers.add_fiber([&, stream] { churn(stream); });
  }
  for (std::uint64_t stream = 4; stream < 6; ++stream) {
    takers.add_thread([&, stream] {
      random_numbers random(stream);
      for (int round = 0; round < rounds; ++round) take_some(permits, all, random);
    });
  }
  takers.meet();
  EXPECT_FALSE(all.too_many) << "more holders than permits";
  EXPECT_EQ(all.now, 0);
  EXPECT_EQ(permits.available(), all_permits);
}

TEST(semaphore, hands_over_between_threads_and_fibers_of_two_runtimes) {
  constexpr int rounds = test::rounds(5'000);
  semaphore a(0);
  semaphore b(0);
  semaphore c(0);
  const auto pass_on = [&](semaphore& from, semaphore& to) {
    return [&] {
      for (int round = 0; round < rounds; ++round) {
        from.acquire();
        to.release();
      }
    };
  };
  test::crowd ring;
  ring.add_thread(pass_on(a, b));
  ring.add_fiber(pass_on(b, c));
  ring.add_fiber([&] {
    for (int round = 0; round < rounds; ++round) {
      a.release();
      c.acquire();
    }
  });
  ring.meet();
  EXPECT_EQ(a.available() + b.available() + c.available(), 0);
}

}  // namespace
}  // namespace heddle::sync
