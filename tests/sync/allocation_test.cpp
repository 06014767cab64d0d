// SPDX-License-Identifier: MIT
// What waits in sync allocates nothing: neither a message, nor a wait, nor a select of a fixed
// number of cases. A program of its own: it counts by its own operator new.
#include <heddle/runtime.hpp>
#include <heddle/sync/channel.hpp>
#include <heddle/sync/event.hpp>
#include <heddle/sync/select.hpp>

#include "runtime/support/loops.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace {
std::atomic<long> allocations{0};
}

void* operator new(std::size_t bytes) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* const block = std::malloc(bytes)) return block;
  throw std::bad_alloc();
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }

namespace heddle::sync {
namespace {

using namespace std::chrono_literals;

/// Returns how many allocations `body` makes when it is called for the second time.
template <class Body>
long allocations_of(Body body) {
  body();
  const long before = allocations;
  body();
  return allocations - before;
}

TEST(sync_allocation, none_for_messages_that_wait_and_messages_that_do_not) {
  run(test::with_loops(1), [] {
    for (const std::size_t capacity : {0U, 4U}) {
      channel<int> there(capacity);
      channel<int> back(capacity);
      auto other = spawn([&] {
        while (const auto n = there.receive()) back.send(*n);
      });
      EXPECT_EQ(allocations_of([&] {
                  for (int n = 0; n < 1'000; ++n) {
                    there.send(n);
                    EXPECT_EQ(back.receive(), n);
                  }
                  EXPECT_FALSE(back.receive_for(1us).has_value());
                }),
                0);
      there.close();
      other.join();
    }
  });
}

TEST(sync_allocation, none_for_a_select) {
  run(test::with_loops(1), [] {
    channel<int> there(0);
    channel<int> back(0);
    event never;
    auto other = spawn([&] {
      while (const auto n = there.receive()) back.send(*n);
    });
    EXPECT_EQ(allocations_of([&] {
                for (int n = 0; n < 1'000; ++n) {
                  select(on_send(there, n, [] {}), on_event(never, [] {}));
                  select(on_receive(back, [](auto) {}), on_join(other, [] {}),
                         on_timeout(10s, [] {}));
                }
                select(on_receive(back, [](auto) {}), on_timeout(1us, [] {}));
              }),
              0);
    there.close();
    other.join();
  });
}

}  // namespace
}  // namespace heddle::sync
