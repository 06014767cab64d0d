// SPDX-License-Identifier: MIT
// How soon a cancellation is heard beside ten thousand parked fibers, whatever the victim waits in,
// and how soon a scope of ten thousand is gone, in CPU time.
#include <heddle/runtime.hpp>

#include "runtime/support/cancel_latency.hpp"
#include "runtime/support/loops.hpp"
#include "runtime/support/process_counts.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <functional>

#include <sys/eventfd.h>
#include <unistd.h>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::park_for_ever;
using test::with_loops;

constexpr int crowd = test::rounds(10'000);

struct operation {
  const char* name;
  std::function<void()> wait;
};

TEST(cancel_latency, reaches_any_parked_operation_within_a_millisecond_beside_ten_thousand) {
  for (const unsigned loops : {1U, 2U}) {
    run(with_loops(loops), [loops] {
      const int never_written = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
      ASSERT_GE(never_written, 0);
      test::gate closed;
      auto unending = spawn([] { park_for_ever(); });
      const std::array<operation, 7> operations{{
          {"a queue", [] { park_for_ever(); }},
          {"a gate of many", [&] { closed.wait(); }},
          {"a sleep", [] { this_fiber::sleep_for(1h); }},
          {"a descriptor", [&] { wait_readable(never_written); }},
          {"a join", [&] { unending.join(); }},
          {"a group",
           [] {
             task_group group;
             group.spawn([] { park_for_ever(); });
             group.join();
           }},
          {"a time-out's body", [] { with_timeout(1h, [] { park_for_ever(); }); }},
      }};
      task_group fibers;
      std::atomic<int> parked{0};
      for (int n = 0; n < crowd; ++n) {
        fibers.spawn([&, n] {
          ++parked;
          if (n % 4 == 0) closed.wait();
          if (n % 4 == 1) this_fiber::sleep_for(1h);
          if (n % 4 == 2) with_timeout(2h, [] { park_for_ever(); });
          if (n % 4 == 3) park_for_ever();
        });
      }
      test::yield_until([&] { return parked == crowd; });
      std::printf("%u loops\n", loops);
      for (const operation& each : operations) {
        for (const auto by : {test::canceller::fiber, test::canceller::thread}) {
          test::expect_heard_soon(each.name, each.wait, by);
        }
      }
      unending.cancel();
      EXPECT_THROW(unending.join(), task_cancelled);
      fibers.cancel();
      fibers.join();
      ::close(never_written);
    });
  }
}

#if defined(HEDDLE_COVERAGE)
constexpr std::chrono::nanoseconds limit = 300ms;  // it counts each line that it runs
#else
constexpr std::chrono::nanoseconds limit = 100ms;
#endif

TEST(cancel_latency, a_scope_of_ten_thousand_fibers_is_gone_within_a_hundred_milliseconds) {
  for (const unsigned loops : {1U, 2U}) {
    run(with_loops(loops), [loops] {
      std::chrono::nanoseconds best = 1h;
      std::chrono::nanoseconds best_cpu = 1h;
      for (int round = 0; round < 5; ++round) {
        std::atomic<int> parked{0};
        std::atomic<int> ended{0};
        clock::time_point asked{};
        std::chrono::nanoseconds spent_before{};
        cancel_scope scope;
        EXPECT_FALSE(scope.run([&] {
          task_group group;
          for (int n = 0; n < crowd; ++n) {
            group.spawn([&] {
              ++parked;
              try {
                park_for_ever();
              } catch (const cancelled&) {
                ++ended;
                throw;
              }
            });
          }
          test::yield_until([&] { return parked == crowd; });
          for (int turn = 0; turn < 10; ++turn) this_fiber::yield();
          asked = clock::now();
          spent_before = test::cpu_time();
          scope.cancel();
          group.join();
        }));
        best_cpu = std::min<std::chrono::nanoseconds>(best_cpu, test::cpu_time() - spent_before);
        best = std::min<std::chrono::nanoseconds>(best, clock::now() - asked);
        EXPECT_EQ(ended, crowd);
      }
      const auto in_ms = [](std::chrono::nanoseconds time) {
        return std::chrono::duration<double, std::milli>(time).count();
      };
      std::printf("%u loops: a scope of %d fibers was gone after %.1f ms, %.1f ms of CPU time\n",
                  loops, crowd, in_ms(best), in_ms(best_cpu));
      EXPECT_LT(best_cpu, limit) << "elapsed time is longer where others want the cores, too";
    });
  }
}

}  // namespace
}  // namespace heddle
