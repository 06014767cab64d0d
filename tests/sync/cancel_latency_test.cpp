// SPDX-License-Identifier: MIT
// How soon a cancellation is heard in a wait of each primitive, beside ten thousand fibers that
// wait in the same ones. Not here: waits of the runtime itself
// (tests/runtime/scope/cancel_latency_test.cpp).
#include <heddle/runtime.hpp>
#include <heddle/sync.hpp>

#include "runtime/support/cancel_latency.hpp"
#include "runtime/support/loops.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <mutex>
#include <vector>

namespace heddle::sync {
namespace {

using test::with_loops;

constexpr int crowd = test::rounds(10'000);

/// One of each kind, in which every wait lasts until it is cancelled.
struct primitives {
  channel<int> values{0};
  queue<int> items{1};
  event never;
  gate closed;
  semaphore permits{0};
  latch left{1};
  barrier<> meeting{2 * crowd};
  mutex lock;
  condition_variable changed;
  mutex held;
  shared_mutex held_alone;

  struct wait {
    const char* name;
    std::function<void()> call;
  };
  std::vector<wait> waits() {
    return {
        {"a receive", [this] { values.receive(); }},
        {"a select", [this] { select(on_receive(values, [](auto&&) {}), on_event(never, [] {})); }},
        {"a queue", [this] { items.get(); }},
        {"an event", [this] { never.wait(); }},
        {"a gate", [this] { closed.wait(); }},
        {"a semaphore", [this] { permits.acquire(); }},
        {"a latch", [this] { left.wait(); }},
        {"a barrier", [this] { meeting.arrive_and_wait(); }},
        {"a condition variable",
         [this] {
           std::unique_lock mine(lock);
           changed.wait(mine);
         }},
        {"a mutex", [this] { held.lock(); }},
        {"a shared mutex", [this] { held_alone.lock_shared(); }}};
  }
};

TEST(cancel_latency, reaches_a_wait_in_any_primitive_within_a_millisecond_beside_ten_thousand) {
  for (const unsigned loops : {1U, 2U}) {
    run(with_loops(loops), [loops] {
      primitives all;
      const std::vector<primitives::wait> waits = all.waits();
      const std::lock_guard holds(all.held);
      const std::lock_guard holds_alone(all.held_alone);
      task_group fibers;
      std::atomic<int> parked{0};
      for (std::size_t n = 0; n < crowd; ++n) {
        fibers.spawn([&, n] {
          ++parked;
          waits[n % waits.size()].call();
        });
      }
      test::yield_until([&] { return parked == crowd; });
      std::printf("%u loops\n", loops);
      for (const primitives::wait& each : waits) {
        test::expect_heard_soon(each.name, each.call, test::canceller::fiber);
      }
      fibers.cancel();
      fibers.join();
    });
  }
}

}  // namespace
}  // namespace heddle::sync
