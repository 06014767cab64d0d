// SPDX-License-Identifier: MIT
// Every allocation of a runtime's life fails once, one in each round: starting, spawning, growing,
// timers, descriptors, stopping. Who asked gets std::bad_alloc or resource_exhausted, or what was
// asked for is done without; no thread or descriptor is left behind and nothing hangs. The
// program's own operator new, and the library's malloc by the linker (--wrap), fail on demand.
#include <heddle/runtime.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/process_counts.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <vector>

#include <unistd.h>

namespace {

/// How many allocations are still to succeed; negative: all.
std::atomic<long> left_to_succeed{-1};

bool must_fail() noexcept {
  if (left_to_succeed.load(std::memory_order_relaxed) < 0) return false;
  return left_to_succeed.fetch_sub(1, std::memory_order_relaxed) == 0;
}

void* allocate(std::size_t bytes, std::size_t alignment) noexcept {
  if (must_fail()) return nullptr;
  return alignment <= alignof(std::max_align_t)
             ? std::malloc(bytes)
             : std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}

void* allocate_or_throw(std::size_t bytes, std::size_t alignment) {
  void* const block = allocate(bytes, alignment);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

}  // namespace

void* operator new(std::size_t bytes) { return allocate_or_throw(bytes, 1); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return allocate_or_throw(bytes, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return allocate(bytes, 1); }
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
void operator delete(void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { std::free(block); }
void operator delete(void* block, const std::nothrow_t&) noexcept { std::free(block); }

// NOLINTBEGIN(bugprone-reserved-identifier): what the linker calls them
extern "C" {
void* __real_malloc(std::size_t bytes) noexcept;
void* __wrap_malloc(std::size_t bytes) noexcept {
  return must_fail() ? nullptr : __real_malloc(bytes);
}
}
// NOLINTEND(bugprone-reserved-identifier)

namespace heddle {
namespace {

using namespace std::chrono_literals;

/// Fails allocation after allocation of `scenario` until it has no more.
template <class Scenario>
void fail_each_allocation(Scenario scenario) {
  scenario();  // what is allocated once in a process
  const test::process_counts before = test::process_counts::now();
  constexpr long most = 20'000;
  int told = 0;
  for (long n = 0; n < most; ++n) {
    left_to_succeed = n;
    const auto end = [] { return left_to_succeed.exchange(-1) < 0; };
    try {
      scenario();
    } catch (const std::bad_alloc&) {
      ++told;
    } catch (const resource_exhausted&) {
      ++told;
    }
    if (!end()) {
      EXPECT_GT(told, 0) << "of " << n;
      std::printf("%ld allocations failed, %d were told of\n", n, told);
      const test::process_counts after = test::process_counts::now();
      EXPECT_EQ(after.threads, before.threads);
      EXPECT_EQ(after.descriptors, before.descriptors);
      return;
    }
  }
  FAIL() << "more than " << most << " allocations";
}

TEST(allocation, of_a_runtime_that_starts_and_stops) {
  fail_each_allocation([] { const runtime home(test::with_loops(3)); });
}

TEST(allocation, of_a_run_on_the_calling_thread) {
  fail_each_allocation([] { EXPECT_EQ(run(test::with_loops(1), [] { return 7; }), 7); });
}

TEST(allocation, of_tasks_that_wait_and_are_named_and_fill_the_queues) {
  fail_each_allocation([] {
    runtime home(test::with_loops(2));
    home.run([] {
      // More than the queues begin with.
      std::vector<task<int>> all;
      all.reserve(700);
      for (int n = 0; n < 600; ++n) all.push_back(spawn([n] { return n; }));
      for (int n = 0; n < 100; ++n) {
        all.push_back(spawn({.name = "a name that is too long to be kept without memory"}, [n] {
          this_fiber::yield();
          this_fiber::sleep_for(10us);
          return 600 + n;
        }));
      }
      int expected = 0;
      for (auto& each : all) EXPECT_EQ(each.join(), expected++);
    });
  });
}

TEST(allocation, of_generators_and_of_the_variables_of_tasks) {
  fail_each_allocation([] {
    run(test::with_loops(1), [] {
      fiber_local<std::vector<int>> own;
      context_var<int> inherited;
      own->push_back(1);
      const context_var<int>::scoped outer(inherited, 2);
      auto undo = inherited.set(3);
      std::vector<task<int>> tasks;
      tasks.reserve(2);
      for (int n = 0; n < 2; ++n) {
        tasks.push_back(spawn([&] {
          const context_var<int>::scoped inner(inherited, 4);
          own->push_back(5);
          return static_cast<int>(own->size());
        }));
      }
      generator<int> numbers([&](auto& yield) {
        for (const int each : as_completed(std::move(tasks))) yield(each + inherited.get());
      });
      int sum = 0;
      for (const int each : numbers) sum += each;
      EXPECT_EQ(sum, 8);
      inherited.reset(undo);
      EXPECT_EQ(inherited.get(), 2);
    });
  });
}

TEST(allocation, of_the_report_of_an_error_that_nobody_joins) {
  fail_each_allocation([] {
    config settings = test::with_loops(1);
    bool reported = false;
    settings.on_unhandled = [&reported](const unhandled_error& error) {
      reported = error.error != nullptr;
    };
    run(settings, [] {
      const auto dropped =
          spawn({.name = "a name that is too long to be kept without memory"}, [] { throw 1; });
      this_fiber::yield();
    });
    EXPECT_TRUE(reported);
  });
}

TEST(allocation, of_waits_for_descriptors) {
  fail_each_allocation([] {
    runtime home(test::with_loops(1));
    home.run([] {
      std::array<int, 2> ends{};
      ASSERT_EQ(::pipe(ends.data()), 0);
      struct closer {
        std::array<int, 2>& both;
        ~closer() {
          for (const int each : both) ::close(each);
        }
      } const at_end{ends};
      auto writer = spawn([&] { EXPECT_EQ(::write(ends[1], "x", 1), 1); });
      EXPECT_TRUE(wait_readable(ends[0], deadline::after(10s)));
      writer.join();
    });
  });
}

}  // namespace
}  // namespace heddle
