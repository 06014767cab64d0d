// SPDX-License-Identifier: MIT
// How soon a cancellation is heard beside ten thousand parked fibers, whatever the victim waits in,
// and that the end of a scope of ten thousand costs what their exceptions do.
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

struct woken {};

void wait_then_throw(test::gate& closed, std::atomic<int>& ended) {
  try {
    closed.wait();
    throw woken{};
  } catch (...) {
    ++ended;
    throw;
  }
}

enum class ended_by : std::uint8_t { a_gate, a_cancellation };

/// The CPU time from the call that ends a crowd of parked fibers, each by an exception that it
/// catches and throws on, to the end of their group.
std::chrono::nanoseconds price_of_an_end(ended_by how) {
  std::atomic<int> parked{0};
  std::atomic<int> ended{0};
  std::chrono::nanoseconds before{};
  test::gate closed;
  cancel_scope scope;
  const bool whole = scope.run([&] {
    task_group group;
    for (int n = 0; n < crowd; ++n) {
      group.spawn([&] {
        try {
          ++parked;
          wait_then_throw(closed, ended);
        } catch (const woken&) {
        }
      });
    }
    test::yield_until([&] { return parked == crowd; });
    for (int turn = 0; turn < 10; ++turn) this_fiber::yield();
    before = test::cpu_time();
    how == ended_by::a_gate ? closed.open() : scope.cancel();
    group.join();
  });
  EXPECT_EQ(whole, how == ended_by::a_gate);
  EXPECT_EQ(ended, crowd);
  return test::cpu_time() - before;
}

TEST(cancel_latency, a_scope_of_ten_thousand_fibers_ends_at_the_price_of_their_exceptions) {
  for (const unsigned loops : {1U, 2U}) {
    run(with_loops(loops), [loops] {
      std::chrono::nanoseconds by_gate = 1h;
      std::chrono::nanoseconds by_cancellation = 1h;
      for (int round = 0; round < 5; ++round) {
        by_gate = std::min(by_gate, price_of_an_end(ended_by::a_gate));
        by_cancellation = std::min(by_cancellation, price_of_an_end(ended_by::a_cancellation));
      }
      const auto in_ms = [](std::chrono::nanoseconds time) {
        return std::chrono::duration<double, std::milli>(time).count();
      };
      std::printf(
          "%u loops: a crowd of %d that was cancelled was gone after %.1f ms of CPU time, "
          "one that was woken and threw after %.1f ms\n",
          loops, crowd, in_ms(by_cancellation), in_ms(by_gate));
      EXPECT_LT(by_cancellation, 3 * by_gate);
    });
  }
}

}  // namespace
}  // namespace heddle
